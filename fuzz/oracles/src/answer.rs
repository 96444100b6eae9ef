//! Oracle for vendors' 2xx responses: they are read completely or not at all, and the result is bounded.

use vendors::{Catalog, InvalidResponse, normalize_response};

use crate::vendor::vendors;

/// The longest message kept and the longest text of a member, in bytes, including quotes and escapes.
const SENTENCE: usize = 1024 + 8;
const MEMBER: usize = 6 * 1024;

/// Fails for a body that is misread, as a response or as a catalog.
pub(crate) fn check(body: &[u8]) {
    let valid = crate::reference(body);
    for vendor in vendors() {
        match normalize_response(vendor.dialect, body) {
            Ok(response) => {
                assert_ne!(valid, Some(false), "a success is JSON");
                assert!(response.message.len() <= SENTENCE, "{} bytes", response.message.len());
                for (name, json) in response.data.members() {
                    assert!(json.len() <= MEMBER, "{name}: {} bytes", json.len());
                    assert_ne!(crate::reference(json.as_bytes()), Some(false), "{name}: {json}");
                    assert!(!json.starts_with(['{', '[']), "{name}: {json}");
                }
            }
            Err(InvalidResponse::NotJson(error)) => {
                let beyond = matches!(error.kind, vendors::json::JsonErrorKind::TooDeep(_));
                assert!(valid != Some(true) || beyond, "{error}");
            }
            Err(InvalidResponse::Error(sentence)) => assert!(sentence.is_none_or(|text| text.len() <= SENTENCE)),
            Err(InvalidResponse::Empty) => assert!(body.trim_ascii().is_empty()),
            Err(InvalidResponse::NoData | InvalidResponse::Lacks(_) | InvalidResponse::OtherObject(_)) => {}
        }
    }
    for spec in vendors().iter().flat_map(|vendor| vendor.dialect.catalogs.iter().flatten()) {
        if let Ok(catalog) = Catalog::parse(body, spec) {
            assert_ne!(valid, Some(false), "a catalog is JSON");
            assert!(catalog.len() <= body.len());
        }
    }
}
