//! The nearest known name for an unknown one, for "did you mean" hints.

use std::borrow::Cow;

/// Names longer than that, in bytes, are not typing errors.
const MAX_NAME_BYTES: usize = 64;

/// The candidate closest to `name`, without regard to case, if at most a third of its letters differ, or one.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    near(name, candidates).min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}

/// `did you mean …?` if there is a nearest name, otherwise what is said instead.
pub fn did_you_mean(nearest: Option<&str>, otherwise: impl Into<String>) -> String {
    nearest.map_or_else(|| otherwise.into(), |name| format!("did you mean `{name}`?"))
}

/// All candidates that are as close as [`nearest`] asks, the closest first.
pub fn nearest_names<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Vec<&'c str> {
    let mut found: Vec<_> = near(name, candidates).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The candidates that `name` may stand for, each with its distance.
fn near<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> impl Iterator<Item = (usize, &'c str)> {
    let is_name = name.len() <= MAX_NAME_BYTES;
    let name = name.to_ascii_lowercase();
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    let candidates = candidates.into_iter().take_while(move |_| is_name);
    candidates
        .filter_map(move |candidate| Some((distance(&name, length, candidate, limit)?, candidate)))
        .filter(|&(distance, candidate)| distance < candidate.chars().count())
}

/// The number of edits between the two, if it is at most `limit`. A missing or additional ending, as in `timeout` for
/// `timeout_ms` or `sales` for `sales-bot`, counts as one edit.
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

/// Whether one name is the other and an ending that starts with `_`, `-` or `.`.
fn has_ending(longer: &str, shorter: &str) -> bool {
    let (longer, shorter) = (longer.as_bytes(), shorter.as_bytes());
    matches!(longer.get(shorter.len()), Some(b'_' | b'-' | b'.'))
        && longer[..shorter.len()].eq_ignore_ascii_case(shorter)
}

#[cfg(test)]
mod tests {
    use super::{nearest, nearest_names};

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(nearest("tokn", ["dialect", "token"]), Some("token"));
        assert_eq!(nearest("Sondso", ["autocalls", "sondos"]), Some("sondos"));
        assert_eq!(nearest("timeout_ms", ["timeout", "token"]), Some("timeout"));
    }

    #[test]
    fn several_names_come_the_closest_first() {
        let names = ["sales-bot", "support", "sales-bit", "sales"];
        assert_eq!(nearest_names("Sales-Bot", names), ["sales-bot", "sales", "sales-bit"]);
        assert_eq!(nearest_names("frobnicate", names), [""; 0]);
        assert_eq!(nearest_names(&"x".repeat(10_000), ["xxxxx"]), [""; 0]);
    }

    #[test]
    fn an_unrelated_name_finds_nothing() {
        assert_eq!(nearest("frobnicate", ["token", "timeout"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), ["xxxxx"]), None);
    }
}
