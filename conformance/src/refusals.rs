//! Updates that the vendor must reject, and what its rejections reveal about the fields that it knows.
//!
//! A vendor rejects an update as a whole and names every field that is wrong. So one impossible value makes any
//! update harmless, and the rest of the update can be used to probe: an impossible value that is not named is in a
//! field that the vendor does not read, and a documented value that is named is outside a range that has narrowed.

use vendors::Field;
use vendors::canonical::Shape;
use vendors::json::{Kind, Limits, Value, push_string, read_value};

use crate::vendor_client::{Reply, Stop};
use crate::{FindingKind, Verification};

/// How many fields are tried as the one that makes updates harmless.
const MAX_GUARDS: usize = 3;

/// Not a number, boolean, list or object.
const NO_NUMBER: &str = "\"switchboard-verify\"";
/// Neither a scalar nor a list.
const NO_SCALAR: &str = "{\"switchboard\":\"verify\"}";

/// What a rejection says: the vendor's keys, each with its first sentence.
pub(crate) type Complaints = Vec<(String, String)>;

/// A member of a vendor's body: its key and its JSON text.
type Part = (String, String);

/// Reads a rejection in the documented form; `None` for any other.
pub(crate) fn complaints(reply: &Reply) -> Option<Complaints> {
    let errors = read_value(&reply.body, Limits::VENDOR).ok()?.get("errors")?;
    let first = |said: Value<'_>| said.elements().next().unwrap_or(said).as_str().unwrap_or_default().into_owned();
    let said = errors.members().map(|(key, said)| (key.into_owned(), first(said))).collect();
    (errors.kind() == Kind::Object).then_some(said)
}

/// The sentence about a vendor's key, or about something inside it.
pub(crate) fn about<'c>(complaints: &'c Complaints, key: &str) -> Option<&'c str> {
    let inside = |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    complaints.iter().find(|(name, _)| inside(name)).map(|(_, sentence)| sentence.as_str())
}

