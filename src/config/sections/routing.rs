//! `[routing]`: where an id goes that does not say its vendor.

use serde::Serialize;
use vendors::IdRule;

use crate::config::validate::key_path::KeyPath;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::Glob;

const RULE: Section = Section::of(&[
    Key::new("client", Kind::ClientGlob, "Pattern over client names; any client where absent."),
    Key::new("assistant", Kind::Text, "Pattern over bare ids; any id where absent."),
    Key::new("vendor", Kind::Vendor, "Where matching updates go.").required(),
]);

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("default_vendor", Kind::Vendor, "Where bare ids go that no rule matches."),
    Key::new("rules", Kind::Rows(&RULE), "Rules for bare ids; the first that matches wins."),
    Key::new(
        "assistants_files",
        Kind::List { of: &Kind::Path, empty: true },
        "More `[assistants.*]` tables: TOML files, or CSV files of name,vendor,id; `*` and `?` in the file name.",
    ),
]);

/// Where bare ids go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Routing {
    /// The vendor of bare ids that no rule matches.
    pub default_vendor: Option<String>,
    /// The rules; the first that matches wins.
    pub rules: Vec<Rule>,
    /// The patterns of files with named assistants, as written.
    pub assistants_files: Vec<String>,
}

/// One rule for bare ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Which clients; `None` for any.
    pub client: Option<Glob>,
    /// Which bare ids.
    pub assistant: Glob,
    /// Where they go.
    pub vendor: String,
}

impl Rule {
    fn catches_all(&self) -> bool {
        self.client.as_ref().is_none_or(Glob::matches_all) && self.assistant.matches_all()
    }
}

impl Routing {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        Self {
            default_vendor: reader.text("default_vendor").map(str::to_owned),
            rules: rules(reader, validator),
            assistants_files: reader.texts("assistants_files").unwrap_or_default(),
        }
    }
}

fn rules(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Vec<Rule> {
    let key_path: KeyPath<'_> = reader.key_path.key("rules");
    let mut rules: Vec<Rule> = Vec::new();
    let mut all_taken = false;
    for row in reader.rows(&key_path, "rules") {
        if all_taken {
            let message = format!("`{}` never applies: a rule before it takes every id", row.key_path);
            let help = "move the rule that takes every id to the end";
            validator.warn(ProblemKind::Unused, row.own_span(), row.key_path, message, help);
        }
        let (Some(vendor), assistant) = (row.text("vendor"), row.text("assistant")) else {
            continue;
        };
        let ids = validator.dialect_of(vendor).map(|dialect| dialect.ids);
        let never = |pattern: &&str| ids.is_some_and(|ids| !pattern.bytes().all(|byte| can_match(ids, byte)));
        if let (Some(pattern), Some(ids)) = (assistant.filter(never), ids) {
            let help = "rules are for bare ids only; names and `vendor:id` say their vendor";
            let (path, described) = (row.key_path, ids.described());
            let message = format!(
                "`{path}` never applies: ids are {described} at `{vendor}`, and \"{pattern}\" matches none of those"
            );
            let key = row.key_path.key("assistant");
            validator.warn(ProblemKind::Unused, row.span("assistant"), key, message, help);
        }
        let rule = Rule {
            client: row.text("client").map(Glob::new),
            assistant: Glob::new(assistant.unwrap_or("*")),
            vendor: vendor.to_owned(),
        };
        all_taken |= rule.catches_all();
        rules.push(rule);
    }
    rules
}

/// Whether the character of a pattern can match one of an id.
fn can_match(ids: IdRule, byte: u8) -> bool {
    ids.can_hold(byte) || matches!(byte, b'*' | b'?')
}
