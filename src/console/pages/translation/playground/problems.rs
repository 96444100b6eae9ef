//! The problems of all columns, in one list below the update.

use maud::{Markup, html};

use crate::admin::documents::translation::{FieldProblem, FieldProblems};
use crate::console::parts::{self, Tone};

/// The list; a word that there are none if it is empty.
pub(super) fn list(problems: &[FieldProblems]) -> Markup {
    html! {
        h2 { "Problems" }
        @if problems.is_empty() { p { (parts::badge(Tone::Good, "none")) } }
        @for field in problems {
            div.problem {
                h3 { @if field.field.is_empty() { "the whole update" } @else { code { (field.field) } } }
                ul.plain-list {
                    @for problem in &field.problems {
                        li {
                            (parts::badge(Tone::Bad, "refused")) " by " b { (problem.at.join(", ")) } ": "
                            @if is_inside(problem, field) { code { (problem.pointer) } " " }
                            (parts::code_spans(&problem.detail)) " " span.quiet-text { "(" (problem.code) ")" }
                            @if let (Some(line), Some(column)) = (problem.line, problem.column) {
                                " " (caret(line, column))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a problem is not with the field as a whole.
fn is_inside(problem: &FieldProblem, field: &FieldProblems) -> bool {
    problem.pointer.strip_prefix("#/") != Some(&field.field)
}

/// A link to a place of the update, where script puts the caret.
pub(super) fn caret(line: usize, column: usize) -> Markup {
    html! { a href="#update" data-caret={ (line) ":" (column) } { "line " (line) ", column " (column) } }
}

#[cfg(test)]
mod tests {
    use crate::console::pages::translation::playground::problems::*;

    #[test]
    fn a_problem_says_who_refuses_what_where_and_nothing_of_it_is_markup() {
        let problem = |pointer: &str, detail: &str| FieldProblem {
            pointer: pointer.to_owned(),
            line: Some(3),
            column: Some(12),
            code: "unsupported_value",
            detail: detail.to_owned(),
            at: vec!["sondos".to_owned(), "<i>".to_owned()],
        };
        let problems = vec![problem("#/mode", "send `pipeline`"), problem("#/mode/x", "<script>alert(1)</script>")];
        let shown = list(&[FieldProblems { field: "mode".to_owned(), problems }]).into_string();
        for part in [
            "<b>sondos, &lt;i&gt;</b>: send <code>pipeline</code>",
            "<code>#/mode/x</code> &lt;script&gt;",
            r##"<a href="#update" data-caret="3:12">line 3, column 12</a>"##,
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("<script>") && !shown.contains("<code>#/mode</code>"), "{shown}");
        assert!(list(&[]).into_string().contains("none"));
    }
}
