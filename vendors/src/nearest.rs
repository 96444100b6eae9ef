//! The nearest known name for an unknown one, for "did you mean" hints.

use std::borrow::Cow;

/// Names longer than that, in bytes, are not typing errors.
const MAX_NAME_BYTES: usize = 64;

/// The candidate closest to `name`, without regard to case, if at most a third of its letters differ, or one.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&name, length, candidate, limit)?, candidate)))
        .filter(|&(distance, candidate)| distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The number of edits between the two, if it is at most `limit`. A missing or additional ending, as in `timeout` for
/// `timeout_ms`, counts as one edit.
fn distance(name: &str, length: usize, candidate: &str, limit: usize) -> Option<usize> {
    if has_ending(name, candidate) || has_ending(candidate, name) {
        return Some(1);
    }
    // The distance is at least the difference in length, which is cheaper to compute.
    if candidate.chars().count().abs_diff(length) > limit {
        return None;
    }
    let candidate = match candidate.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(candidate.to_ascii_lowercase()),
        false => Cow::Borrowed(candidate),
    };
    Some(strsim::osa_distance(name, &candidate)).filter(|&distance| distance <= limit)
}

/// Whether one name is the other and an ending that starts with `_`.
fn has_ending(longer: &str, shorter: &str) -> bool {
    let (longer, shorter) = (longer.as_bytes(), shorter.as_bytes());
    longer.get(shorter.len()) == Some(&b'_') && longer[..shorter.len()].eq_ignore_ascii_case(shorter)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(nearest("tokn", ["dialect", "token"]), Some("token"));
        assert_eq!(nearest("Sondso", ["autocalls", "sondos"]), Some("sondos"));
        assert_eq!(nearest("timeout_ms", ["timeout", "token"]), Some("timeout"));
    }

    #[test]
    fn an_unrelated_name_finds_nothing() {
        assert_eq!(nearest("frobnicate", ["token", "timeout"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), ["xxxxx"]), None);
    }
}
