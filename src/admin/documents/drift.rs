//! `GET /admin/drift`: where vendors' answers differ from their documentation, what was documented and what was seen.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::account::Account;
use crate::account::drift::{Difference, Times};
use crate::admin::Operator;
use crate::api::query_names;
use crate::problem::{Code, Problem};

use super::parameter;

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Drift {
    /// How many listed differences are not known, at all vendors.
    pub(crate) unknown: usize,
    /// How many are marked as known.
    pub(crate) known: usize,
    /// The vendor accounts by name.
    pub(crate) vendors: Vec<VendorDrift>,
}

/// What differs at one vendor account.
#[derive(Debug, Serialize)]
pub(crate) struct VendorDrift {
    pub(crate) vendor: String,
    pub(crate) dialect: &'static str,
    /// How many listed differences are not known.
    pub(crate) unknown: usize,
    /// The differences, those that are not known first, then the most recent first.
    pub(crate) differences: Vec<Seen>,
    /// All further differences together: at most 64 are listed.
    pub(crate) other: Option<Times>,
    /// Answers of a vendor that is out of order, or of what stands in front of it, by status; they are no drift.
    pub(crate) outages: BTreeMap<u16, Times>,
    /// The command that checks the account against its documentation.
    pub(crate) verify: String,
    /// The files to change if the vendor keeps what differs.
    pub(crate) files: Vec<String>,
}

/// One difference.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    #[serde(flatten)]
    pub(crate) difference: Difference,
    /// What is documented, as a sentence.
    pub(crate) documented: String,
    /// What was seen, as a sentence.
    pub(crate) found: String,
}

/// The document.
///
/// # Errors
/// The query has a parameter other than `vendor`.
pub(crate) fn drift(operator: &Operator, query: Option<&str>) -> Result<Drift, Problem> {
    query_names(query, &["vendor"])?;
    let (only, file) = (parameter(query, "vendor"), operator.reloader().file());
    let accounts = operator.gateway().routes.by_name().into_iter();
    let accounts = accounts.filter(|account| only.as_deref().is_none_or(|only| only == &*account.name));
    let file = file.map(|file| file.display().to_string());
    let vendors: Vec<_> = accounts.map(|account| VendorDrift::of(account, file.as_deref())).collect();
    let unknown = vendors.iter().map(|vendor| vendor.unknown).sum();
    let listed: usize = vendors.iter().map(|vendor| vendor.differences.len()).sum();
    Ok(Drift { unknown, known: listed - unknown, vendors })
}

/// Which difference an operator marks.
#[derive(Debug)]
pub(crate) struct Marked<'a> {
    pub(crate) vendor: &'a str,
    pub(crate) asked: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) field: &'a str,
    /// Whether it is known from now on.
    pub(crate) known: bool,
}

/// Marks a difference in this process, until it ends.
///
/// # Errors
/// No such difference is listed.
pub(crate) fn mark(operator: &Operator, marked: &Marked<'_>) -> Result<(), Problem> {
    let Marked { vendor, asked, kind, field, known } = *marked;
    let account = operator.gateway().routes.accounts.get(vendor);
    if !account.is_some_and(|account| account.drift.mark(asked, kind, field, known)) {
        let detail = "no vendor's list of differences has this one; `GET /admin/drift` lists them";
        return Err(Problem::new(Code::NotFound, detail));
    }
    Ok(())
}

/// `POST /admin/drift/known`: marks the difference that the query names, and responds with the document of its vendor.
///
/// # Errors
/// The query is invalid, or no such difference is listed.
pub(crate) fn mark_by_query(operator: &Operator, query: Option<&str>) -> Result<Drift, Problem> {
    query_names(query, &["vendor", "asked", "kind", "field", "known"])?;
    let needed = |name: &str| {
        parameter(query, name).ok_or_else(|| {
            let detail = format!("the query parameter `{name}` is missing; a difference is named by `vendor`, `asked`, `kind` and `field`");
            Problem::new(Code::InvalidRequest, detail)
        })
    };
    let known = match parameter(query, "known").as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => {
            return Err(Problem::new(Code::InvalidRequest, "the query parameter `known` has to be `true` or `false`"));
        }
    };
    let (vendor, asked, kind) = (needed("vendor")?, needed("asked")?, needed("kind")?);
    // A difference of an answer as a whole has no place.
    let field = parameter(query, "field").unwrap_or_default();
    mark(operator, &Marked { vendor: &vendor, asked: &asked, kind: &kind, field: &field, known })?;
    let only = form_urlencoded::Serializer::new(String::new()).append_pair("vendor", &vendor).finish();
    drift(operator, Some(&only))
}

