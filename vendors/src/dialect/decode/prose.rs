//! The sentence in a body that is not JSON: plain text, or the title of a web page.

use std::borrow::Cow;

use crate::json::{excerpt, without_byte_order_mark};

use super::vendor_error::MAX_TEXT_BYTES;

/// How much of a page is searched for its title, in bytes.
const MAX_SEARCHED_BYTES: usize = 64 * 1024;

/// The elements whose text says what a page is about, the best first. XML errors have a `message`.
const TITLES: [&str; 4] = ["title", "h1", "message", "pre"];

/// Whether a body is a page of HTML or XML.
pub(super) fn is_page(body: &[u8]) -> bool {
    without_byte_order_mark(body).trim_ascii_start().starts_with(b"<")
}

/// Whether a body begins as JSON does.
pub(super) fn is_like_json(body: &[u8]) -> bool {
    matches!(without_byte_order_mark(body).trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The text of a body that is not JSON, or the title of a page; `None` if it has none or is not text. The text is cut to
/// what is kept of a vendor's sentences.
pub(super) fn sentence(body: &[u8]) -> Option<String> {
    let body = without_byte_order_mark(body);
    let searched = body.get(..MAX_SEARCHED_BYTES).unwrap_or(body);
    // A character that the limit cuts is no sign of another encoding.
    let text = match std::str::from_utf8(searched) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(searched),
        Err(_) => latin1(searched)?,
    };
    let text = text.trim();
    let found = if text.starts_with('<') { title(text)? } else { text.to_owned() };
    let is_text = |char: char| !char.is_control() || matches!(char, '\t' | '\r' | '\n');
    (!found.is_empty() && found.chars().take(MAX_TEXT_BYTES).all(is_text))
        .then(|| excerpt(&found, MAX_TEXT_BYTES).into_owned())
}

/// Older servers write their pages in Latin-1. Compressed and other binary bodies have control characters.
fn latin1(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let is_text = |byte: &u8| !matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127..=159);
    bytes.iter().all(is_text).then(|| bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into())
}

fn title(page: &str) -> Option<String> {
    let folded = page.to_ascii_lowercase();
    TITLES.iter().find_map(|name| {
        let start = element(&folded, name)?;
        let length = folded.get(start..)?.find(&format!("</{name}"))?;
        let text = visible(page.get(start..start + length)?);
        (!text.is_empty()).then_some(text)
    })
}

/// The position after the opening tag of the first element called `name`.
fn element(page: &str, name: &str) -> Option<usize> {
    page.match_indices(&format!("<{name}")).find_map(|(at, tag)| {
        let rest = page.get(at + tag.len()..)?;
        let is_name = rest.starts_with(|next: char| next == '>' || next.is_ascii_whitespace());
        is_name.then(|| rest.find('>').map(|end| at + tag.len() + end + 1))?
    })
}

/// The text without its tags, entities decoded, white space in one piece.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(rest.get(..open).unwrap_or_default());
        text.push(' ');
        let tag = rest.get(open..).unwrap_or_default();
        rest = tag.find('>').and_then(|close| tag.get(close + 1..)).unwrap_or_default();
    }
    text.push_str(rest);
    decoded(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (plain, entity) = rest.split_at(at);
        out.push_str(plain);
        let end = entity.find(';').filter(|&end| end <= 10);
        let named = end.and_then(|end| Some((character(entity.get(1..end)?)?, end + 1)));
        let (char, length) = named.unwrap_or(('&', 1));
        out.push(char);
        rest = entity.get(length..).unwrap_or_default();
    }
    out + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some(' '),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_not_json_still_has_a_sentence() {
        for (body, expected) in [
            (&b" Name is too long.\n"[..], Some("Name is too long.")),
            (b"\xef\xbb\xbfToo long", Some("Too long")),
            ("Zu lang: Café".as_bytes(), Some("Zu lang: Café")),
            (b"Caf\xe9 ferm\xe9", Some("Café fermé")),
            (
                b"<html><head><TITLE lang=en>\n 502 Bad&nbsp;Gateway &#8211; x&amp;y </TITLE></head>",
                Some("502 Bad Gateway – x&y"),
            ),
            (
                b"<!DOCTYPE html><header>no</header><body><h1>Just a <b>moment</b>&hellip;</h1>",
                Some("Just a moment &hellip;"),
            ),
            (b"<html><body><pre>Cannot PUT /api</pre></body></html>", Some("Cannot PUT /api")),
            (b"<?xml version=\"1.0\"?><Error><Message>Access Denied</Message></Error>", Some("Access Denied")),
            (b"<html><body>422</body></html>", None),
            (b"<title></title><title", None),
            (b"<", None),
            (b" \r\n", None),
            (b"", None),
            (b"\x1f\x8b\x08\0\0\0", None),
            (b"\x8b\x02\x80", None),
            (b"a\0b", None),
        ] {
            assert_eq!(sentence(body).as_deref(), expected, "{:?}", String::from_utf8_lossy(body));
        }
        assert_eq!(sentence(&b"x".repeat(5000)).map(|text| text.len()), Some(MAX_TEXT_BYTES));
        assert!(sentence("ü".repeat(40_000).as_bytes()).is_some(), "a character that the limit cuts");
    }
}
