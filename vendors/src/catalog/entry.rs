//! One entry of a catalog, and which members of a vendor's row it keeps.

use std::borrow::Cow;

use crate::dialect::CatalogSpec;
use crate::iso639::{code_of, english_name};
use crate::json::{Kind, Value, decode, push_string};
use crate::secret_name::is_secret_name;

/// The longest value of a member that is kept, as JSON text.
const MAX_VALUE_BYTES: usize = 1024;

/// The most bytes of further members that an entry keeps.
const MAX_MEMBERS_BYTES: usize = 4096;

/// One entry of a catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The id, as JSON text.
    pub id: String,
    /// The name, exactly as the vendor or the configuration has it.
    pub name: String,
    /// The ISO 639-1 code, for languages.
    pub iso_2: Option<String>,
    /// The other members that the vendor shows, as JSON text: `"key":value`, separated by commas. Empty without any.
    pub members: Box<str>,
}

impl Entry {
    /// An entry of the configuration; `id` is JSON text.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// The id as it is compared: without the quotes that some back ends put around numbers.
    pub(super) fn key(&self) -> Cow<'_, str> {
        id_key(&self.id)
    }

    /// The id as a number, if it consists of digits, in whatever type the catalog has it.
    pub fn integer_id(&self) -> Option<Cow<'_, str>> {
        Some(self.key()).filter(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether a member that the vendor shows has this value, as JSON text.
    pub fn has(&self, member: &str, json: &str) -> bool {
        let members = format!("{{{}}}", self.members);
        let read = crate::json::read_value(members.as_bytes(), crate::json::Limits::VENDOR).ok();
        read.and_then(|members| members.get(member)).is_some_and(|value| value.text() == json)
    }

    /// The id as text, in whatever type the catalog has it.
    pub fn text_id(&self) -> Cow<'_, str> {
        self.key()
    }

    /// The ISO 639-1 code of a language, in lower case: the catalog's own, or that of its English name.
    pub fn language_code(&self) -> Option<Cow<'_, str>> {
        let own = self.iso_2.as_deref().map(|code| Cow::Owned(code.trim().to_ascii_lowercase()));
        let own = own.filter(|code| english_name(code).is_some());
        own.or_else(|| code_of(self.name.trim()).map(Cow::Borrowed))
    }
}

/// An id, given as JSON text, as it is compared.
pub(super) fn id_key(json: &str) -> Cow<'_, str> {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => Cow::Owned(decode(inner).trim().to_owned()),
        None => Cow::Borrowed(json),
    }
}

/// What an entry keeps of a row besides id and name: every member with a scalar value, unless it is withheld, too
/// long, or looks like a secret. Lists and objects hold what only the vendor needs, such as the headers of a tool.
pub(super) fn kept_members(row: Value<'_>, spec: &CatalogSpec) -> Box<str> {
    let mut seen: Vec<Cow<'_, str>> = vec!["id".into(), "name".into(), spec.id.into()];
    let mut out = Vec::new();
    for (key, value) in row.members() {
        let is_scalar = !matches!(value.kind(), Kind::Object | Kind::Array);
        let length = key.len() + value.text().len();
        if !is_scalar || length > MAX_VALUE_BYTES || spec.withheld.contains(&&*key) || seen.contains(&key) {
            continue;
        }
        if value.as_str().is_some_and(|text| is_secret_name(&key) || is_url_with_secret(&text)) {
            continue;
        }
        if out.len() + length > MAX_MEMBERS_BYTES {
            break;
        }
        if !out.is_empty() {
            out.push(b',');
        }
        push_string(&mut out, &key);
        out.push(b':');
        out.extend_from_slice(value.text().as_bytes());
        seen.push(key);
    }
    String::from_utf8(out).unwrap_or_default().into_boxed_str()
}

/// Whether a text is a URL with a user or a parameter that looks like a secret.
fn is_url_with_secret(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).unwrap_or_default();
    let mut parameters = rest.split(['?', '&', '#', ';']).skip(1);
    authority.contains('@')
        || parameters.any(|parameter| is_secret_name(parameter.split_once('=').map_or(parameter, |(name, _)| name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Schema;
    use crate::json::{Limits, read_value};

    fn kept(row: &str, withheld: &'static [&'static str]) -> String {
        let spec = CatalogSpec::new("/x", Schema::Anything).withholding(withheld);
        kept_members(read_value(row.as_bytes(), Limits::VENDOR).unwrap(), &spec).into_string()
    }

    #[test]
    fn scalar_members_are_kept_as_they_came() {
        let row = r#"{"id":1,"name":"A","gender":"f\u0065male","rate":1.50,"age":null,"ok":true,"x":[1],"y":{},"gender":"b"}"#;
        assert_eq!(kept(row, &["ok"]), r#""gender":"f\u0065male","rate":1.50,"age":null"#);
        assert_eq!(kept(r#"{"id":1,"name":"A"}"#, &[]), "");
        assert_eq!(kept(r#"{"max_tokens":8}"#, &[]), r#""max_tokens":8"#);
        assert_eq!(kept(r#"{"a\"b":1}"#, &[]), r#""a\"b":1"#);
    }

    #[test]
    fn what_looks_like_a_secret_is_not_kept() {
        for (key, value) in [
            ("api_key", "x"),
            ("key", "x"),
            ("X-Auth-Token", "x"),
            ("client_secret", "x"),
            ("Authorization", "x"),
            ("endpoint", "https://user:pass@example.com/x"),
            ("endpoint", "https://example.com/x?a=1&access_token=2"),
            ("endpoint", "https://example.com?key=2"),
            ("endpoint", "wss://u@example.com"),
        ] {
            let row = serde_json::json!({ "id": 1, key: value, "last": 1 }).to_string();
            assert_eq!(kept(&row, &[]), r#""last":1"#, "{key} {value}");
        }
        for (key, value) in [
            ("preview_url", "https://cdn.example.com/a@b.mp3?keyword=x&monkey=1"),
            ("keyword", "x"),
            ("author", "x"),
            ("description", "asks user@example.com"),
        ] {
            let row = serde_json::json!({ key: value }).to_string();
            assert_eq!(kept(&row, &[]), format!("\"{key}\":\"{value}\""));
        }
    }

    #[test]
    fn an_entry_keeps_no_more_than_its_bound() {
        let long = "x".repeat(MAX_VALUE_BYTES);
        assert_eq!(kept(&format!(r#"{{"a":"{long}","b":1}}"#), &[]), r#""b":1"#);
        let many: Vec<_> = (0..1000).map(|number| format!("\"m{number}\":\"{}\"", "y".repeat(100))).collect();
        let kept = kept(&format!("{{{}}}", many.join(",")), &[]);
        assert!((MAX_MEMBERS_BYTES - 200..=MAX_MEMBERS_BYTES + 200).contains(&kept.len()), "{}", kept.len());
    }

    #[test]
    fn a_language_has_the_code_of_its_catalog_or_of_its_name() {
        let language = |name: &str, code: Option<&str>| {
            let entry = Entry { iso_2: code.map(str::to_owned), ..Entry::new("1", name) };
            entry.language_code().map(Cow::into_owned)
        };
        assert_eq!(language("German", Some(" DE")), Some("de".to_owned()));
        assert_eq!(language("german ", None), Some("de".to_owned()));
        assert_eq!(language("Spanish (Mexico)", Some("es")), Some("es".to_owned()));
        assert_eq!(language("German", Some("??")), Some("de".to_owned()));
        assert_eq!(language("Klingon", None), None);
    }
}
