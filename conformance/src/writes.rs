//! Updates that set one field each to the value it already has, and a comparison that shows whether anything changed.

use vendors::json::{Limits, Value, read_value};
use vendors::{Field, ItemCode, Rule, SentFields, normalize_error, normalize_response};

use crate::current_value::{CurrentValue, current_value};
use crate::listing::Listed;
use crate::refusals::{about, complaints};
use crate::vendor_client::{Reply, Stop};
use crate::{FindingKind, Outcome, Verification};

/// Members of a listed assistant that change with every update.
const TIMESTAMPS: [&str; 1] = ["updated_at"];

/// Fields that must be sent with `mode`, because setting it resets them.
const WITH_MODE: [Field; 4] =
    [Field::LlmModelId, Field::MultimodalModelId, Field::SynthesizerProviderId, Field::TranscriberProviderId];

/// One update: the field that it is about and its canonical text.
type Planned = (Field, String);

impl Verification<'_> {
    /// Sends all updates. Afterwards the assistant is as before, or there is a finding.
    pub(crate) async fn write(&mut self, before: &Listed, announce: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let planned = self.plan(before);
        let id = &self.options.assistant;
        let seconds = self.options.pause.as_secs_f64() * (planned.len() + 8) as f64;
        announce(&format!(
            "writing to assistant {id}: up to 8 updates that the vendor must refuse, and {} that set one field each to\nthe value that it has; {seconds:.0} s of pauses. No one else should change the assistant meanwhile.",
            planned.len()
        ));
        let written = self.send(&planned).await;
        let after = self.find().await?;
        self.compare(before, &after);
        self.report.read_again = true;
        written?;
        self.own_assistant(&after, announce).await
    }

    async fn send(&mut self, planned: &[Planned]) -> Result<(), Stop> {
        self.refusals().await?;
        for (field, update) in planned {
            self.update(*field, update).await?;
        }
        Ok(())
    }

    /// The updates for all fields that the list shows.
    fn plan(&mut self, listed: &Listed) -> Vec<Planned> {
        let mut planned = Vec::new();
        for field in self.fields().collect::<Vec<_>>() {
            let Some(value) = listed.get(field.name()) else { continue };
            match current_value(field, value) {
                CurrentValue::Nothing => self.report.outcome(field, Outcome::NoValue),
                CurrentValue::Secret => self.report.outcome(field, Outcome::LeftAlone),
                CurrentValue::Value(text) => planned.push((field, self.with_dependents(field, &text, listed))),
            }
        }
        planned
    }

    /// The update of a field. An update of `mode` includes the fields that it would reset.
    fn with_dependents(&self, field: Field, text: &str, listed: &Listed) -> String {
        let mut update = format!("{{\"{}\":{text}", field.name());
        if field == Field::Mode {
            for other in WITH_MODE.into_iter().filter(|other| self.account.dialect().row(*other).is_supported()) {
                let value = listed.get(other.name()).filter(|value| !value.is_null());
                if let Some(CurrentValue::Value(text)) = value.map(|value| current_value(other, value)) {
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
        let reply = self.vendor.update(&self.options.assistant, request.body.clone()).await?;
        if reply.is_success() {
            if normalize_response(self.account.dialect(), &reply.body).is_ok() {
                self.report.outcome(field, Outcome::Confirmed);
            }
        } else {
            self.refused(field, &request.sent, &request.body, &reply);
        }
        Ok(())
    }

    /// Reports a listed value that the dialect itself rejects. A value that a hook cannot express, or whose catalog
    /// could not be read, says nothing about the vendor.
    pub(crate) fn undocumented(&mut self, field: Field, items: Vec<vendors::Item>) {
        let dialect = self.account.dialect();
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

    /// Reports that the vendor rejects a value that it lists itself, because of the field or because another is missing.
    fn refused(&mut self, field: Field, sent: &SentFields, body: &[u8], reply: &Reply) {
        self.report.outcome(field, Outcome::Found);
        let failure = normalize_error(self.account.dialect(), self.account.name(), sent, reply.status, &reply.body);
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

    /// Reports every member that is not as it was.
    fn compare(&mut self, before: &Listed, after: &Listed) {
        let differs = |(key, value): &(String, Value<'_>)| {
            !TIMESTAMPS.contains(&key.as_str()) && after.get(key).is_none_or(|now| now.text() != value.text())
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
