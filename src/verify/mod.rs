//! A vendor account held against its dialect: read-only, or with updates that change nothing.
//!
//! The order: what can be read comes first, since the updates are made of it. Then, only if asked for, updates that
//! the vendor must refuse, which show what it knows and in which ranges; then each field set to the value that it
//! has; then the list once more, to see that nothing changed. An update that must be refused carries an impossible
//! value in a field of which the vendor has just shown that it refuses it, and vendors refuse an update as a whole.

mod account;
mod conversation;
mod findings;
mod listing;
mod present;
mod reading;
mod refusals;
mod report;
mod writing;

use std::time::Duration;

use vendors::{
    CatalogSet, Catalogs, Field, Handling, Items, Policies, Refused, Request, Target, Update, translate_request,
};

use crate::upstream::Account;

pub use account::{Chosen, Source};
pub use conversation::Stop;
pub use findings::{Finding, FindingKind};
pub use report::{Outcome, Report};

use conversation::Conversation;
use findings::Findings;

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The vendor's id of the assistant.
    pub assistant: String,
    /// Whether updates may be sent.
    pub write: bool,
    /// Time between two requests.
    pub pause: Duration,
}

/// One verification under way.
struct Verification<'a> {
    account: &'a Account,
    wishes: &'a Wishes,
    vendor: Conversation<'a>,
    live: CatalogSet,
    findings: Findings<'a>,
    report: Report,
}

/// Holds `account` against its dialect. `say` is told what is about to happen.
///
/// # Errors
/// The vendor cannot be read at all, or has no such assistant.
pub async fn verify(account: &Account, wishes: &Wishes, say: &mut dyn FnMut(&str)) -> Result<Report, Stop> {
    let mut verification = Verification {
        account,
        wishes,
        vendor: Conversation::new(account, wishes.pause),
        live: CatalogSet::default(),
        findings: Findings::new(account),
        report: Report::new(account, wishes),
    };
    let listed = verification.read().await?;
    if wishes.write {
        // What was found until then is worth more than the reason for stopping.
        if let Err(stop) = verification.write(&listed, say).await {
            verification.report.stopped = Some(stop.to_string());
        }
    }
    Ok(verification.finish())
}

impl Verification<'_> {
    fn finish(self) -> Report {
        let Self { vendor, mut findings, report, .. } = self;
        for (asked, drift) in vendor.drift() {
            findings.of_drift(*asked, drift);
        }
        Report { reads: vendor.reads(), writes: vendor.writes(), findings: findings.settled(), ..report }
    }

    /// What the vendor would be sent for a canonical update.
    fn translated(&self, update: &str) -> Result<Request, Refused> {
        let policies = Policies::default();
        let update = Update::read(update.as_bytes()).map_err(|_| Refused { items: Items::default() })?;
        let target = Target {
            dialect: self.account.dialect,
            vendor: &self.account.name,
            id: &self.wishes.assistant,
            handling: Handling::Strict,
            policies: &policies,
            catalogs: Catalogs { configured: &self.account.configured, live: &self.live },
        };
        translate_request(&update, &target)
    }

    /// The fields that this vendor has, each once: names for ids go by their ids.
    fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        let dialect = self.account.dialect;
        let by_name =
            |field: Field| field.twin().is_some() && matches!(field.spec().shape, vendors::canonical::Shape::Text(_));
        Field::ALL
            .into_iter()
            .filter(move |&field| field != Field::VendorOptions && !by_name(field) && dialect.row(field).is_supported())
    }
}
