//! Gzip with a bound on what comes out, so that a small body cannot become a large one.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

/// Why a compressed body was not decoded.
pub(crate) enum GzipError {
    /// The text is over the limit.
    TooLarge,
    /// Not gzip, truncated, a wrong checksum, or something after the end.
    Malformed,
}

/// Decodes all members of `compressed` into at most `limit` bytes.
pub(crate) fn decode(compressed: &[u8], limit: usize) -> Result<Bytes, GzipError> {
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::with_capacity(compressed.len().saturating_mul(4).min(limit));
    let mut decoder = MultiGzDecoder::new(compressed).take(bound);
    decoder.read_to_end(&mut text).map_err(|_| GzipError::Malformed)?;
    if text.len() > limit { Err(GzipError::TooLarge) } else { Ok(text.into()) }
}
