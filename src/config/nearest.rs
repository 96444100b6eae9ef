//! "Did you mean": the closest valid name to a mistyped one.

/// The candidate closest to `name`, letter case aside, if any is close enough to be what was meant.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let given = name.to_ascii_lowercase();
    let limit = given.chars().count() / 3 + 1;
    candidates
        .into_iter()
        .map(|candidate| (distance(&given, &candidate.to_ascii_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between the two; a dropped or added ending (`timeout` for `timeout_ms`) counts as one.
fn distance(given: &str, candidate: &str) -> usize {
    let whole_word =
        |longer: &str, shorter: &str| longer.strip_prefix(shorter).is_some_and(|rest| rest.starts_with('_'));
    if whole_word(given, candidate) || whole_word(candidate, given) {
        return 1;
    }
    strsim::osa_distance(given, candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name() {
        assert_eq!(nearest("tokn", ["dialect", "token"]), Some("token"));
        assert_eq!(nearest("Sondso", ["autocalls", "sondos"]), Some("sondos"));
        assert_eq!(nearest("timeout_ms", ["timeout", "token"]), Some("timeout"));
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(nearest("frobnicate", ["token", "timeout"]), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}
