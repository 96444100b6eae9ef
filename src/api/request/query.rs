//! The query of an update: `dry_run` is its only parameter.

use crate::problem::{Code, Problem};

/// Whether the query of a request target, without the `?`, asks for a dry run.
///
/// # Errors
/// There is another parameter, another value or a repetition.
pub fn dry_run(query: Option<&str>) -> Result<bool, Problem> {
    let invalid = |detail: String| Err(Problem::new(Code::InvalidRequest, detail));
    let mut dry_run = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name != "dry_run" {
            let name: String = name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            return invalid(format!("the query parameter `{name}` is unknown; only `dry_run` is known"));
        }
        let Ok(value) = value.parse() else {
            return invalid("the query parameter `dry_run` must be `true` or `false`".to_owned());
        };
        if dry_run.replace(value).is_some() {
            return invalid("the query parameter `dry_run` must not be repeated".to_owned());
        }
    }
    Ok(dry_run.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::api::request::query::*;

    fn read(query: &str) -> Result<bool, String> {
        dry_run(Some(query)).map_err(|problem| problem.detail)
    }

    #[test]
    fn dry_run_is_true_or_false() {
        assert!(!dry_run(None).unwrap());
        assert_eq!(read(""), Ok(false));
        assert_eq!(read("dry_run=true"), Ok(true));
        assert_eq!(read("dry_run=false&"), Ok(false));
        assert_eq!(read("dry%5Frun=%74rue"), Ok(true));
    }

    #[test]
    fn other_values_are_rejected() {
        for bad in [
            "dry_run",
            "dry_run=",
            "dry_run=1",
            "dry_run=True",
            "dry_run=true=true",
            "dry_run=%2574rue",
            "dry_run=true%00",
        ] {
            assert_eq!(read(bad).unwrap_err(), "the query parameter `dry_run` must be `true` or `false`", "{bad}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let unknown = |name: &str| Err(format!("the query parameter `{name}` is unknown; only `dry_run` is known"));
        assert_eq!(read("dryrun=true"), unknown("dryrun"));
        assert_eq!(read("dry_run=true&x%0A=1"), unknown("x\u{fffd}"));
        assert_eq!(read("=1"), unknown(""));
        assert_eq!(read("%ff"), unknown("\u{fffd}"));
        assert_eq!(read(&"a".repeat(9000)), unknown(&"a".repeat(64)));
        let repeated = "the query parameter `dry_run` must not be repeated";
        assert_eq!(read("dry_run=true&dry_run=true").unwrap_err(), repeated);
    }
}
