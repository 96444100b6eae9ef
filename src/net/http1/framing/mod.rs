//! Strict HTTP/1 framing and the limits of a head, in front of hyper's parser.
//!
//! hyper accepts heads that two parsers can read in two ways: bare line feeds, `Transfer-Encoding` beside
//! `Content-Length`, repeated equal lengths, codings before `chunked`. It also rejects a head over its limits without a
//! body. The gate follows the input on its way to hyper and withholds a head that breaks a rule or a limit, with all
//! that follows, so that the connection can respond with a problem.
//!
//! To find the next head, the gate follows chunked bodies as well, by hyper's rules or stricter ones (a chunk size has
//! at most 16 digits). It withholds the first byte that breaks a rule and all that follows.
//!
//! Few bytes of a request decide anything: the gate steps through those and skips the bytes between them.

use memchr::{memchr, memchr2, memchr3};

use crate::net::rejection::RejectionReason;

/// The most digits of a chunk size, including leading zeros: those of 64 bits.
const MAX_SIZE_DIGITS: u8 = 16;
/// The length of the longest name or value that matters, plus one.
const TOKEN_CAPACITY: usize = 18;

/// Limits of one head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    /// Bytes, request line included.
    pub(crate) bytes: usize,
    /// If the request line is longer than this, a head over `bytes` has too long a target.
    pub(crate) target: usize,
    /// Header fields.
    pub(crate) fields: usize,
}

