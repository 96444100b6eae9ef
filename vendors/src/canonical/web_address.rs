//! Absolute URLs of the web, as `webhook_url` has to be one. The check and the regular expression in the JSON Schema agree.

/// The same as [`is_web_address`] for JSON Schema (ECMA 262).
pub(super) const REGEX: &str = "^[Hh][Tt][Tt][Pp][Ss]?://([^\\s\\u0000-\\u001f\\u007f/?#@\\\\]*@)?(\\[[0-9A-Fa-f:.]+\\]|[^\\s\\u0000-\\u001f\\u007f/?#@:\\[\\]\\\\<>\"{}|^`]+)(:[0-9]{1,5})?([/?#][^\\s\\u0000-\\u001f\\u007f]*)?$";

/// Whether a text is an absolute URL with the scheme `http` or `https` and a host.
pub(super) fn is_web_address(text: &str) -> bool {
    let scheme = text.bytes().take(6).position(|byte| byte == b':').unwrap_or_default();
    let (scheme, rest) = text.split_at_checked(scheme).unwrap_or_default();
    let Some(rest) = rest.strip_prefix("://") else { return false };
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) || has_space(rest) {
        return false;
    }
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let at = authority.bytes().rposition(|byte| byte == b'@');
    let (user, place) = at
        .and_then(|at| authority.split_at_checked(at))
        .map_or(("", authority), |(user, place)| (user, place.get(1..).unwrap_or_default()));
    !user.contains(['@', '\\']) && is_place(place)
}

/// Whether a text is a host and perhaps a port.
fn is_place(place: &str) -> bool {
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((address, rest)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let is_end = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return !address.is_empty() && address.bytes().all(is_address) && is_end;
    }
    let colon = place.bytes().position(|byte| byte == b':').unwrap_or(place.len());
    let (host, port) = place.split_at_checked(colon).unwrap_or_default();
    let is_foreign =
        |byte| matches!(byte, b'[' | b']' | b'\\' | b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'^' | b'`' | b'@');
    !host.is_empty() && !host.bytes().any(is_foreign) && (port.is_empty() || port.get(1..).is_some_and(is_port))
}

/// Whether a text has white space, as regular expressions of ECMA 262 understand it, or an ASCII control character.
fn has_space(text: &str) -> bool {
    let is_ascii_space = |byte: u8| byte <= b' ' || byte == 0x7f;
    text.bytes().any(is_ascii_space)
        || !text.is_ascii() && text.chars().any(|char| char != '\u{85}' && char.is_whitespace() || char == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_url_of_the_web_has_a_scheme_and_a_host() {
        let schema = serde_json::json!({ "type": "string", "pattern": REGEX });
        let pattern = jsonschema::validator_for(&schema).unwrap();
        let says_pattern = |text: &str| pattern.is_valid(&text.into());
        for good in [
            "https://example.com",
            "http://example.com/",
            "HTTPS://EXAMPLE.com:8443/a?b=c#d",
            "http://localhost:1",
            "https://[::1]:80/x",
            "https://user:pass@example.com/x@y",
            "https://münchen.example/ü",
            "http://127.0.0.1",
            "https://a.b?x",
            "https://a_b.example/{id}",
        ] {
            assert!(is_web_address(good) && says_pattern(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "https://\u{0}x",
            "https://example.com/\u{7f}",
            "https://user\u{1}@example.com",
            "nowhere",
            "example.com/hook",
            "/hook",
            "//example.com",
            "http:/example.com",
            "http://",
            "https:///x",
            "https://?x",
            "ftp://example.com",
            "javascript:alert(1)",
            "https//example.com",
            "https://exa mple.com",
            "https://example.com/a b",
            " https://example.com",
            "https://example.com\n",
            "https://:80",
            "https://a:b",
            "https://a:",
            "https://a:123456",
            "https://user@",
            "https://[::1",
            "https://[]",
            "https://[x]",
            "https://a[b",
            "https://a\\b",
            "https://<host>",
            "https://a:1:2",
            "mailto:a@b.c",
        ] {
            assert!(!is_web_address(bad) && !says_pattern(bad), "{bad:?}");
        }
    }
}
