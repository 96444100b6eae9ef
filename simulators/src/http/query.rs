//! Reads query parameters. The documented names and numbers need no decoding.

/// The last value of `name` in `query`, not decoded. Of repeated parameters the last one wins, as in Laravel.
pub(crate) fn value<'q>(query: Option<&'q str>, name: &str) -> Option<&'q str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_wins_and_an_absent_one_is_none() {
        assert_eq!(value(Some("page=2&per_page=5&page=3"), "page"), Some("3"));
        assert_eq!(value(Some("page"), "page"), None);
        assert_eq!(value(None, "page"), None);
    }
}
