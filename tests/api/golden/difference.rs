//! The exchanges of a derived vendor, as what differs from those of its base.
//!
//! Exchanges are compared by name and part by part. The vendors' names count as equal, and long lists of field names are
//! compared name by name, so that only what a vendor does differently is seen. Together with the base's own snapshot the
//! differences say everything: hunks have their line numbers, and what has little in common is shown whole.

use std::fmt::Write;

use similar::TextDiff;
use vendors::registry::dialect;

use super::transcript::{Part, Transcript};

/// Lines shown around each difference.
const CONTEXT: usize = 1;
/// Below this ratio of common lines a part is shown whole instead of as a difference.
const LITTLE: f32 = 0.4;

/// What differs in the exchanges of `vendor` from those of `base`.
pub(crate) fn difference(base: (&str, &[Transcript]), vendor: (&str, &[Transcript])) -> String {
    let ((base, theirs), (vendor, own)) = (base, vendor);
    let title = dialect(base).unwrap().title;
    let find = |all: &[Transcript], name: &str| all.iter().position(|exchange| exchange.name == name);
    let (mut equal, mut out) = (Vec::new(), String::new());
    for exchange in own {
        let Some(at) = find(theirs, &exchange.name) else {
            write!(out, "(not played at {title})\n{}", exchange.whole()).unwrap();
            continue;
        };
        match between((base, &theirs[at]), (vendor, exchange)) {
            text if text.is_empty() => equal.push(&*exchange.name),
            text => write!(out, "=== {}\n\n{text}", exchange.name).unwrap(),
        }
    }
    let missing: Vec<_> = theirs.iter().map(|own| &*own.name).filter(|name| find(own, name).is_none()).collect();
    let mut head = String::new();
    for (what, names) in [(format!("As at {title}"), equal), (format!("Played at {title} only"), missing)] {
        if !names.is_empty() {
            writeln!(head, "{what}:\n  {}\n", names.join("\n  ")).unwrap();
        }
    }
    head + &out
}

/// What differs between two exchanges of the same name; nothing if they are equal.
fn between((base, theirs): (&str, &Transcript), (vendor, own): (&str, &Transcript)) -> String {
    let title = dialect(base).unwrap().title;
    let mut out = String::new();
    for part in Part::ALL {
        let heading = heading(part);
        match (theirs.part(part), own.part(part)) {
            (None, None) => {}
            (Some(_), None) => writeln!(out, "{heading}: at {title} only\n").unwrap(),
            (None, Some(text)) => writeln!(out, "(not at {title})\n{text}").unwrap(),
            (Some(theirs), Some(text)) => {
                let (old, new) = (comparable(theirs, base), comparable(text, vendor));
                let difference = TextDiff::from_lines(&old, &new);
                if old == new {
                    continue;
                }
                if difference.ratio() < LITTLE {
                    writeln!(out, "(another than at {title})\n{text}").unwrap();
                } else {
                    writeln!(out, "{heading}:").unwrap();
                    let mut lines = difference.unified_diff();
                    lines.context_radius(CONTEXT).iter_hunks().for_each(|hunk| write!(out, "{hunk}").unwrap());
                    out.push('\n');
                }
            }
        }
    }
    out
}

const fn heading(part: Part) -> &'static str {
    match part {
        Part::Call => "==> what the caller sends",
        Part::Reads => "--> what is read from the vendor",
        Part::VendorRequest => "--> what the vendor gets",
        Part::VendorResponse => "<-- what the vendor answers",
        Part::ReadsAfter => "--> what is read from the vendor afterwards",
        Part::Reply => "<== what the caller gets",
    }
}

/// A part with its vendor's name and title replaced, and with one name a line in lists that are nothing but names.
fn comparable(text: &str, vendor: &str) -> String {
    let text = text.replace(vendor, "[vendor]").replace(dialect(vendor).unwrap().title, "[Vendor]");
    text.lines().map(|line| if is_names(line) { one_a_line(line) } else { format!("{line}\n") }).collect()
}

/// Whether a line holds names of fields and nothing else, as in `"name", "voice_id",`.
fn is_names(line: &str) -> bool {
    let names = line.trim().trim_end_matches(',').split(", ");
    names.map(|name| name.strip_prefix('"').and_then(|name| name.strip_suffix('"'))).all(|name| {
        name.is_some_and(|name| {
            name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'#'))
        })
    })
}

fn one_a_line(line: &str) -> String {
    let names = line.trim().trim_end_matches(',').split(", ");
    names.map(|name| format!("{}{name}\n", &line[..line.len() - line.trim_start().len()])).collect()
}
