//! Absolute URLs of the web, as `webhook_url` has to be one. The check and the regular expression in the JSON Schema agree.

/// The same as [`is_web_address`] for JSON Schema (ECMA 262).
pub(super) const REGEX: &str = "^[Hh][Tt][Tt][Pp][Ss]?://([^\\s/?#@\\\\]*@)?(\\[[0-9A-Fa-f:.]+\\]|[^\\s/?#@:\\[\\]\\\\<>\"{}|^`]+)(:[0-9]{1,5})?([/?#]\\S*)?$";

/// Whether a text is an absolute URL with the scheme `http` or `https` and a host.
pub(super) fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) || rest.contains(is_space) {
        return false;
    }
    let authority = rest.get(..rest.find(['/', '?', '#']).unwrap_or(rest.len())).unwrap_or_default();
    let at = authority.rsplit_once('@');
    let (user, place) = at.map_or(("", authority), |(user, place)| (user, place));
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
    let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
    let foreign = ['[', ']', '\\', '<', '>', '"', '{', '}', '|', '^', '`', '@'];
    !host.is_empty() && !host.contains(foreign) && port.is_none_or(is_port)
}

/// White space as regular expressions of ECMA 262 understand it.
fn is_space(char: char) -> bool {
    char != '\u{85}' && char.is_whitespace() || char == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_url_of_the_web_has_a_scheme_and_a_host() {
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
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "",
            " ",
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
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
