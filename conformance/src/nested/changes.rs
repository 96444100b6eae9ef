//! Updates of the check's own assistant that set one field each to another value: a field that keeps the one it has is no
//! longer read. Fields whose values mean something only in one account, such as ids, are left out.

use vendors::canonical::Shape;
use vendors::{Field, Request, Run};

use crate::vendor_client::Stop;
use crate::{FindingKind, Outcome, Verification};

use super::writes::Compared;
use super::{Document, Ended, quoted, update_of};

/// The fields that take any text, and are told as it was sent.
const TEXTS: [Field; 2] = [Field::SystemPrompt, Field::InitialMessage];

/// What they become.
const TEXT: &str = "A check of Switchboard, changed once.";

/// A field that has an effect with some voices only.
const WITH_SOME_VOICES: [Field; 1] = [Field::TtsEmotionEnabled];

impl Verification<'_> {
    /// Changes each field of the assistant `id`, then sends it what it must refuse.
    pub(super) async fn change_each(&mut self, id: &str, mut document: Document) -> Result<(), Stop> {
        let mut accepted = Vec::new();
        let fields = self.told_fields().into_iter().filter(|field| !WITH_SOME_VOICES.contains(field));
        for field in fields.collect::<Vec<_>>() {
            let told = self.with_read(&document, |read, _| read.told(field).map(str::to_owned)).ok().flatten();
            for value in self.other_values(field, told.as_deref()) {
                let update = update_of(field, &value);
                let Ok(request) = self.translated(&update) else { continue };
                let Some(changed) = self.change(id, field, (&update, &value), &request).await? else { continue };
                self.judge_change(field, (&update, &value), told.as_deref(), &changed);
                accepted.push((field, request));
                document = changed;
                break;
            }
        }
        self.refusals_nested(id, &accepted).await
    }

    /// Values that the field does not have, the best first.
    fn other_values(&self, field: Field, told: Option<&str>) -> Vec<String> {
        let described = self.account.dialect().describe(field);
        let values = match (described.shape, described.bounds) {
            (Shape::Boolean, _) if told == Some("true") => vec!["false".to_owned()],
            (Shape::Boolean, _) => vec!["true".to_owned()],
            (Shape::Integer(_) | Shape::Number(_), Some(bounds)) => {
                // The vendor's range may be wider than the canonical one.
                let canonical = described.shape.bounds().unwrap_or(bounds);
                let min = bounds.min.max(canonical.min).as_f64();
                let max = bounds.max.min(canonical.max).as_f64();
                let middle = (min + max) / 2.0;
                let middle = if matches!(described.shape, Shape::Integer(_)) { middle.floor() } else { middle };
                [middle, min, max].iter().map(ToString::to_string).collect()
            }
            _ if TEXTS.contains(&field) => vec![quoted(TEXT)],
            _ => Vec::new(),
        };
        let has = |value: &String| match (value.parse::<f64>(), told.map(str::parse::<f64>)) {
            (Ok(value), Some(Ok(told))) => value == told,
            _ => told == Some(value),
        };
        values.into_iter().filter(|value| !has(value)).collect()
    }

    /// Sends a change: the document afterwards, if the vendor accepted it.
    async fn change(
        &mut self,
        id: &str,
        field: Field,
        (_, value): (&str, &str),
        request: &Request,
    ) -> Result<Option<Document>, Stop> {
        let settings = self.settings();
        let Some(mut run) = Run::update(self.account.dialect(), id, request, &settings) else { return Ok(None) };
        match self.drive(&mut run).await? {
            Ended::Done { .. } => self.document(id).await.map(Some),
            // It does not fit what the assistant has.
            Ended::Refused(_) | Ended::WouldChange { .. } => Ok(None),
            Ended::Rejected(_, reply) => {
                self.rejected(field, &format!("the documented {value}"), &request.sent, &reply);
                Ok(None)
            }
            Ended::Unread(reason) => {
                self.findings.add(FindingKind::Operation, Some(field), Some("update"), &reason);
                Ok(None)
            }
        }
    }

    /// Whether the field has the new value.
    fn judge_change(&mut self, field: Field, (update, value): (&str, &str), before: Option<&str>, after: &Document) {
        let (kind, detail) = match self.compared(field, update, after) {
            Compared::Same => return,
            Compared::Other(stored) if Some(&*stored) == before => (
                FindingKind::Ignored,
                format!(
                    "{value} is accepted, and the vendor still tells {stored}: it does not read the field any more"
                ),
            ),
            Compared::Other(stored) => {
                (FindingKind::NotStored, format!("{value} was accepted, and the vendor tells {stored}"))
            }
            Compared::Untold if before.is_none() => (
                FindingKind::Ignored,
                format!("{value} is accepted, and the vendor still tells none: it does not read the field any more"),
            ),
            Compared::Untold => (FindingKind::NotStored, format!("{value} was accepted, and the vendor tells none")),
        };
        let place = self.places(field).next();
        self.findings.add(kind, Some(field), place.as_deref(), &detail);
        self.report.outcome(field, Outcome::Found);
    }
}
