//! Parses JSON Pointers in URI fragments, independently of the code that writes them.

use percent_encoding::percent_decode_str;

/// Longer than any pointer in a bounded response: a few segments of 128 bytes, each escaped.
const LONGEST: usize = 8 * 1024;

/// The decoded segments of a pointer; fails if the text is not a pointer.
pub(crate) fn segments(pointer: &str) -> Vec<String> {
    assert!(pointer.len() <= LONGEST, "{} bytes of pointer", pointer.len());
    assert!(pointer.bytes().all(|byte| byte.is_ascii_graphic()), "{pointer:?}");
    let rest = pointer.strip_prefix('#').unwrap_or_else(|| panic!("{pointer:?} is not a fragment"));
    assert!(rest.is_empty() || rest.starts_with('/'), "{pointer:?}");
    rest.split('/').skip(1).map(|segment| decoded(segment, pointer)).collect()
}

fn decoded(segment: &str, pointer: &str) -> String {
    let escapes = segment.split('%').skip(1);
    for escape in escapes {
        let digits = escape.as_bytes().get(..2);
        assert!(digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)), "{pointer:?}");
    }
    let text = percent_decode_str(segment).decode_utf8().unwrap_or_else(|_| panic!("{pointer:?} is no UTF-8"));
    for escape in text.split('~').skip(1) {
        assert!(escape.starts_with(['0', '1']), "{pointer:?}");
    }
    text.replace("~1", "/").replace("~0", "~")
}
