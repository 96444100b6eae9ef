//! hyper's own answer to a request it cannot parse: a head without a body, which cannot be configured.
//!
//! It is told from our answers by its exact bytes: it has no field but `connection`, `content-length:
//! 0` and `date`, and nothing follows it. The few answers of ours that could end alike switch the
//! recognition off for their connection before they are written (see `tracked_body`, `admission`).

use std::io::IoSlice;

use super::refusal::Reason;

/// As long as the longest canned head, or longer.
const WINDOW: usize = 160;
const DATE_LEN: usize = 29;
const END: &[u8] = b"\r\n\r\n";

/// Everything before the date: what hyper writes to a HTTP/1.1 and to a HTTP/1.0 peer.
const PREFIXES: [(Reason, &[u8]); 6] = [
    (Reason::Malformed, b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: "),
    (Reason::UriTooLong, b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: "),
    (
        Reason::HeadTooLarge,
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: ",
    ),
    (Reason::Malformed, b"HTTP/1.0 400 Bad Request\r\ncontent-length: 0\r\ndate: "),
    (Reason::UriTooLong, b"HTTP/1.0 414 URI Too Long\r\ncontent-length: 0\r\ndate: "),
    (Reason::HeadTooLarge, b"HTTP/1.0 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: "),
];

/// A canned head at the end of what is about to be written.
#[derive(Debug)]
pub(crate) struct CannedHead {
    /// What hyper found wrong.
    pub(crate) reason: Reason,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl CannedHead {
    /// The canned head that `bufs` end with; one comparison unless they end with a line feed.
    pub(crate) fn at_end_of(bufs: &[IoSlice<'_>]) -> Option<Self> {
        let last = bufs.iter().rev().find_map(|buf| buf.last())?;
        if *last != b'\n' {
            return None;
        }
        let mut window = [0; WINDOW];
        let mut free = WINDOW;
        for buf in bufs.iter().rev() {
            let taken = buf.len().min(free);
            window[free - taken..free].copy_from_slice(&buf[buf.len() - taken..]);
            free -= taken;
        }
        Self::at_end_of_text(&window[free..])
    }

    fn at_end_of_text(text: &[u8]) -> Option<Self> {
        let text_before_end = text.strip_suffix(END)?;
        let (text_before_date, date) =
            text_before_end.split_at_checked(text_before_end.len().checked_sub(DATE_LEN)?)?;
        let (reason, prefix) = PREFIXES.iter().find(|(_, prefix)| text_before_date.ends_with(prefix))?;
        date.ends_with(b" GMT")
            .then(|| Self { reason: *reason, bytes: text[text_before_date.len() - prefix.len()..].to_vec() })
    }
}

/// Whether a body that ends with `data` could end with a canned head.
pub(crate) fn may_end_like_one(data: &[u8]) -> bool {
    let len = data.len().min(END.len());
    data[data.len() - len..] == END[END.len() - len..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANNED: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: Sat, 21 Nov 2026 08:47:31 GMT\r\n\r\n";

    fn found(bufs: &[&[u8]]) -> Option<(Reason, usize)> {
        let slices: Vec<_> = bufs.iter().map(|buf| IoSlice::new(buf)).collect();
        CannedHead::at_end_of(&slices).map(|canned| (canned.reason, canned.bytes.len()))
    }

    #[test]
    fn it_is_found_however_the_write_is_cut() {
        let whole = Some((Reason::Malformed, CANNED.len()));
        assert_eq!(found(&[CANNED]), whole);
        for cut in 0..CANNED.len() {
            assert_eq!(found(&[&CANNED[..cut], b"", &CANNED[cut..], b""]), whole);
            assert_eq!(found(&[b"HTTP/1.1 200 OK\r\n\r\n{}", &CANNED[..cut], &CANNED[cut..]]), whole);
        }
        let old = CANNED.strip_prefix(b"HTTP/1.1 400 Bad Request\r\nconnection: close").unwrap();
        let old = [b"HTTP/1.0 414 URI Too Long", old].concat();
        assert_eq!(found(&[&old]), Some((Reason::UriTooLong, old.len())));
    }

    #[test]
    fn nothing_else_is() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[b"\n"]), None);
        for cut in 1..CANNED.len() {
            assert_eq!(found(&[&CANNED[cut..]]), None);
            assert_eq!(found(&[&CANNED[..cut]]), None);
        }
        assert_eq!(found(&[CANNED, b"{}"]), None);
        let text = String::from_utf8(CANNED.to_vec()).unwrap();
        for changed in [
            text.replace("400 Bad Request", "404 Not Found"),
            text.replace("GMT", "UTC"),
            text.replace("\r\ndate", "\r\nx-a: b\r\ndate"),
        ] {
            assert_eq!(found(&[changed.as_bytes()]), None);
        }
    }

    #[test]
    fn a_body_that_could_end_like_one_is_noticed() {
        for yes in [CANNED, b"\r\n\r\n", b"\n", b"\r\n", b"\n\r\n", b""] {
            assert!(may_end_like_one(yes));
        }
        for no in [&b"{}"[..], b"{}\n", b"}\r\n", b"a\n\r\n", b" "] {
            assert!(!may_end_like_one(no));
        }
    }
}
