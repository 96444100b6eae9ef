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

/// The same, decoded; empty values are none, as in Laravel.
pub(crate) fn decoded(query: Option<&str>, name: &str) -> Option<String> {
    let text = value(query, name)?.replace('+', " ");
    Some(percent_decoded(&text)).filter(|text| !text.is_empty())
}

/// A text with its `%XX` decoded.
pub(crate) fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
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

    #[test]
    fn values_are_decoded() {
        for (text, wanted) in [("a=b+c", "b c"), ("a=Middle%20aged", "Middle aged"), ("a=%C3%a9", "é"), ("a=5%", "5%")]
        {
            assert_eq!(decoded(Some(text), "a").as_deref(), Some(wanted));
        }
        assert_eq!(decoded(Some("a="), "a"), None);
    }
}