/// The body with these members.
pub(crate) fn body(parts: &[Part]) -> Vec<u8> {
    let mut out = b"{".to_vec();
    for (key, value) in parts {
        out.extend_from_slice(if out.len() > 1 { b"," } else { b"" });
        push_string(&mut out, key);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
    out
}

/// An end of a field's documented range.
#[derive(Clone, Copy)]
enum End {
    Least,
    Most,
}

impl Verification<'_> {
    /// Probes which fields the vendor still reads, and which ranges apply.
    pub(crate) async fn refusals(&mut self) -> Result<(), Stop> {
        let Some(guard) = self.guard().await? else {
            self.report.note("no field was found whose impossible value is refused by name; fields that are ignored and ranges that have narrowed were not looked for");
            return Ok(());
        };
        let Some(known) = self.impossible(&guard).await? else { return Ok(()) };
        for end in [End::Most, End::Least] {
            self.range(&guard, end, |key| key != guard.as_str()).await?;
        }
        if let Some(other) = known.iter().find(|key| **key != guard) {
            for end in [End::Most, End::Least] {
                self.range(other, end, |key| key == guard.as_str()).await?;
            }
        }
        Ok(())
    }

    /// The vendor's name of a number field that it validates: a text in it is rejected by name.
    async fn guard(&mut self) -> Result<Option<String>, Stop> {
        let is_number = |field: &Field| matches!(field.spec().shape, Shape::Number(_) | Shape::Integer(Some(_)));
        let candidates: Vec<_> = self.fields().filter(is_number).take(MAX_GUARDS).collect();
        for field in candidates {
            let Some(key) = self.account.dialect().row(field).wire_names(field).last() else { continue };
            let reply = self.put(vec![(key.to_owned(), NO_NUMBER.to_owned())]).await?;
            match complaints(&reply) {
                Some(said) if !reply.is_success() && about(&said, key).is_some() => return Ok(Some(key.to_owned())),
                None if !reply.is_success() => return Ok(None),
                _ => self.ignored(field, key),
            }
        }
        Ok(None)
    }

    fn ignored(&mut self, field: Field, key: &str) {
        let detail = format!("an impossible value in `{key}` is not refused: the vendor does not read it any more");
        self.findings.add(FindingKind::Ignored, Some(field), Some(key), &detail);
        self.report.outcome(field, crate::Outcome::Found);
    }

    /// Sends an impossible value in every field at once; returns the keys of numbers that the vendor named.
    async fn impossible(&mut self, guard: &str) -> Result<Option<Vec<String>>, Stop> {
        let dialect = self.account.dialect();
        let pairs: Vec<_> =
            self.fields().flat_map(|field| dialect.row(field).wire_names(field).map(move |key| (field, key))).collect();
        let mut parts: Vec<Part> = Vec::new();
        for (field, key) in &pairs {
            let structured = matches!(field.spec().shape, Shape::List(_) | Shape::Map | Shape::Record(_));
            let bad = if structured || *key == guard { NO_NUMBER } else { NO_SCALAR };
            if parts.iter().all(|(known, _)| known != key) {
                parts.push(((*key).to_owned(), bad.to_owned()));
            }
        }
        let reply = self.put(parts).await?;
        let Some(said) = complaints(&reply).filter(|said| about(said, guard).is_some()) else {
            self.report.note(format!(
                "an update with an impossible value in every field was answered {} in a form that does not name them",
                reply.status
            ));
            return Ok(None);
        };
        let mut numbers = Vec::new();
        for (field, key) in pairs {
            match about(&said, key) {
                None => self.ignored(field, key),
                Some(_) if field.spec().shape.bounds().is_some() => numbers.push(key.to_owned()),
                Some(_) => {}
            }
        }
        Ok(Some(numbers))
    }

    /// Sends every range at one of its documented ends, with an impossible value in `guard`.
    async fn range(&mut self, guard: &str, end: End, wanted: impl Fn(&str) -> bool) -> Result<(), Stop> {
        let mut parts: Vec<Part> = vec![(guard.to_owned(), NO_NUMBER.to_owned())];
        let mut asked = Vec::new();
        for (field, value) in self.fields().filter_map(|field| Some((field, self.at(field, end)?))).collect::<Vec<_>>()
        {
            let Ok(request) = self.translated(&format!("{{\"{}\":{value}}}", field.name())) else { continue };
            let Ok(members) = read_value(&request.body, Limits::VENDOR) else { continue };
            for (key, value) in members.members().filter(|(key, _)| wanted(key)) {
                asked.push((field, key.to_string(), value.text().to_owned()));
                parts.push((key.into_owned(), value.text().to_owned()));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let reply = self.put(parts).await?;
        let said = complaints(&reply).unwrap_or_default();
        for (field, key, value) in asked {
            if let Some(sentence) = about(&said, &key) {
                let shown = if value.len() > 40 { format!("a text of {} characters", value.len() - 2) } else { value };
                let detail = format!("the documented {shown} is refused: {sentence}");
                self.findings.add(FindingKind::NarrowedRange, Some(field), Some(&key), &detail);
            }
        }
        Ok(())
    }

    /// The value at one end of the field's documented range at this vendor.
    fn at(&self, field: Field, end: End) -> Option<String> {
        let described = self.account.dialect().describe(field);
        match (described.bounds, described.max_length, end) {
            (Some(bounds), _, End::Least) => Some(bounds.min.to_string()),
            (Some(bounds), _, End::Most) => Some(bounds.max.to_string()),
            (None, Some(max), End::Most) => Some(format!("\"{}\"", "x".repeat(max))),
            _ => None,
        }
    }

    /// Sends an update with these members.
    pub(crate) async fn put(&mut self, parts: Vec<Part>) -> Result<Reply, Stop> {
        self.vendor.update(&self.options.assistant, body(&parts)).await
    }
}