/// Follows one HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct FramingGate {
    limits: HeadLimits,
    state: State,
    /// Bytes of the current head in earlier input.
    head_bytes: usize,
    request_line: usize,
    /// The last byte of the request line so far, at its end that of the version.
    version_end: u8,
    fields: usize,
    token: [u8; TOKEN_CAPACITY],
    token_len: usize,
    length: Option<u64>,
    chunked: bool,
    heads: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
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
    RejectedHead(RejectionReason),
    RejectedBody,
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
            state: State::Between,
            head_bytes: 0,
            request_line: 0,
            version_end: 0,
            fields: 0,
            token: [0; TOKEN_CAPACITY],
            token_len: 0,
            length: None,
            chunked: false,
            heads: 0,
        }
    }

    /// Whether a head has started and not ended; stays true once a head is rejected.
    pub(crate) fn in_head(&self) -> bool {
        use State as S;
        matches!(self.state, S::RequestLine { .. } | S::Name | S::Value { .. } | S::HeadEnd | S::RejectedHead(_))
    }

    /// Whether the gate lets nothing more through.
    pub(crate) fn has_rejected(&self) -> bool {
        matches!(self.state, State::RejectedHead(_) | State::RejectedBody)
    }

    /// Why the gate has rejected a head.
    pub(crate) fn rejected_head(&self) -> Option<RejectionReason> {
        if let State::RejectedHead(reason) = self.state { Some(reason) } else { None }
    }

    /// Whether all input so far belongs to complete requests.
    pub(crate) fn is_between(&self) -> bool {
        self.state == State::Between
    }

    /// How many heads have started.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    /// Follows `bytes`; returns how many of them hyper may read.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> usize {
        let (mut head_start, mut at) = (0, self.skip_ahead(bytes));
        while let Some(byte) = bytes.get(at) {
            let state = self.state;
            if state == State::Between {
                head_start = at;
            }
            self.state = self.step(state, *byte).unwrap_or_else(|| state.rejected());
            if state == State::HeadEnd {
                self.limit_head(at + 1 - head_start);
                self.head_bytes = 0;
            }
            match self.state {
                State::RejectedHead(_) => return head_start,
                State::RejectedBody => return at,
                _ => {}
            }
            at += 1;
            at += self.skip_ahead(&bytes[at..]);
        }
        if self.in_head() {
            self.head_bytes += bytes.len() - head_start;
            self.limit_head(0);
        }
        if self.has_rejected() { head_start } else { bytes.len() }
    }

    /// Rejects the head if it is over a limit with `more` bytes in addition to those of earlier input.
    fn limit_head(&mut self, more: usize) {
        let bytes = self.head_bytes + more;
        if self.rejected_head().is_none() && (bytes > self.limits.bytes || self.fields > self.limits.fields) {
            let long_target = bytes > self.limits.bytes && self.request_line > self.limits.target;
            self.state = State::RejectedHead(if long_target {
                RejectionReason::UriTooLong
            } else {
                RejectionReason::HeadTooLarge
            });
        }
    }

    /// Skips bytes that need no [`step`](Self::step) each and returns how many; the state is as if it had stepped.
    fn skip_ahead(&mut self, bytes: &[u8]) -> usize {
        let until = |end: Option<usize>| end.unwrap_or(bytes.len());
        match self.state {
            State::RequestLine { target: false, cr: false } => until(memchr3(b' ', b'\r', b'\n', bytes)),
            State::RequestLine { target: true, cr: false } => {
                let line = until(memchr3(b'#', b'\r', b'\n', bytes));
                let end = memchr3(b'<', b'>', b'`', &bytes[..line]).unwrap_or(line);
                let end = memchr(b'"', &bytes[..end]).unwrap_or(end);
                self.request_line += end;
                self.version_end = bytes[..end].last().copied().unwrap_or(self.version_end);
                self.skip_to_next_line(bytes, end)
            }
            State::Name => {
                let name = until(bytes.iter().position(|byte| matches!(byte, b':' | b' ' | b'\t' | b'\r' | b'\n')));
                self.push(&bytes[..name]);
                name
            }
            State::Value { of: Field::Other, cr: false } => {
                self.skip_to_next_line(bytes, until(memchr2(b'\r', b'\n', bytes)))
            }
            State::Body { left } => self.skip(left, bytes.len(), |left| State::Body { left }, State::Between),
            State::ChunkData { left } => {
                let end = State::ChunkDataEnd { cr: false };
                self.skip(left, bytes.len(), |left| State::ChunkData { left }, end)
            }
            _ => 0,
        }
    }

    /// Skips `end` bytes of a line and, if a line break follows, into the next line.
    fn skip_to_next_line(&mut self, bytes: &[u8], end: usize) -> usize {
        match bytes[end..].strip_prefix(b"\r\n") {
            Some(next) => {
                self.state = self.next_line();
                end + 2 + self.skip_ahead(next)
            }
            None => end,
        }
    }

    fn skip(&mut self, left: u64, here: usize, on: impl Fn(u64) -> State, end: State) -> usize {
        let taken = usize::try_from(left).map_or(here, |left| left.min(here));
        let left = left - taken as u64;
        self.state = if left == 0 { end } else { on(left) };
        taken
    }

    /// The state after `byte`; `None` if the byte breaks a rule.
    fn step(&mut self, state: State, byte: u8) -> Option<State> {
        match (state, byte) {
            (State::Between, b'\r') => Some(State::BlankLine),
            (State::BlankLine, b'\n') => {
                self.head_bytes += 2; // of the head that follows
                let endless = self.head_bytes > self.limits.bytes;
                Some(if endless { State::RejectedHead(RejectionReason::HeadTooLarge) } else { State::Between })
            }
            (State::Between, b'\n') | (State::BlankLine, _) => None,
            (State::Between, _) => {
                self.heads += 1;
                (self.request_line, self.fields) = (0, 0);
                self.length = None;
                self.chunked = false;
                Some(State::RequestLine { target: false, cr: false })
            }
            (State::RequestLine { cr, .. }, b'\n') => cr.then(|| self.next_line()),
            (State::RequestLine { cr: true, .. }, _) => None,
            // hyper would drop a fragment with all that follows. It would reject the others without a problem, which a
            // caller who forgets to fill in `<name>` needs.
            (State::RequestLine { target: true, .. }, b'#' | b'<' | b'>' | b'`' | b'"') => None,
            (State::RequestLine { target, .. }, _) => {
                if target && byte != b'\r' {
                    self.version_end = byte;
                }
                Some(State::RequestLine { target: target || byte == b' ', cr: byte == b'\r' })
            }
            (State::Name, _) => self.step_name(byte),
            (State::Value { of, cr }, b'\n') => (cr && self.accepts(of)).then(|| self.next_line()),
            (State::Value { cr: true, .. }, _) => None,
            (State::Value { of, .. }, b'\r') => Some(State::Value { of, cr: true }),
            (State::Value { of, .. }, _) => Some(State::Value { of: self.step_value(of, byte)?, cr: false }),
            (State::HeadEnd, b'\n') => Some(match self.length {
                _ if self.chunked => State::ChunkSize { digits: 0, size: 0 },
                None | Some(0) => State::Between,
                Some(left) => State::Body { left },
            }),
            (State::HeadEnd, _) => None,
            (state, byte) => step_chunk(state, byte),
        }
    }

    fn next_line(&mut self) -> State {
        self.token_len = 0;
        State::Name
    }

    fn step_name(&mut self, byte: u8) -> Option<State> {
        match byte {
            b'\r' if self.token_len == 0 => Some(State::HeadEnd),
            b' ' | b'\t' | b'\r' | b'\n' => None,
            b':' => {
                self.fields += 1;
                let of = self.field()?;
                self.token_len = 0;
                Some(State::Value { of, cr: false })
            }
            _ => {
                self.push(&[byte]);
                Some(State::Name)
            }
        }
    }

    /// The field with the collected name; `None` if it is repeated, contradicts another or is not allowed here.
    fn field(&mut self) -> Option<Field> {
        let first = self.length.is_none() && !self.chunked;
        if self.token_is("content-length") {
            self.length = first.then_some(0);
            first.then_some(Field::ContentLength { digits: false, ended: false })
        } else if self.token_is("transfer-encoding") {
            self.chunked = first && self.version_end != b'0'; // HTTP/1.0 has no codings
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
            Field::TransferEncoding { .. } if space => Some(Field::TransferEncoding { ended: self.token_len > 0 }),
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
            Field::TransferEncoding { .. } => self.token_is("chunked"),
            Field::Other => true,
        }
    }

    /// Collects bytes of a token; one that is too long to matter stays too long.
    fn push(&mut self, bytes: &[u8]) {
        let free = &mut self.token[self.token_len..];
        let taken = bytes.len().min(free.len());
        free[..taken].copy_from_slice(&bytes[..taken]);
        self.token_len += taken;
    }

    fn token_is(&self, token: &str) -> bool {
        self.token[..self.token_len].eq_ignore_ascii_case(token.as_bytes())
    }
}

