//! Lines of a file around a problem, as operators may see them.
//!
//! What is not known to be harmless is left out, because the file is wrong and any line of it may hold a secret: shown are the
//! headers of tables, the keys that the schema has, and numbers, flags, durations and words where all keys of that name take such.

use serde::Serialize;

use crate::config::validate::root;
use crate::config::validate::shape::Kind;
use crate::config::validate::visible::visible_columns;
use crate::value::without_credentials;

/// How much of a text value is shown.
const MAX_TEXT: usize = 40;

/// A line around a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// Its number, from 1.
    pub number: usize,
    /// Its text; `…` stands for what is left out.
    pub text: String,
    /// In the line of the problem: how many characters stand before the marked part, and how many are marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<(usize, usize)>,
}

/// The line without what may be secret.
pub(crate) fn shown(line: &str) -> String {
    let line = line.trim();
    let shown = match line.chars().next() {
        None => return String::new(),
        Some('#') => "# …".to_owned(),
        Some('[') => header(line),
        Some(_) => pair(line),
    };
    let shown = visible_columns(&shown);
    if without_credentials(&shown) == shown { shown } else { "…".to_owned() }
}

/// The header of a table of the schema.
fn header(line: &str) -> String {
    let brackets = if line.starts_with("[[") { ("[[", "]]") } else { ("[", "]") };
    let inner = line.strip_prefix(brackets.0).and_then(|rest| rest.split_once(brackets.1)).map(|(inner, _)| inner);
    let section = |inner: &&str| {
        let first = inner.split('.').next().unwrap_or_default().trim();
        root::SECTION.key(first).is_some()
    };
    match inner.filter(section) {
        Some(inner) => format!("{}{inner}{}", brackets.0, brackets.1),
        None => "[…]".to_owned(),
    }
}

/// A key of the schema, and its value if that is harmless.
fn pair(line: &str) -> String {
    let Some((key, value)) = line.split_once('=') else { return "…".to_owned() };
    let (key, value) = (key.trim(), value.trim());
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let kinds = root::kinds(name);
    if kinds.is_empty() || !(section.is_empty() || root::SECTION.key(section).is_some()) {
        return "…".to_owned();
    }
    match plain(value).filter(|_| kinds.iter().all(|kind| is_harmless(kind))) {
        Some(value) => format!("{key} = {value}"),
        None => format!("{key} = …"),
    }
}

/// Whether values of a kind are never secret.
const fn is_harmless(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Flag
            | Kind::Count { .. }
            | Kind::Ratio { .. }
            | Kind::Duration { .. }
            | Kind::Lifetime { .. }
            | Kind::Address
            | Kind::Word(_)
            | Kind::Store
            | Kind::Dialect
            | Kind::Vendor
    )
}

/// A number, a flag or a short text in one line, without a comment behind it.
fn plain(value: &str) -> Option<&str> {
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    let text = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_text = text.is_some_and(|text| text.len() <= MAX_TEXT && !text.contains(['"', '\\']));
    (is_text || value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok()).then_some(value)
}

#[cfg(test)]
mod tests {
    use crate::config::load::shown_line::shown;

    #[test]
    fn what_may_be_secret_is_left_out_of_a_line() {
        for (line, expected) in [
            ("", ""),
            ("[vendors.sondos]", "[vendors.sondos]"),
            ("[[routing.rules]] # 12|abc", "[[routing.rules]]"),
            ("[12|abc]", "[…]"),
            ("# old token: 12|abc", "# …"),
            ("  timeout = \"10s\"  # 12|abc", "timeout = \"10s\""),
            ("auth.mode = \"none\"", "auth.mode = \"none\""),
            ("hush.mode = \"none\"", "…"),
            ("max_in_flight = 12", "max_in_flight = 12"),
            ("allow_insecure = true", "allow_insecure = true"),
            ("token = \"12|abc\"", "token = …"),
            ("token = 12345", "token = …"),
            ("token = { env = \"X\" }", "token = …"),
            ("url = \"https://crm.example/?key=abc\"", "url = …"),
            ("timeout = \"aaaaaaaaaa1aaaaaaaaaaaaaaaa\"", "…"),
            ("timeout = \"\"\"", "timeout = …"),
            ("authorization = \"Basic abc\"", "…"),
            ("MIIEpAIBAAKCAQEA==", "…"),
            ("12|abc", "…"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }
}
