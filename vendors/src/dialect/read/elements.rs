//! Makes documents of the elements of a list that hold only one of a document's objects.

use std::borrow::Cow;

use super::InvalidPage;
use super::page::list_in;
use crate::dialect::Dialect;
use crate::json::{Limits, Value, push_string, read_value};

/// A page whose elements are documents: the body itself, or one in which each element stands under the member that it is
/// of a document. Everything beside the list stays as it is.
///
/// # Errors
/// The body is not a page.
pub fn list_of_documents<'a>(dialect: &Dialect, body: &'a [u8]) -> Result<Cow<'a, [u8]>, InvalidPage> {
    let Some(listing) = dialect.operations.list.filter(|listing| !listing.item.is_empty()) else {
        return Ok(Cow::Borrowed(body));
    };
    let whole = read_value(body, Limits::VENDOR).map_err(InvalidPage::Json)?;
    let list = list_in(&listing, whole)?;
    let mut out = Vec::with_capacity(body.len() + body.len() / 4);
    if list.is_same(whole) {
        push_wrapped(&mut out, list, listing.item);
        return Ok(Cow::Owned(out));
    }
    out.push(b'{');
    for (key, value) in whole.members() {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, &key);
        out.push(b':');
        match list.is_same(value) {
            true => push_wrapped(&mut out, list, listing.item),
            false => out.extend_from_slice(value.text().as_bytes()),
        }
    }
    out.push(b'}');
    Ok(Cow::Owned(out))
}

fn push_wrapped(out: &mut Vec<u8>, list: Value<'_>, item: &str) {
    out.push(b'[');
    for (index, element) in list.elements().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'{');
        push_string(out, item);
        out.push(b':');
        out.extend_from_slice(element.text().as_bytes());
        out.push(b'}');
    }
    out.push(b']');
}
