//! A record as JSON.

use vendors::json::push_string;

use crate::store::Record;

/// Writes the record's members.
pub(crate) fn push_record(out: &mut Vec<u8>, record: &Record, position: Option<u64>) {
    let _ = position;
    out.extend_from_slice(b"{\"update\":");
    push_string(out, &record.id.to_string());
    out.push(b'}');
}
