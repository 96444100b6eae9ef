//! `branch` and `publish` of `[vendors.*]`: what an account says about the requests that an update takes, where its dialect
//! leaves it open.

use serde::Serialize;
use strum::{EnumString, VariantNames};
use vendors::{Dialect, registry};

use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::one_of;
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// The parameter of paths that `branch` sets.
const BRANCH: &str = "branch";

/// When what an update wrote is made live, at a vendor that keeps drafts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Publish {
    /// When it is published at the vendor, and not by this gateway.
    #[default]
    Never,
    /// At the end of each update.
    AfterUpdate,
}

/// What an account says about the plans of its dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanSettings {
    /// The branch of its assistants that is read and changed.
    pub branch: Option<String>,
    /// When what an update wrote is made live.
    pub publish: Publish,
}

impl PlanSettings {
    pub(crate) fn read(dialect: &str, reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let settings = Self {
            branch: reader.text(BRANCH).map(str::to_owned),
            publish: reader.word("publish").unwrap_or_default(),
        };
        let Some(dialect) = registry::dialect(dialect) else { return settings };
        let mut has_none = |key: &str, what: &str, has: fn(&Dialect) -> bool| {
            if reader.entry(key).is_none() || has(dialect) {
                return;
            }
            let wrong = format!("has no meaning with the dialect \"{}\", which knows no {what}", dialect.name);
            let with = one_of(registry::DIALECTS.iter().filter(|dialect| has(dialect)).map(|dialect| dialect.name));
            let help = format!("take it out; it is for accounts of the dialect {with}");
            validator.report(reader.error(key, ProblemKind::Conflict, wrong).help(help));
        };
        has_none(BRANCH, "branches", has_branches);
        has_none("publish", "step that publishes", publishes);
        settings
    }

    /// The same for the vendors' plans.
    pub(crate) fn plan(&self) -> vendors::Settings {
        vendors::Settings {
            parameters: self.branch.iter().map(|branch| (BRANCH, branch.clone())).collect(),
            publishes: self.publish == Publish::AfterUpdate,
        }
    }
}

fn has_branches(dialect: &Dialect) -> bool {
    dialect.plan.is_some_and(|plan| plan.parameters.contains(&BRANCH))
}

fn publishes(dialect: &Dialect) -> bool {
    dialect.plan.is_some_and(|plan| plan.publish.is_some())
}
