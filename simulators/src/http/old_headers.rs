//! Writes response headers as very old servers do, which no HTTP library does: folded, and with a blank before the colon.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};

/// The header that a response has to have; its marks become a blank before the colon and a fold.
pub(crate) const MARKED: (&str, &str) = ("x-old~", "one~~~two");

/// What is searched and what is written in its place, of the same length.
const WRITTEN: [(&[u8], &[u8]); 2] = [(b"x-old~:", b"x-old :"), (b"one~~~two", b"one\r\n two")];

/// A connection that replaces the marks in what is written to it.
pub(crate) struct OldHeaders<T>(pub(crate) T);

impl<T: Read + Unpin> Read for OldHeaders<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: Write + Unpin> Write for OldHeaders<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match buf.starts_with(b"HTTP/1.1 ").then(|| replaced(buf)).flatten() {
            Some(replaced) => Pin::new(&mut self.0).poll_write(cx, &replaced),
            None => Pin::new(&mut self.0).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The bytes without marks; `None` if they have none.
fn replaced(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.to_vec();
    for (mark, instead) in WRITTEN {
        let at = out.windows(mark.len()).position(|window| window == mark)?;
        out.get_mut(at..at + mark.len())?.copy_from_slice(instead);
    }
    Some(out)
}
