//! Where in a text a pointer leads.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use vendors::Update;
use vendors::json::{Kind, Limits, Value, read_value};

/// Line and column, from 1; columns are counted in characters.
pub(super) type Place = (usize, usize);

/// Where the value at a pointer begins, or what is around it if it is missing.
pub(super) fn place(text: &str, pointer: &str) -> Option<Place> {
    let root = read_value(text.as_bytes(), Limits::VENDOR).ok()?;
    let mut value = root;
    for step in pointer.strip_prefix('#')?.split('/').skip(1) {
        let Some(inner) = step_into(value, step) else { break };
        value = inner;
    }
    // Both are slices of the same text.
    let offset = (value.text().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(place_at(text, offset))
}

/// Where a text stops being an update, and why; `None` if it is one.
pub(crate) fn place_of_error(text: &str) -> Option<(Place, String)> {
    let error = Update::read(text.as_bytes()).err()?;
    let start = text.split_inclusive('\n').take(error.line - 1).map(str::len).sum::<usize>();
    let (line, column) = place_at(text, start + error.column - 1);
    Some(((line, column), error.to_string()))
}

fn step_into<'a>(value: Value<'a>, step: &str) -> Option<Value<'a>> {
    let step = percent_decode_str(step).decode_utf8_lossy();
    let step: Cow<'_, str> = if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step };
    match value.kind() {
        Kind::Object => value.get(&step),
        Kind::Array => value.elements().nth(step.parse().ok()?),
        _ => None,
    }
}

fn place_at(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::translation::places::*;

    #[test]
    fn a_pointer_leads_to_its_value_or_to_what_is_around_it() {
        let text = "{\n  \"a/b\": [1,\n    {\"ü\": \"é\", \"x\": 2}],\n  \"~\": 3\n}";
        for (pointer, at) in [
            ("#", (1, 1)),
            ("#/a~1b", (2, 10)),
            ("#/a~1b/0", (2, 11)),
            ("#/a~1b/1/x", (3, 21)),
            ("#/a~1b/1/%C3%BC", (3, 11)),
            ("#/a~1b/1/missing", (3, 5)),
            ("#/a~1b/9", (2, 10)),
            ("#/~0", (4, 8)),
            ("#/nothing/at/all", (1, 1)),
        ] {
            assert_eq!(place(text, pointer), Some(at), "{pointer}");
        }
        assert_eq!(place("{", "#"), None);
    }

    #[test]
    fn a_text_that_is_no_update_says_where() {
        assert_eq!(place_of_error("{}"), None);
        let ((line, column), why) = place_of_error("{\n  \"ü\": 01}").unwrap();
        assert_eq!((line, column), (2, 9), "{why}");
        assert!(why.contains("not a JSON number"), "{why}");
        assert_eq!(place_of_error("").unwrap().0, (1, 1));
    }
}
