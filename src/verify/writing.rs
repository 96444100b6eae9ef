//! Updates that set what is there already, one field each, and a look at whether anything changed.

use vendors::json::{Limits, Value, read_value};
use vendors::{Field, ItemCode, Rule, Sent, normalize_error, normalize_response};

use super::conversation::{Reply, Stop};
use super::listing::Listed;
use super::present::{Present, present};
use super::refusals::{about, complaints};
use super::{FindingKind, Outcome, Verification};

/// Members of a listed assistant that an update may change although it changes nothing.
const CLOCKS: [&str; 1] = ["updated_at"];

/// What must go with `mode`, because setting it resets them.
const WITH_MODE: [Field; 4] =
    [Field::LlmModelId, Field::MultimodalModelId, Field::SynthesizerProviderId, Field::TranscriberProviderId];

/// One update: the field that it is about, and its canonical text.
type Planned = (Field, String);

impl Verification<'_> {
    /// All that is written; the assistant is the same afterwards, or a finding says so.
    pub(super) async fn write(&mut self, before: &Listed, say: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let planned = self.plan(before);
        let id = &self.wishes.assistant;
        let seconds = self.wishes.pause.as_secs_f64() * (planned.len() + 8) as f64;
        say(&format!(
            "writing to assistant {id}: up to 8 updates that the vendor must refuse, and {} that set one field each to\nthe value that it has; {seconds:.0} s of pauses. Nobody else should change the assistant meanwhile.",
            planned.len()
        ));
        let written = self.send(&planned).await;
        let after = self.find().await?;
        self.compare(before, &after);
        self.report.read_again = true;
        written
    }

    async fn send(&mut self, planned: &[Planned]) -> Result<(), Stop> {
        self.refusals().await?;
        for (field, update) in planned {
            self.update(*field, update).await?;
        }
        Ok(())
    }

    /// The updates for all that the list shows.
    fn plan(&mut self, listed: &Listed) -> Vec<Planned> {
        let mut planned = Vec::new();
        for field in self.fields().collect::<Vec<_>>() {
            let Some(value) = listed.get(field.name()) else { continue };
            match present(field, value) {
                Present::Nothing => self.report.outcome(field, Outcome::NoValue),
                Present::Secret => self.report.outcome(field, Outcome::LeftAlone),
                Present::Value(text) => planned.push((field, self.with_dependents(field, &text, listed))),
            }
        }
        planned
    }

    /// The update of a field; a mode takes along what setting it would reset.
    fn with_dependents(&self, field: Field, text: &str, listed: &Listed) -> String {
        let mut update = format!("{{\"{}\":{text}", field.name());
        if field == Field::Mode {
            for other in WITH_MODE.into_iter().filter(|other| self.account.dialect.row(*other).is_supported()) {
                let value = listed.get(other.name()).filter(|value| !value.is_null());
                if let Some(Present::Value(text)) = value.map(|value| present(other, value)) {
                    update.push_str(&format!(",\"{}\":{text}", other.name()));
                }
            }
        }
        update + "}"
    }

    async fn update(&mut self, field: Field, update: &str) -> Result<(), Stop> {
        let request = match self.translated(update) {
            Ok(request) => request,
            Err(refused) => {
                self.undocumented(field, refused.items.list);
                return Ok(());
            }
        };
        let reply = self.vendor.put(&self.wishes.assistant, request.body.clone()).await?;
        if reply.is_success() {
            if normalize_response(self.account.dialect, &reply.body).is_ok() {
                self.report.outcome(field, Outcome::Confirmed);
            }
        } else {
            self.refused(field, &request.sent, &request.body, &reply);
        }
        Ok(())
    }

    /// A listed value that the dialect itself would refuse. That a hook cannot express it, or that its catalog is
    /// not to be had, says nothing about the vendor.
    fn undocumented(&mut self, field: Field, items: Vec<vendors::Item>) {
        let dialect = self.account.dialect;
        let unread = dialect.catalog_of(field).is_some_and(|kind| self.live.get(kind).is_none());
        let excused = |item: &vendors::Item| match item.code {
            ItemCode::UnsupportedValue => matches!(dialect.row(field).rule, Rule::Hook(_)),
            ItemCode::UnresolvedName => unread,
            _ => false,
        };
        let Some(item) = items.into_iter().find(|item| !excused(item)) else {
            return self.report.outcome(field, Outcome::NoValue);
        };
        let detail = format!("the value that the list shows is not documented for updates: {}", item.detail);
        self.findings.add(FindingKind::UndocumentedValue, Some(field), None, &detail);
        self.report.outcome(field, Outcome::Found);
    }

    /// A refusal of what the vendor lists itself: of the field, or for want of another one.
    fn refused(&mut self, field: Field, sent: &Sent, body: &[u8], reply: &Reply) {
        self.report.outcome(field, Outcome::Found);
        let failure = normalize_error(self.account.dialect, &self.account.name, sent, reply.status, &reply.body);
        let Some(said) = complaints(reply).filter(|said| !said.is_empty()) else {
            let message = failure.message.unwrap_or_else(|| "without a sentence".to_owned());
            let detail = format!("its present value is refused with status {}: {message}", reply.status);
            return self.findings.add(FindingKind::Refused, Some(field), None, &detail);
        };
        let keys = member_names(body);
        for (key, sentence) in &said {
            let name = key.split('.').next().unwrap_or(key);
            if !keys.iter().any(|own| own == name) {
                let detail = format!("an update of `{}` alone is refused: {sentence}", keys.join("`, `"));
                self.findings.add(FindingKind::NewRequiredField, Field::from_name(name), Some(name), &detail);
            }
        }
        for key in keys {
            if let Some(sentence) = about(&said, &key) {
                let narrowed = field.spec().shape.bounds().is_some() && sentence.contains(|c: char| c.is_ascii_digit());
                let kind = if narrowed { FindingKind::NarrowedRange } else { FindingKind::Refused };
                let detail = format!("its present value is refused: {sentence}");
                self.findings.add(kind, Some(field), Some(&key), &detail);
            }
        }
    }

    /// Says loudly what is not as it was.
    fn compare(&mut self, before: &Listed, after: &Listed) {
        let differs = |(key, value): &(String, Value<'_>)| {
            !CLOCKS.contains(&key.as_str()) && after.get(key).is_none_or(|now| now.text() != value.text())
        };
        let changed: Vec<_> = before.members().into_iter().filter(differs).map(|(key, _)| key).collect();
        let new = after.members().into_iter().map(|(key, _)| key).filter(|key| before.get(key).is_none());
        for key in changed.iter().cloned().chain(new) {
            let detail = format!("`{key}` is not what it was before; nothing was sent that should change it");
            self.findings.add(FindingKind::Changed, Field::from_name(&key), Some(&key), &detail);
        }
    }
}

fn member_names(body: &[u8]) -> Vec<String> {
    let value = read_value(body, Limits::VENDOR).ok();
    value.map(|value| value.members().map(|(key, _)| key.into_owned()).collect()).unwrap_or_default()
}