impl VendorDrift {
    fn of(account: &Account, file: Option<&str>) -> Self {
        let seen = account.drift.seen();
        let (unknown, name) = (seen.unknown(), account.dialect.name);
        let mut differences = seen.differences;
        differences.sort_by_key(|one| (one.known, std::cmp::Reverse(one.times.last_seen)));
        let config = file.map(|file| format!(" --config {}", quoted(file))).unwrap_or_default();
        let pages = if account.dialect.plan.is_some() { "objects.json" } else { "answers/" };
        Self {
            vendor: account.name.to_string(),
            dialect: name,
            unknown,
            differences: differences.into_iter().map(Seen::of).collect(),
            other: seen.other,
            outages: seen.outages,
            verify: format!("cargo run -p conformance -- {}{config} --assistant ID", account.name),
            files: vec![format!("vendors/contracts/{name}/{pages}"), format!("vendors/src/{name}/mod.rs")],
        }
    }
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

impl Seen {
    fn of(difference: Difference) -> Self {
        let (documented, found) = described(&difference);
        Self { documented, found, difference }
    }
}

/// What is documented and what was seen.
fn described(difference: &Difference) -> (String, String) {
    let Difference { kind, field, detail, .. } = difference;
    let documented = |detail: &str| detail.strip_prefix("documented: ").unwrap_or(detail).to_owned();
    let both = |documented: &str, found: String| (documented.to_owned(), found);
    match *kind {
        "unknown_field" => both("no such member", detail.clone()),
        "missing_field" => (documented(detail), "no such member".to_owned()),
        "retyped_field" => match detail.split_once("; found: ") {
            Some((before, found)) => (documented(before), found.to_owned()),
            None => both("another type", detail.clone()),
        },
        "unknown_error_shape" => both("no error of this status and these members", field.clone()),
        "not_json" => both("JSON", detail.clone()),
        "byte_order_mark" => both("JSON without a byte order mark", "a byte order mark before it".to_owned()),
        "skipped_row" => both("rows with an id and a name", detail.clone()),
        "other_id" => both("the assistant that was asked for", detail.clone()),
        _ => both("", detail.clone()),
    }
}

#[cfg(test)]
mod tests {
    use crate::account::drift::DriftWatch;
    use crate::admin::documents::drift::*;
    use vendors::{DriftKind, Operation, ResponseBody};

    #[test]
    fn what_was_documented_and_seen_are_told_apart() {
        let watch = DriftWatch::default();
        let dialect = vendors::registry::dialect("sondos").unwrap();
        let body = r#"{"extra":1,"message":5,"data":{"id":1,"name":"n","status":"s","type":"inbound"}}"#;
        watch.check("v", dialect, Operation::Update, 200, &ResponseBody::read(body.as_bytes()), str::to_owned);
        let found: Vec<_> = watch.seen().differences.iter().map(|one| (one.kind, described(one))).collect();
        let pair = |documented: &str, found: &str| (documented.to_owned(), found.to_owned());
        assert_eq!(
            found,
            [
                ("unknown_field", pair("no such member", "a number")),
                ("retyped_field", pair("a string", "a number")),
                ("missing_field", pair("a string", "no such member")),
            ]
        );
    }

    #[test]
    fn every_kind_says_what_is_documented() {
        for kind in DriftKind::ALL {
            let times = Times { count: 1, first_seen: 0, last_seen: 0 };
            let (asked, kind, field, detail) = ("update", kind.as_str(), "a".to_owned(), String::new());
            let (documented, _) = described(&Difference { asked, kind, field, detail, known: false, times });
            assert!(!documented.is_empty() || matches!(kind, "missing_field"), "{kind}");
        }
    }

    #[test]
    fn a_path_is_quoted_for_a_shell_where_it_has_to_be() {
        assert_eq!(quoted("/etc/switchboard.toml"), "/etc/switchboard.toml");
        assert_eq!(quoted("/etc/it's here"), r"'/etc/it'\''s here'");
    }
}
