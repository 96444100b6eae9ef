//! The part of HTTP/1.1 that both ends need: finding where a message ends.

use std::io::{Error, ErrorKind};

/// A message whose head has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes of the head, including the empty line.
    pub(crate) length: usize,
    /// Bytes of the body.
    pub(crate) body: usize,
}

impl Head {
    /// Reads the head at the start of `bytes`; `None` until it is complete.
    ///
    /// # Errors
    /// The length is not a number, or there is a transfer encoding, which neither end sends.
    pub(crate) fn find(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = bytes.get(..end).unwrap_or_default();
        let mut body = 0;
        for line in head.split(|&byte| byte == b'\n').skip(1) {
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let (name, value) = line.split_at(colon);
            if name.eq_ignore_ascii_case(b"content-length") {
                let value = std::str::from_utf8(value.get(1..).unwrap_or_default()).unwrap_or_default();
                body = value.trim().parse().map_err(|_| Error::new(ErrorKind::InvalidData, "content-length"))?;
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                return Err(Error::new(ErrorKind::Unsupported, "transfer-encoding"));
            }
        }
        Ok(Some(Self { length: end + 4, body }))
    }

    /// Bytes of the whole message.
    pub(crate) fn total(self) -> usize {
        self.length + self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_head_says() {
        let head = Head::find(b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 12\r\nx: y\r\n\r\n{}").unwrap().unwrap();
        assert_eq!((head.length, head.body, head.total()), (45, 12, 57));
        assert_eq!(Head::find(b"PUT / HTTP/1.1\r\nhost: a\r\n").unwrap(), None);
        assert!(Head::find(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(Head::find(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").is_err());
    }
}
