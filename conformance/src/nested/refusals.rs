//! Updates of the check's own assistant that the vendor must refuse, and whether its refusals name what is wrong as its
//! dialect says; and a member that no vendor knows.

use vendors::canonical::Shape;
use vendors::json::push_string;
use vendors::{Field, Naming, Place, PlaceForm, Request, Rule, Run};

use crate::vendor_client::{Reply, Stop};
use crate::{FindingKind, Outcome, Verification};

use super::contract::refuses_unknown;
use super::{Ended, quoted};

/// How many fields get an impossible value.
const FIELDS: usize = 3;

/// Neither a number nor a boolean.
const IMPOSSIBLE: &str = "switchboard-verify";

/// A member that no vendor has.
const UNKNOWN: &str = "switchboard_verify";

impl Verification<'_> {
    /// Sends impossible values in some of the fields whose other values were accepted, then an unknown member.
    pub(super) async fn refusals_nested(&mut self, id: &str, accepted: &[(Field, Request)]) -> Result<(), Stop> {
        let mut plain: Vec<_> =
            accepted.iter().filter_map(|(field, request)| Some((*field, request, self.plain_path(*field)?))).collect();
        // Of each object of the assistant one, then others.
        let outer: Vec<_> = plain.iter().map(|(.., path)| path.first().copied()).collect();
        let mut order: Vec<_> = (0..plain.len()).collect();
        order.sort_by_key(|&index| outer.iter().take(index).filter(|known| **known == outer[index]).count());
        plain = order.into_iter().filter_map(|index| plain.get(index).copied()).collect();
        for (field, request, path) in plain.into_iter().take(FIELDS) {
            let request = Request { body: leaf(path, &quoted(IMPOSSIBLE)), ..request.clone() };
            match self.sent_to_own(id, &request).await? {
                Some(Ended::Rejected(_, reply)) => self.naming(field, path, &request, &reply),
                Some(Ended::Done { .. }) => {
                    let place = path.join(".");
                    let detail = format!("an impossible value in `{place}` is not refused");
                    self.findings.add(FindingKind::Ignored, Some(field), Some(&place), &detail);
                    self.report.outcome(field, Outcome::Found);
                }
                _ => {}
            }
        }
        match accepted.first() {
            Some((_, request)) => self.unknown_member(id, request).await,
            None => Ok(()),
        }
    }

    /// The path of a number or boolean that is sent as it stands.
    fn plain_path(&self, field: Field) -> Option<&'static [&'static str]> {
        let dialect = self.account.dialect();
        let Rule::At(Place { path, form: PlaceForm::Same | PlaceForm::Scaled(_), .. }) = dialect.row(field).rule else {
            return None;
        };
        let is_plain = matches!(dialect.describe(field).shape, Shape::Boolean | Shape::Number(_) | Shape::Integer(_));
        let is_spliced = dialect.splices.iter().any(|splice| splice.path == path);
        (is_plain && !is_spliced).then_some(path)
    }

    async fn sent_to_own(&mut self, id: &str, request: &Request) -> Result<Option<Ended>, Stop> {
        let settings = self.settings();
        let Some(mut run) = Run::update(self.account.dialect(), id, request, &settings) else { return Ok(None) };
        self.drive(&mut run).await.map(Some)
    }

    /// Whether a refusal names the field as the dialect says that it does.
    fn naming(&mut self, field: Field, path: &[&str], request: &Request, reply: &Reply) {
        let items = self.error(reply, &request.sent).items.list;
        let is_own = |item: &vendors::Item| {
            item.field.as_deref() == Some(field.name())
                || item.vendor_field.as_deref().is_some_and(|name| path.contains(&name))
        };
        let named: Vec<_> =
            items.iter().filter_map(|item| item.field.as_deref().or(item.vendor_field.as_deref())).collect();
        let must_name = matches!(self.account.dialect().responses.naming, Naming::AtStart { .. });
        let is_expected = items.iter().any(is_own) || (named.is_empty() && !must_name);
        if !is_expected {
            let names = if named.is_empty() { "no field".to_owned() } else { format!("`{}`", named.join("`, `")) };
            let detail = format!("the refusal of an impossible value names {names}: {}", self.said(reply));
            self.findings.add(FindingKind::ErrorNaming, Some(field), Some(&path.join(".")), &detail);
        }
    }

    /// Sends a member that no vendor knows, which is refused or dropped, as the contract says.
    async fn unknown_member(&mut self, id: &str, like: &Request) -> Result<(), Stop> {
        let dialect = self.account.dialect();
        let Some(object) = dialect.plan.and_then(|plan| plan.objects.first()) else { return Ok(()) };
        let path: Vec<&str> = [object.name, UNKNOWN].into_iter().filter(|name| !name.is_empty()).collect();
        let request = Request { body: leaf(&path, "true"), ..like.clone() };
        let must_refuse = refuses_unknown(dialect);
        let problem = match self.sent_to_own(id, &request).await? {
            Some(Ended::Done { .. }) if must_refuse == Some(true) => {
                "is accepted, and documented to be refused".to_owned()
            }
            Some(Ended::Done { .. }) => {
                let document = self.document(id).await?;
                if document.value().is_none_or(|told| told.at(&path).is_none()) {
                    return Ok(());
                }
                "is stored, and documented to be dropped".to_owned()
            }
            Some(Ended::Rejected(_, reply)) if must_refuse == Some(false) => {
                format!("is refused, and documented to be dropped: {}", self.said(&reply))
            }
            _ => return Ok(()),
        };
        let detail = format!("an unknown member {problem}");
        self.findings.add(FindingKind::Operation, None, Some("unknown_member"), &detail);
        Ok(())
    }
}

/// A document with one value.
fn leaf(path: &[&str], value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for name in path {
        out.push(b'{');
        push_string(&mut out, name);
        out.push(b':');
    }
    out.extend_from_slice(value.as_bytes());
    out.extend(std::iter::repeat_n(b'}', path.len()));
    out
}
