//! Strict HTTP/1 framing, in front of hyper's parser and stricter than it.
//!
//! hyper accepts some heads that two parsers could read in two ways: bare line feeds,
//! `Transfer-Encoding` beside `Content-Length`, repeated equal lengths, codings before `chunked`.
//! The gate follows the bytes of a connection on their way to hyper. At the first such byte it writes
//! a NUL in its place, so that hyper refuses the head itself, in order behind the pipelined answers
//! before it, and from then on looks no further: hyper reads no head after a refused one.
//!
//! Of a head few bytes matter: the gate steps through those and glides over what lies between them.
//!
//! To know where the next head begins it follows chunked bodies as well, by hyper's rules or stricter
//! ones (a chunk size has 16 digits at most). The first byte that breaks them becomes a NUL, too,
//! unless hyper refuses that very byte anyway: hyper then ends the body with an error and reads no
//! head after it. Neither way does the gate make hyper accept anything.

use memchr::{memchr2, memchr3};

/// Digits of a chunk size, leading zeros among them: as many as 64 bits have.
const SIZE_DIGITS: u8 = 16;
/// As long as the longest name or value that matters, plus one.
const WORD: usize = 18;

/// Follows one HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct FramingGate {
    place: Place,
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
    RefusedHead,
    RefusedBody,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    ContentLength { digits: bool, ended: bool },
    TransferEncoding { ended: bool },
    Other,
}

impl FramingGate {
    pub(crate) fn new() -> Self {
        Self { place: Place::Between, word: [0; WORD], word_len: 0, length: None, chunked: false, heads: 0 }
    }

    /// Whether a head has begun and not ended; also from a refusal on.
    pub(crate) fn in_head(&self) -> bool {
        use Place as P;
        matches!(self.place, P::RequestLine { .. } | P::Name | P::Value { .. } | P::HeadEnd | P::RefusedHead)
    }

    /// Whether the gate has refused a head.
    pub(crate) fn has_refused(&self) -> bool {
        self.place == Place::RefusedHead
    }

    /// Whether all input so far belongs to whole requests.
    pub(crate) fn is_between(&self) -> bool {
        self.place == Place::Between
    }

    /// How many heads have begun.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    /// Follows `bytes`; in the first byte of a violation stands a NUL afterwards.
    pub(crate) fn follow(&mut self, bytes: &mut [u8]) {
        let mut at = self.glide(bytes);
        while let Some(byte) = bytes.get_mut(at) {
            let place = self.place;
            self.place = self.step(place, *byte).unwrap_or_else(|| {
                *byte = 0;
                place.refused()
            });
            at += 1;
            at += self.glide(&bytes[at..]);
        }
    }

    /// Passes over bytes that need no look each, to where [`step`](Self::step) by each of them would lead; returns how
    /// many they are.
    fn glide(&mut self, bytes: &[u8]) -> usize {
        let until = |end: Option<usize>| end.unwrap_or(bytes.len());
        match self.place {
            Place::RequestLine { target: false, cr: false } => until(memchr3(b' ', b'\r', b'\n', bytes)),
            Place::RequestLine { target: true, cr: false } => {
                self.glide_into_next_line(bytes, until(memchr3(b'#', b'\r', b'\n', bytes)))
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
            Place::RefusedHead | Place::RefusedBody => bytes.len(),
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
            (Place::BlankLine, b'\n') => Some(Place::Between),
            (Place::Between, b'\n') | (Place::BlankLine, _) => None,
            (Place::Between, _) => {
                self.heads += 1;
                self.length = None;
                self.chunked = false;
                Some(Place::RequestLine { target: false, cr: false })
            }
            (Place::RequestLine { cr, .. }, b'\n') => cr.then(|| self.next_line()),
            (Place::RequestLine { cr: true, .. }, _) => None,
            // A target has no fragment; hyper would drop it, and whatever looks like a query behind it.
            (Place::RequestLine { target: true, .. }, b'#') => None,
            (Place::RequestLine { target, .. }, _) => {
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

    /// The field the collected name stands for; `None` when its second line or its rival was there.
    fn field(&mut self) -> Option<Field> {
        let fresh = self.length.is_none() && !self.chunked;
        if self.word_is("content-length") {
            self.length = fresh.then_some(0);
            fresh.then_some(Field::ContentLength { digits: false, ended: false })
        } else if self.word_is("transfer-encoding") {
            self.chunked = fresh;
            fresh.then_some(Field::TransferEncoding { ended: false })
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
                P::RefusedHead
            }
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
        // hyper refuses the line feed, but would take a NUL for a part of the extension
        (Place::ChunkExtension { .. }, b'\n') => Some(Place::RefusedBody),
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
mod tests;
