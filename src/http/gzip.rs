//! Gzip decoding with a limit on the output, so that a small body cannot become a large one.
//!
//! flate2's `MultiGzDecoder` has no limit on the number of members.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;

/// The most members of a body. Decoding a member costs much more than its twenty bytes, and real bodies have few.
const MAX_MEMBERS: usize = 16;

/// Why a compressed body was not decoded.
pub(crate) enum GzipError {
    /// The text is over the limit.
    TooLarge,
    /// Not gzip, truncated, a wrong checksum, too many members, or something after the end.
    Malformed,
}

/// Whether a body starts as gzip does. No text does.
pub(crate) fn starts(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b])
}

/// Decodes all members of `compressed` into at most `limit` bytes.
pub(crate) fn decode(compressed: &[u8], limit: usize) -> Result<Bytes, GzipError> {
    let mut text = Vec::with_capacity(compressed.len().saturating_mul(4).min(limit));
    let mut rest = compressed;
    for _ in 0..MAX_MEMBERS {
        let bound = u64::try_from(limit - text.len()).unwrap_or(u64::MAX).saturating_add(1);
        GzDecoder::new(&mut rest).take(bound).read_to_end(&mut text).map_err(|_| GzipError::Malformed)?;
        if text.len() > limit {
            return Err(GzipError::TooLarge);
        }
        if rest.is_empty() {
            return Ok(text.into());
        }
    }
    Err(GzipError::Malformed)
}
