//! Checks a live vendor account against the vendor's documentation: read-only, or with updates that change nothing.
//!
//! Reads come first, because the updates are built from what they return. Only if asked for, three kinds of requests
//! follow: updates that the vendor must reject, which show the fields and ranges that it knows; one update per field
//! that sets the value it already has; and the list once more, to see that nothing changed. Then an assistant is made, read,
//! changed and deleted again. An update that must be
//! rejected has an impossible value in a field that the vendor has just been seen to validate, and vendors reject an
//! update as a whole.
//!
//! Dialects whose assistants are nested documents are checked in `nested`.

mod account;
pub mod cli;
mod current_value;
mod findings;
mod listing;
mod nested;
mod own_assistant;
mod reads;
mod refusals;
mod report;
mod single_account;
mod vendor_client;
mod writes;

use std::time::Duration;

use vendors::{
    CatalogSet, Catalogs, Field, Handling, Items, Policies, Refused, Request, Target, Update, translate_request,
};

pub use account::Source;
pub use findings::{Finding, FindingKind};
pub use report::{FieldOutcome, Outcome, OwnAssistant, Report};
pub use single_account::{Progress, SingleAccount};
pub use vendor_client::Stop;

use findings::Findings;
use vendor_client::VendorClient;

/// What to check, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The vendor's id of the assistant.
    pub assistant: String,
    /// Whether updates may be sent.
    pub write: bool,
    /// Whether updates may leave a draft behind, where a published assistant is changed in one.
    pub draft: bool,
    /// The pause between two requests.
    pub pause: Duration,
}

/// One check in progress.
struct Verification<'a> {
    account: &'a SingleAccount,
    options: &'a Options,
    vendor: VendorClient<'a>,
    live: CatalogSet,
    findings: Findings<'a>,
    report: Report,
}

/// Checks `account` against its dialect. `announce` gets a line before updates are sent.
///
/// # Errors
/// The vendor cannot be read at all, or has no such assistant.
pub async fn verify(
    account: &SingleAccount,
    options: &Options,
    announce: &mut dyn FnMut(&str),
) -> Result<Report, Stop> {
    let mut verification = Verification {
        account,
        options,
        vendor: VendorClient::new(account, options.pause),
        live: CatalogSet::default(),
        findings: Findings::new(account),
        report: Report::new(account, options),
    };
    if account.dialect().plan.is_some() {
        verification.nested(announce).await?;
        return Ok(verification.finish());
    }
    let listed = verification.read().await?;
    if options.write {
        // The findings so far are worth more than the reason for stopping, so they are kept.
        if let Err(stop) = verification.write(&listed, announce).await {
            verification.report.stopped = Some(stop.to_string());
        }
    }
    Ok(verification.finish())
}

impl Verification<'_> {
    fn finish(self) -> Report {
        let Self { vendor, mut findings, report, .. } = self;
        for (asked, drift) in vendor.drift() {
            findings.add_drift(*asked, drift);
        }
        Report { reads: vendor.reads(), writes: vendor.writes(), findings: findings.settled(), ..report }
    }

    /// The vendor request for a canonical update.
    fn translated(&self, update: &str) -> Result<Request, Refused> {
        let policies = Policies::default();
        let update =
            Update::read(update.as_bytes()).map_err(|_| Refused { items: Items::default(), hints: Vec::new() })?;
        translate_request(&update, &self.target(&self.options.assistant, &policies))
    }

    /// What an update of the assistant `id` is translated for.
    fn target<'t>(&'t self, id: &'t str, policies: &'t Policies) -> Target<'t> {
        Target {
            dialect: self.account.dialect(),
            vendor: self.account.name(),
            id,
            handling: Handling::Strict,
            policies,
            catalogs: Catalogs { configured: self.account.configured(), live: &self.live },
            accounts: &vendors::registry::Names,
        }
    }

    /// The fields that this vendor has. Of a field that exists as a name and as an id, only the id.
    fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        let dialect = self.account.dialect();
        let by_name =
            |field: Field| field.twin().is_some() && matches!(field.spec().shape, vendors::canonical::Shape::Text(_));
        Field::ALL
            .into_iter()
            .filter(move |&field| field != Field::VendorOptions && !by_name(field) && dialect.row(field).is_supported())
    }
}
