//! Strict HTTP/1 framing and the limits of a head, in front of hyper's parser.
//!
//! hyper accepts some heads that two parsers could read in two ways: bare line feeds,
//! `Transfer-Encoding` beside `Content-Length`, repeated equal lengths, codings before `chunked`. And it answers a head
//! over its limits without a body. The gate follows the bytes of a connection on their way to hyper. It withholds a head
//! that breaks a rule or is over a limit, and all that comes after it, so that the connection can answer it.
//!
//! Of a head few bytes matter: the gate steps through those and glides over what lies between them.
//!
//! To find the next head the gate follows chunked bodies as well, by hyper's rules or stricter
//! ones (a chunk size has 16 digits at most). It withholds the first byte that breaks them, and all that comes after it.

use memchr::{memchr, memchr2, memchr3};

use crate::net::rejection::Reason;

/// Digits of a chunk size, leading zeros among them: as many as 64 bits have.
const SIZE_DIGITS: u8 = 16;
/// As long as the longest name or value that matters, plus one.
const WORD: usize = 18;

/// What one head may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    /// Bytes, request line included.
    pub(crate) bytes: usize,
    /// Bytes of the request line above which a head over `bytes` has too long a target.
    pub(crate) target: usize,
    /// Header fields.
    pub(crate) fields: usize,
}

/// Follows one HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct FramingGate {
    limits: HeadLimits,
    place: Place,
    /// Bytes of the current head in earlier input.
    head_bytes: usize,
    request_line: usize,
    /// The last byte of the request line so far; in the end that of its version.
    version_end: u8,
    fields: usize,
    word: [u8; WORD],
    word_len: usize,
    length: Option<u64>,
    chunked: bool,
    heads: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Between,
    BlankLine,
    RequestLine { target: bool, cr: bool },
    Name,
    Value { of: Field, cr: bool },
    HeadEnd,
    Body { left: u64 },
    ChunkSize { digits: u8, size: u64 },
    ChunkExtension { size: u64 },
    ChunkSizeEnd { size: u64 },
    ChunkData { left: u64 },
    ChunkDataEnd { cr: bool },
    TrailerStart,
    Trailer { cr: bool },
    TrailerEnd,
    RefusedHead(Reason),
    RefusedBody,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    ContentLength { digits: bool, ended: bool },
    TransferEncoding { ended: bool },
    Other,
}

