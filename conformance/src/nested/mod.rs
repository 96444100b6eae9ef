//! The check of nested dialects, whose assistants are documents: the same plan that the gateway carries out
//! ([`vendors::Run`]) says which requests an operation takes.
//!
//! `reads` reads and `told` says what the document lacks, has in addition, or has as no update could write it. Only if asked for,
//! `writes` sets each field to the value that it has, and `differences` shows what that changed. Everything that could do
//! harm happens on an assistant of the check's own: `own` makes and deletes it, `changes` sets fields to other values, and
//! `refusals` sends what the vendor must refuse. `contract` reads the documented objects.

mod changes;
mod contract;
mod differences;
mod own;
mod reads;
mod refusals;
mod told;
mod writes;

use vendors::json::{Limits, Value, read_value};
use vendors::{
    Field, InvalidPage, ListedAssistant, Policies, Purpose, ReadAssistant, Refused, ResponseBody, Rule, Run,
    SentFields, Settings, VendorError, read_assistant,
};

use crate::Verification;
use crate::vendor_client::{Reply, Stop};

use differences::would_change;

/// Longest sentence of a vendor's that a finding repeats, in bytes.
const MAX_SENTENCE: usize = 300;

/// The document of an assistant, as validated JSON text.
#[derive(Debug, Clone)]
struct Document(Vec<u8>);

impl Document {
    fn value(&self) -> Option<Value<'_>> {
        read_value(&self.0, Limits::VENDOR).ok()
    }
}

/// How a run ended.
enum Ended {
    /// All requests were carried out.
    Done {
        /// Whether one of them made a version that can be changed.
        drafted: bool,
    },
    /// A write was not sent, because it would change what is stored at these paths.
    WouldChange { paths: Vec<String>, drafted: bool },
    /// What the vendor has stored does not admit it.
    Refused(Refused),
    /// The vendor refused a request.
    Rejected(Purpose, Reply),
    /// A response is not what the vendor documents.
    Unread(String),
}

impl Verification<'_> {
    /// Checks an account of a nested dialect.
    pub(crate) async fn nested(&mut self, announce: &mut dyn FnMut(&str)) -> Result<(), Stop> {
        let document = self.read_nested().await?;
        if self.options.write {
            // The findings so far are worth more than the reason for stopping, so they are kept.
            if let Err(stop) = self.write_nested(document, announce).await {
                self.report.stopped = Some(stop.to_string());
            }
        }
        Ok(())
    }

    /// What the configuration says about plans. Nothing is ever published.
    fn settings(&self) -> Settings {
        Settings { publishes: false, ..self.account.settings().clone() }
    }

    /// Carries out a run.
    async fn drive(&mut self, run: &mut Run<'_>) -> Result<Ended, Stop> {
        self.drive_guarded(run, None).await
    }

    /// Carries out a run, as long as no write would change what is `stored`.
    async fn drive_guarded(&mut self, run: &mut Run<'_>, stored: Option<&Document>) -> Result<Ended, Stop> {
        let (dialect, mut drafted) = (self.account.dialect(), false);
        loop {
            let step = match run.next() {
                Ok(Some(step)) => step,
                Ok(None) => return Ok(Ended::Done { drafted }),
                Err(refused) => return Ok(Ended::Refused(refused)),
            };
            if let Some(stored) = stored.filter(|_| step.purpose == Purpose::Write) {
                let paths = would_change(dialect, &step, stored);
                if !paths.is_empty() {
                    return Ok(Ended::WouldChange { paths, drafted });
                }
            }
            let reply = self.vendor.step(&step).await?;
            if !reply.is_success() {
                return Ok(Ended::Rejected(step.purpose, reply));
            }
            let body = ResponseBody::read(&reply.body);
            let confirmed = match step.purpose {
                Purpose::Write => body.update_response(dialect).map(drop),
                Purpose::Create => body.creation_response(dialect).map(drop),
                Purpose::Read | Purpose::Draft | Purpose::Publish | Purpose::Assign => Ok(()),
            };
            if let Err(invalid) = confirmed.and_then(|()| run.answered(&reply.body)) {
                return Ok(Ended::Unread(invalid.to_string()));
            }
            drafted |= step.purpose == Purpose::Draft;
        }
    }

    /// Reads an assistant whole.
    async fn document(&mut self, id: &str) -> Result<Document, Stop> {
        let settings = self.settings();
        let dialect = self.account.dialect();
        let Some(mut run) = Run::read(dialect, id, &settings) else { return Err(Stop::NoAssistant(id.to_owned())) };
        match self.drive(&mut run).await? {
            Ended::Done { .. } => {}
            Ended::Refused(_) | Ended::WouldChange { .. } => {
                return Err(Stop::NoDocument("it lacks an object".to_owned()));
            }
            Ended::Unread(reason) => return Err(Stop::NoDocument(reason)),
            Ended::Rejected(_, reply) => {
                let is_first = Document(run.document()).value().is_none_or(|told| told.members().next().is_none());
                let is_gone = self.error(&reply, &SentFields::default()).kind == vendors::VendorErrorKind::NotFound;
                return Err(match is_first && is_gone {
                    true => Stop::NoAssistant(id.to_owned()),
                    false => Stop::NoDocument(format!("the vendor answers {}", reply.status)),
                });
            }
        }
        let document = Document(run.document());
        let is_it = self.with_read(&document, |read, _| read.id.trim_matches('"') == id);
        match is_it {
            Ok(true) => Ok(document),
            Ok(false) => Err(Stop::NoDocument("the answer is about another assistant".to_owned())),
            Err(error) => Err(Stop::NoDocument(error.to_string())),
        }
    }

    /// Calls the function with what a document tells.
    fn with_read<R>(
        &self,
        document: &Document,
        then: impl FnOnce(&ReadAssistant<'_>, Value<'_>) -> R,
    ) -> Result<R, InvalidPage> {
        let listed = ListedAssistant::document(self.account.dialect(), &document.0)?;
        let read = read_assistant(self.account.dialect(), &Policies::default(), &listed);
        Ok(then(&read, listed.entry))
    }

    /// The error of a response.
    fn error(&self, reply: &Reply, sent: &SentFields) -> VendorError {
        ResponseBody::read(&reply.body).error(self.account.dialect(), self.account.name(), sent, reply.status)
    }

    /// The status of a refusal and the vendor's sentence.
    fn said(&self, reply: &Reply) -> String {
        let message = self.error(reply, &SentFields::default()).message;
        let message = message.map(|message| format!(": {}", vendors::json::excerpt(&message, MAX_SENTENCE)));
        format!("status {}{}", reply.status, message.unwrap_or_default())
    }

    /// The fields that documents tell, without those that are kept in other objects: a number that answers calls is left alone.
    fn told_fields(&self) -> Vec<Field> {
        let dialect = self.account.dialect();
        let is_own = |field: &Field| !matches!(dialect.row(*field).rule, Rule::Assigned(_));
        self.fields().filter(|field| dialect.tells(*field)).filter(is_own).collect()
    }
}

/// A JSON text.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    vendors::json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// An update of one field.
fn update_of(field: Field, value: &str) -> String {
    format!("{{\"{}\":{value}}}", field.name())
}
