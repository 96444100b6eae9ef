//! Reads a request body into one buffer, within limits of size and time.
//!
//! The same limit applies to `Content-Length` (before anything is read and `100 Continue` is sent), to the bytes as they
//! arrive, and to the decompressed text.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::disconnect::is_disconnect;
use super::gzip;

/// Any error.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Limits of one request body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes, as sent and once decompressed.
    pub max_bytes: usize,
    /// Time from the first read to the last byte.
    pub timeout: Duration,
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Over the limit, as sent or once decompressed.
    #[error("the request body is over {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the request body did not arrive within {:.1} seconds", .after.as_secs_f64())]
    Timeout {
        /// The time it had.
        after: Duration,
    },
    /// The content coding is not supported.
    #[error("the content encoding is not supported; only gzip and identity are")]
    UnsupportedEncoding {
        /// The first 64 characters of the header's value.
        encoding: String,
    },
    /// The gzip is malformed, truncated, of too many members, or followed by something.
    #[error("the request body is not well-formed gzip")]
    BadGzip,
    /// The caller disconnected before the body's end.
    #[error("the request body ended early")]
    Disconnected(#[source] BoxError),
    /// The body's framing, such as a chunk size, is malformed.
    #[error("the request body is malformed")]
    Malformed(#[source] BoxError),
}

#[derive(Clone, Copy, PartialEq)]
enum Coding {
    Identity,
    Gzip,
}

/// The body of a request, however it arrives.
pub trait RequestBody: Body<Data = Bytes, Error: Into<BoxError>> + Send {}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Send> RequestBody for B {}

/// Reads the whole `body`; a body of one chunk is not copied.
pub async fn read_body(headers: &HeaderMap, body: impl RequestBody, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let coding = coding(headers)?;
    let wire_limit = match coding {
        Coding::Identity => limits.max_bytes,
        Coding::Gzip => max_gzip_len(limits.max_bytes),
    };
    let too_large = || BodyError::TooLarge { limit: limits.max_bytes };
    if body.size_hint().lower() > u64::try_from(wire_limit).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut collecting = pin!(collect(body, wire_limit));
    // Usually the whole body is there already and needs no timer.
    let collected = match poll_fn(|cx| Poll::Ready(collecting.as_mut().poll(cx))).await {
        Poll::Ready(collected) => Ok(collected),
        Poll::Pending => timeout(limits.timeout, collecting).await,
    };
    let bytes = match collected {
        Err(_) => return Err(BodyError::Timeout { after: limits.timeout }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request body was not read to its end");
            let disconnected = is_disconnect(error.as_ref());
            return Err(if disconnected { BodyError::Disconnected(error) } else { BodyError::Malformed(error) });
        }
        Ok(Ok(bytes)) => bytes,
    };
    match coding {
        Coding::Identity => Ok(bytes),
        Coding::Gzip => gzip::decode(&bytes, limits.max_bytes).map_err(|error| match error {
            gzip::GzipError::TooLarge => too_large(),
            gzip::GzipError::Malformed => BodyError::BadGzip,
        }),
    }
}

/// The most that incompressible text of `text` bytes needs: stored blocks, header and checksum.
fn max_gzip_len(text: usize) -> usize {
    text.saturating_add(text / 1024).saturating_add(1024)
}

/// Collects a body of at most `limit` bytes. Pieces are joined as they come, because each one holds a whole read buffer
/// of hyper; `BodyExt::collect` would keep them all until the end.
///
/// # Errors
/// The body's own, or [`LengthLimitError`].
pub(crate) async fn collect<B>(body: B, limit: usize) -> Result<Bytes, BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(Limited::new(body, limit));
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        all.reserve(first.len() + data.len() + usize::try_from(body.size_hint().lower()).unwrap_or_default());
        all.extend_from_slice(&std::mem::take(&mut first));
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn coding(headers: &HeaderMap) -> Result<Coding, BodyError> {
    let mut found = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let unsupported = || {
            let encoding: String = String::from_utf8_lossy(value.as_bytes()).chars().take(64).collect();
            tracing::debug!("a request body's content encoding is not supported");
            BodyError::UnsupportedEncoding { encoding }
        };
        for name in value.to_str().map_err(|_| unsupported())?.split(',').map(str::trim) {
            let gzip = name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip");
            if gzip && found == Coding::Identity {
                found = Coding::Gzip;
            } else if !name.is_empty() && !name.eq_ignore_ascii_case("identity") {
                return Err(unsupported());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::http::body::*;
    use std::convert::Infallible;
    use std::io::Write;
    use std::sync::Arc;

    use flate2::{Compression, write::GzEncoder};
    use futures_util::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    const LIMITS: BodyLimits = BodyLimits { max_bytes: 1000, timeout: Duration::from_secs(5) };

    fn encoded(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, http::HeaderValue::from_static(value))])
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    async fn read(encoding: &'static str, body: Vec<u8>) -> Result<Bytes, BodyError> {
        read_body(&encoded(encoding), Full::new(Bytes::from(body)), LIMITS).await
    }

    fn chunks(parts: Vec<&'static [u8]>) -> impl Body<Data = Bytes, Error = Infallible> {
        StreamBody::new(stream::iter(parts.into_iter().map(|part| Ok(Frame::data(Bytes::from_static(part))))))
    }

    #[tokio::test]
    async fn one_chunk_is_not_copied_and_several_are_joined() {
        let given = Bytes::from(vec![b'x'; 1000]);
        let read = read_body(&HeaderMap::new(), Full::new(given.clone()), LIMITS).await.unwrap();
        assert_eq!(read.as_ptr(), given.as_ptr());
        let joined = read_body(&HeaderMap::new(), chunks(vec![b"", b"ab", b"", b"c", b"d"]), LIMITS).await.unwrap();
        assert_eq!(joined, "abcd");
        assert_eq!(read_body(&HeaderMap::new(), chunks(vec![]), LIMITS).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_of_many_pieces_holds_two_of_them_at_most() {
        let pieces: Arc<[u8]> = Arc::from(&b"x"[..]);
        let held = Arc::clone(&pieces);
        let stream = stream::iter(0..100).map(move |_| {
            assert!(Arc::strong_count(&held) <= 4, "the last two and this test's");
            Ok::<_, Infallible>(Frame::data(Bytes::from_owner(Arc::clone(&held))))
        });
        assert_eq!(collect(StreamBody::new(stream), 100).await.unwrap().len(), 100);
        assert_eq!(Arc::strong_count(&pieces), 1);
    }

    #[tokio::test]
    async fn the_announced_and_the_actual_length_are_bounded() {
        assert!(matches!(read("", vec![0; 1001]).await, Err(BodyError::TooLarge { limit: 1000 })));
        let streamed = chunks(vec![&[0; 600], &[0; 401]]);
        assert!(matches!(read_body(&HeaderMap::new(), streamed, LIMITS).await, Err(BodyError::TooLarge { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_times_out() {
        let never = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert!(matches!(read_body(&HeaderMap::new(), never, LIMITS).await, Err(BodyError::Timeout { .. })));
    }

    #[tokio::test]
    async fn a_body_that_ends_early_differs_from_a_malformed_one() {
        use std::io::{Error, ErrorKind};
        let broken = async |kind| {
            let frames = [Ok(Frame::data(Bytes::from_static(b"a"))), Err(Error::from(kind))];
            read_body(&HeaderMap::new(), StreamBody::new(stream::iter(frames)), LIMITS).await
        };
        assert!(matches!(broken(ErrorKind::UnexpectedEof).await, Err(BodyError::Disconnected(_))));
        assert!(matches!(broken(ErrorKind::InvalidInput).await, Err(BodyError::Malformed(_))));
    }

    #[tokio::test]
    async fn gzip_is_decoded_within_the_limit() {
        for name in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
            assert_eq!(read(name, gzip(b"{}")).await.unwrap(), "{}");
        }
        assert_eq!(read("gzip", gzip(&[b' '; 1000])).await.unwrap().len(), 1000);
        assert!(matches!(read("gzip", gzip(&[b' '; 1001])).await, Err(BodyError::TooLarge { .. })));
        let two_members = [gzip(b"ab"), gzip(b"cd")].concat();
        assert_eq!(read("gzip", two_members).await.unwrap(), "abcd");
        for (members, read_whole) in [(16, true), (17, false), (40, false)] {
            let many = gzip(b"").repeat(members);
            assert_eq!(read("gzip", many).await.is_ok(), read_whole, "{members}");
        }
        let noise: Vec<u8> = (0..1000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(read("gzip", gzip(&noise)).await.unwrap(), noise);
    }

    #[tokio::test]
    async fn a_gzip_bomb_is_rejected_before_it_is_unpacked() {
        let bomb = gzip(&vec![0; 800_000]);
        assert!(bomb.len() < LIMITS.max_bytes);
        assert!(matches!(read("gzip", bomb).await, Err(BodyError::TooLarge { .. })));
    }

    #[tokio::test]
    async fn broken_gzip_is_rejected() {
        let whole = gzip(b"hello");
        let mut flipped = whole.clone();
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 1;
        let cases = [
            Vec::new(),
            b"{}".to_vec(),
            whole[..whole.len() - 1].to_vec(),
            whole[..12].to_vec(),
            [&whole[..], b"garbage"].concat(),
            [&whole[..], b"\0"].concat(),
            flipped,
        ];
        for case in cases {
            assert!(matches!(read("gzip", case.clone()).await, Err(BodyError::BadGzip)), "{case:?}");
        }
    }

    #[tokio::test]
    async fn other_codings_are_unsupported() {
        for name in ["br", "deflate", "gzip, gzip", "gzip, br", "gzipp", "zstd"] {
            let refused = read(name, b"{}".to_vec()).await;
            assert!(matches!(refused, Err(BodyError::UnsupportedEncoding { encoding }) if encoding == name));
        }
        assert_eq!(read("identity", b"{}".to_vec()).await.unwrap(), "{}");
    }
}