impl FramingGate {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            place: Place::Between,
            head_bytes: 0,
            request_line: 0,
            version_end: 0,
            fields: 0,
            word: [0; WORD],
            word_len: 0,
            length: None,
            chunked: false,
            heads: 0,
        }
    }

    /// Whether a head has begun and not ended; also from a refusal on.
    pub(crate) fn in_head(&self) -> bool {
        use Place as P;
        matches!(self.place, P::RequestLine { .. } | P::Name | P::Value { .. } | P::HeadEnd | P::RefusedHead(_))
    }

    /// Whether the gate lets nothing more through.
    pub(crate) fn has_refused(&self) -> bool {
        matches!(self.place, Place::RefusedHead(_) | Place::RefusedBody)
    }

    /// Why the gate has refused a head.
    pub(crate) fn refused_head(&self) -> Option<Reason> {
        if let Place::RefusedHead(reason) = self.place { Some(reason) } else { None }
    }

    /// Whether all input so far belongs to whole requests.
    pub(crate) fn is_between(&self) -> bool {
        self.place == Place::Between
    }

    /// How many heads have begun.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    /// Follows `bytes`; returns how many of them hyper may read.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> usize {
        let (mut head_start, mut at) = (0, self.glide(bytes));
        while let Some(byte) = bytes.get(at) {
            let place = self.place;
            if place == Place::Between {
                head_start = at;
            }
            self.place = self.step(place, *byte).unwrap_or_else(|| place.refused());
            if place == Place::HeadEnd {
                self.limit_head(at + 1 - head_start);
                self.head_bytes = 0;
            }
            match self.place {
                Place::RefusedHead(_) => return head_start,
                Place::RefusedBody => return at,
                _ => {}
            }
            at += 1;
            at += self.glide(&bytes[at..]);
        }
        if self.in_head() {
            self.head_bytes += bytes.len() - head_start;
            self.limit_head(0);
        }
        if self.has_refused() { head_start } else { bytes.len() }
    }

    /// Refuses the head if it is over a limit, with `more` bytes beside those of earlier input.
    fn limit_head(&mut self, more: usize) {
        let bytes = self.head_bytes + more;
        if self.refused_head().is_none() && (bytes > self.limits.bytes || self.fields > self.limits.fields) {
            let long_target = bytes > self.limits.bytes && self.request_line > self.limits.target;
            self.place = Place::RefusedHead(if long_target { Reason::UriTooLong } else { Reason::HeadTooLarge });
        }
    }

    /// Passes over bytes that need no look each, to where [`step`](Self::step) by each of them would lead; returns how
    /// many they are.
    fn glide(&mut self, bytes: &[u8]) -> usize {
        let until = |end: Option<usize>| end.unwrap_or(bytes.len());
        match self.place {
            Place::RequestLine { target: false, cr: false } => until(memchr3(b' ', b'\r', b'\n', bytes)),
            Place::RequestLine { target: true, cr: false } => {
                let line = until(memchr3(b'#', b'\r', b'\n', bytes));
                let end = memchr3(b'<', b'>', b'`', &bytes[..line]).unwrap_or(line);
                let end = memchr(b'"', &bytes[..end]).unwrap_or(end);
                self.request_line += end;
                self.version_end = bytes[..end].last().copied().unwrap_or(self.version_end);
                self.glide_into_next_line(bytes, end)
            }
            Place::Name => {
                let name = until(bytes.iter().position(|byte| matches!(byte, b':' | b' ' | b'\t' | b'\r' | b'\n')));
                self.push(&bytes[..name]);
                name
            }
            Place::Value { of: Field::Other, cr: false } => {
                self.glide_into_next_line(bytes, until(memchr2(b'\r', b'\n', bytes)))
            }
            Place::Body { left } => self.skip(left, bytes.len(), |left| Place::Body { left }, Place::Between),
            Place::ChunkData { left } => {
                let end = Place::ChunkDataEnd { cr: false };
                self.skip(left, bytes.len(), |left| Place::ChunkData { left }, end)
            }
            _ => 0,
        }
    }

    /// Passes over `end` bytes of a line and, if the line ends there as it should, on into the next one.
    fn glide_into_next_line(&mut self, bytes: &[u8], end: usize) -> usize {
        match bytes[end..].strip_prefix(b"\r\n") {
            Some(next) => {
                self.place = self.next_line();
                end + 2 + self.glide(next)
            }
            None => end,
        }
    }

    fn skip(&mut self, left: u64, here: usize, on: impl Fn(u64) -> Place, end: Place) -> usize {
        let taken = usize::try_from(left).map_or(here, |left| left.min(here));
        let left = left - taken as u64;
        self.place = if left == 0 { end } else { on(left) };
        taken
    }

    /// The place after `byte`, or `None` when it is a violation.
    fn step(&mut self, place: Place, byte: u8) -> Option<Place> {
        match (place, byte) {
            (Place::Between, b'\r') => Some(Place::BlankLine),
            (Place::BlankLine, b'\n') => {
                self.head_bytes += 2; // of the head that follows
                let endless = self.head_bytes > self.limits.bytes;
                Some(if endless { Place::RefusedHead(Reason::HeadTooLarge) } else { Place::Between })
            }
            (Place::Between, b'\n') | (Place::BlankLine, _) => None,
            (Place::Between, _) => {
                self.heads += 1;
                (self.request_line, self.fields) = (0, 0);
                self.length = None;
                self.chunked = false;
                Some(Place::RequestLine { target: false, cr: false })
            }
            (Place::RequestLine { cr, .. }, b'\n') => cr.then(|| self.next_line()),
            (Place::RequestLine { cr: true, .. }, _) => None,
            // A target has no fragment; hyper would drop it, and whatever looks like a query behind it. The others it
            // would refuse without a problem, and a caller who forgets to fill in `<name>` needs one.
            (Place::RequestLine { target: true, .. }, b'#' | b'<' | b'>' | b'`' | b'"') => None,
            (Place::RequestLine { target, .. }, _) => {
                if target && byte != b'\r' {
                    self.version_end = byte;
                }
                Some(Place::RequestLine { target: target || byte == b' ', cr: byte == b'\r' })
            }
            (Place::Name, _) => self.step_name(byte),
            (Place::Value { of, cr }, b'\n') => (cr && self.accepts(of)).then(|| self.next_line()),
            (Place::Value { cr: true, .. }, _) => None,
            (Place::Value { of, .. }, b'\r') => Some(Place::Value { of, cr: true }),
            (Place::Value { of, .. }, _) => Some(Place::Value { of: self.step_value(of, byte)?, cr: false }),
            (Place::HeadEnd, b'\n') => Some(match self.length {
                _ if self.chunked => Place::ChunkSize { digits: 0, size: 0 },
                None | Some(0) => Place::Between,
                Some(left) => Place::Body { left },
            }),
            (Place::HeadEnd, _) => None,
            (place, byte) => step_chunk(place, byte),
        }
    }

    fn next_line(&mut self) -> Place {
        self.word_len = 0;
        Place::Name
    }

    fn step_name(&mut self, byte: u8) -> Option<Place> {
        match byte {
            b'\r' if self.word_len == 0 => Some(Place::HeadEnd),
            b' ' | b'\t' | b'\r' | b'\n' => None,
            b':' => {
                self.fields += 1;
                let of = self.field()?;
                self.word_len = 0;
                Some(Place::Value { of, cr: false })
            }
            _ => {
                self.push(&[byte]);
                Some(Place::Name)
            }
        }
    }

    /// The field the collected name stands for; `None` when its second line or its rival was there, or it must not be.
    fn field(&mut self) -> Option<Field> {
        let fresh = self.length.is_none() && !self.chunked;
        if self.word_is("content-length") {
            self.length = fresh.then_some(0);
            fresh.then_some(Field::ContentLength { digits: false, ended: false })
        } else if self.word_is("transfer-encoding") {
            self.chunked = fresh && self.version_end != b'0'; // HTTP/1.0 has no codings
            self.chunked.then_some(Field::TransferEncoding { ended: false })
        } else {
            Some(Field::Other)
        }
    }

    fn step_value(&mut self, of: Field, byte: u8) -> Option<Field> {
        let space = matches!(byte, b' ' | b'\t');
        match of {
            Field::ContentLength { digits, .. } if space => Some(Field::ContentLength { digits, ended: digits }),
            Field::ContentLength { ended: false, .. } if byte.is_ascii_digit() => {
                let digit = u64::from(byte - b'0');
                let length = self.length?.checked_mul(10)?.checked_add(digit)?;
                self.length = Some(length);
                Some(Field::ContentLength { digits: true, ended: false })
            }
            Field::ContentLength { .. } => None,
            Field::TransferEncoding { .. } if space => Some(Field::TransferEncoding { ended: self.word_len > 0 }),
            Field::TransferEncoding { ended: true } => None,
            Field::TransferEncoding { .. } => {
                self.push(&[byte]);
                Some(of)
            }
            Field::Other => Some(Field::Other),
        }
    }

    fn accepts(&self, of: Field) -> bool {
        match of {
            Field::ContentLength { digits, .. } => digits,
            Field::TransferEncoding { .. } => self.word_is("chunked"),
            Field::Other => true,
        }
    }

    /// Collects bytes; a word too long to matter stays too long.
    fn push(&mut self, bytes: &[u8]) {
        let free = &mut self.word[self.word_len..];
        let taken = bytes.len().min(free.len());
        free[..taken].copy_from_slice(&bytes[..taken]);
        self.word_len += taken;
    }

    fn word_is(&self, word: &str) -> bool {
        self.word[..self.word_len].eq_ignore_ascii_case(word.as_bytes())
    }
}