impl State {
    /// The state after a byte that breaks a rule.
    fn rejected(self) -> Self {
        use State as S;
        match self {
            S::Between | S::BlankLine | S::RequestLine { .. } | S::Name | S::Value { .. } | S::HeadEnd => {
                S::RejectedHead(RejectionReason::Malformed)
            }
            S::RejectedHead(_) => self,
            _ => S::RejectedBody,
        }
    }
}

/// The state after `byte` in a chunked body; `None` if the byte breaks a rule.
fn step_chunk(state: State, byte: u8) -> Option<State> {
    match (state, byte) {
        (State::ChunkSize { digits: 1.., size }, b'\r') => Some(State::ChunkSizeEnd { size }),
        (State::ChunkSize { digits: 1.., size }, b';' | b' ' | b'\t') => Some(State::ChunkExtension { size }),
        (State::ChunkSize { digits: digits @ 0..MAX_SIZE_DIGITS, size }, _) => {
            let digit = char::from(byte).to_digit(16)?;
            Some(State::ChunkSize { digits: digits + 1, size: size << 4 | u64::from(digit) })
        }
        (State::ChunkExtension { size }, b'\r') => Some(State::ChunkSizeEnd { size }),
        (State::ChunkExtension { .. }, b'\n') => None,
        (State::ChunkExtension { .. }, _) => Some(state),
        (State::ChunkSizeEnd { size: 0 }, b'\n') => Some(State::TrailerStart),
        (State::ChunkSizeEnd { size }, b'\n') => Some(State::ChunkData { left: size }),
        (State::ChunkDataEnd { cr: false }, b'\r') => Some(State::ChunkDataEnd { cr: true }),
        (State::ChunkDataEnd { cr: true }, b'\n') => Some(State::ChunkSize { digits: 0, size: 0 }),
        (State::TrailerStart, b'\r') => Some(State::TrailerEnd),
        (State::Trailer { cr: true }, b'\n') => Some(State::TrailerStart),
        (State::Trailer { cr: true }, _) | (State::TrailerStart | State::Trailer { .. }, b'\n') => None,
        (State::TrailerStart | State::Trailer { .. }, _) => Some(State::Trailer { cr: byte == b'\r' }),
        (State::TrailerEnd, b'\n') => Some(State::Between),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
