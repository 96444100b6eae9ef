//! What becomes of a field on its way to a vendor, in a few words.

use crate::canonical::Field;
use crate::dialect::{Dialect, Rule, Support};

/// How a vendor's request holds a field that is applied: "renamed to `agent_name`".
pub fn what_becomes(dialect: &Dialect, field: Field) -> String {
    if let Rule::Assigned(by) = dialect.row(field).rule {
        return format!("given to {}, as {} there", by.title, by.member());
    }
    let described = dialect.describe(field);
    let wire = described.wire.join(" + ");
    match described.support {
        Support::Same | Support::Partial => "as it is".to_owned(),
        Support::Merged => "merged into the body".to_owned(),
        Support::Renamed => format!("renamed to {wire}"),
        Support::Mapped => {
            let pairs = described.values.iter().filter_map(|(from, to)| Some(format!("{from} → {}", to.as_ref()?)));
            let pairs = pairs.collect::<Vec<_>>().join(", ");
            if pairs.is_empty() { format!("mapped to {wire}") } else { format!("mapped to {wire}: {pairs}") }
        }
        Support::Resolved => format!("resolved to {wire}"),
        Support::Converted => format!("converted to {wire}"),
        Support::Unsupported => format!("sent although {} does not document this field", dialect.title),
    }
}
