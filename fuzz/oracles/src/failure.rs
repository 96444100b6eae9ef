//! Oracle for vendors' error responses: any body is normalised to something bounded and well-formed.

use std::sync::LazyLock;

use vendors::{Field, ItemCode, Items, SentFields, normalize_error};

use crate::pointer;
use crate::vendor::vendors;

/// The longest text kept, in bytes.
const KEPT: usize = 1024 + 8;

const STATUSES: [u16; 4] = [403, 422, 503, 302];

/// What the request contained: nothing, or every field and options with unusual keys.
static SENT: LazyLock<[SentFields; 2]> = LazyLock::new(|| {
    let options = ["", "a", "a.b", "a~/b", "ü", "errors", "name"].map(str::to_owned).to_vec();
    [SentFields::default(), SentFields { fields: Field::ALL.into_iter().collect(), options }]
});

/// Fails for an item that is unbounded or whose pointer leads nowhere.
pub(crate) fn check(body: &[u8]) {
    for vendor in vendors() {
        for (sent, status) in SENT.iter().flat_map(|sent| STATUSES.map(|status| (sent, status))) {
            let failure = normalize_error(vendor.dialect, vendor.dialect.name, sent, status, body);
            assert!(failure.message.is_none_or(|message| message.len() <= KEPT));
            assert!(failure.retry_after.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0));
            assert!(failure.items.list.len() <= Items::MAX);
            for item in &failure.items.list {
                let segments = pointer::segments(&item.pointer);
                assert_eq!(item.code, ItemCode::RejectedByVendor);
                assert!(item.detail.len() <= KEPT, "{} bytes", item.detail.len());
                let (field, account) = match item.field.as_deref() {
                    Some(name) => {
                        name.split_once('.').map_or((Some(name), None), |(field, of)| (Some(field), Some(of)))
                    }
                    None => (None, None),
                };
                assert_eq!(segments.first().map(String::as_str), field, "{item:?}");
                assert!(field.is_none_or(|name| Field::from_name(name).is_some()), "{item:?}");
                // What stands in an account's own options is named by the account as well.
                assert!(account.is_none_or(|name| segments.get(1).is_some_and(|of| of == name)), "{item:?}");
                assert!(item.field.is_none() || item.vendor_field.is_none(), "{item:?}");
                assert!(item.vendor_field.as_ref().is_none_or(|key| key.len() <= 256 + 8), "{item:?}");
            }
        }
    }
}