impl Place {
    /// What a violation here makes of it.
    fn refused(self) -> Self {
        use Place as P;
        match self {
            P::Between | P::BlankLine | P::RequestLine { .. } | P::Name | P::Value { .. } | P::HeadEnd => {
                P::RefusedHead(Reason::Malformed)
            }
            P::RefusedHead(_) => self,
            _ => P::RefusedBody,
        }
    }
}

/// The place after `byte` in a chunked body, or `None` when it is a violation.
fn step_chunk(place: Place, byte: u8) -> Option<Place> {
    match (place, byte) {
        (Place::ChunkSize { digits: 1.., size }, b'\r') => Some(Place::ChunkSizeEnd { size }),
        (Place::ChunkSize { digits: 1.., size }, b';' | b' ' | b'\t') => Some(Place::ChunkExtension { size }),
        (Place::ChunkSize { digits: digits @ 0..SIZE_DIGITS, size }, _) => {
            let digit = char::from(byte).to_digit(16)?;
            Some(Place::ChunkSize { digits: digits + 1, size: size << 4 | u64::from(digit) })
        }
        (Place::ChunkExtension { size }, b'\r') => Some(Place::ChunkSizeEnd { size }),
        (Place::ChunkExtension { .. }, b'\n') => None,
        (Place::ChunkExtension { .. }, _) => Some(place),
        (Place::ChunkSizeEnd { size: 0 }, b'\n') => Some(Place::TrailerStart),
        (Place::ChunkSizeEnd { size }, b'\n') => Some(Place::ChunkData { left: size }),
        (Place::ChunkDataEnd { cr: false }, b'\r') => Some(Place::ChunkDataEnd { cr: true }),
        (Place::ChunkDataEnd { cr: true }, b'\n') => Some(Place::ChunkSize { digits: 0, size: 0 }),
        (Place::TrailerStart, b'\r') => Some(Place::TrailerEnd),
        (Place::Trailer { cr: true }, b'\n') => Some(Place::TrailerStart),
        (Place::Trailer { cr: true }, _) | (Place::TrailerStart | Place::Trailer { .. }, b'\n') => None,
        (Place::TrailerStart | Place::Trailer { .. }, _) => Some(Place::Trailer { cr: byte == b'\r' }),
        (Place::TrailerEnd, b'\n') => Some(Place::Between),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
