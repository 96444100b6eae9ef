//! The one way from the bytes of a file to its text: without the mark at its front, and with the encoding named where it
//! is not UTF-8.

use std::io;

use secrecy::zeroize::{Zeroize, Zeroizing};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text of a whole file, which is wiped where it cannot be read.
///
/// # Errors
/// It is not UTF-8; the error says what it probably is and what to do.
pub(crate) fn decode(bytes: Vec<u8>) -> io::Result<Zeroizing<String>> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let mut text = Zeroizing::new(text);
            if text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len());
            }
            match text.contains('\0') {
                true => Err(io::Error::new(io::ErrorKind::InvalidData, encoding(text.as_bytes()))),
                false => Ok(text),
            }
        }
        Err(error) => {
            let mut bytes = error.into_bytes();
            let message = encoding(&bytes);
            bytes.zeroize();
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}

/// What bytes are that are no text in UTF-8.
fn encoding(bytes: &[u8]) -> String {
    let nul_at = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let most = bytes.len() / 4;
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_utf16 || nul_at(0) > most || nul_at(1) > most {
        return "it is UTF-16; save it as UTF-8".to_owned();
    }
    if matches!(bytes, [0x30, 0x81..=0x83, ..]) {
        return "it is DER or PKCS #12, the binary forms of certificates and keys; convert it to PEM with `openssl x509`, \
                `openssl pkey` or `openssl pkcs12`"
            .to_owned();
    }
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
    match bytes.contains(&0) {
        true => "it is binary, not text".to_owned(),
        false => format!("it is not UTF-8 (from line {line} on), as in Latin-1 or Windows-1252; save it as UTF-8"),
    }
}

/// What to do about a file that cannot be read.
pub(crate) fn help(error: &io::Error, missing: &'static str) -> &'static str {
    match error.kind() {
        io::ErrorKind::InvalidData => "the file has to be text in UTF-8",
        io::ErrorKind::PermissionDenied => "the file has to be readable by the user the gateway runs as",
        _ => missing,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::text::*;

    #[test]
    fn a_mark_at_the_front_is_left_out_and_other_encodings_are_named() {
        assert_eq!(decode(b"\xef\xbb\xbfa\xef\xbb\xbf".to_vec()).unwrap().as_str(), "a\u{feff}");
        let utf16 = |text: &str, mark: &[u16]| -> Vec<u8> {
            mark.iter().copied().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        };
        for (bytes, expected) in [
            (utf16("[log]\nlevel = \"info\"", &[0xfeff]), "it is UTF-16"),
            (utf16("[log]\nlevel = \"info\"", &[]), "it is UTF-16"),
            (b"a = 1\n# M\xfcller\n".to_vec(), "not UTF-8 (from line 2 on), as in Latin-1"),
            (b"\x30\x82\x03\xff\x30".to_vec(), "it is DER or PKCS #12"),
            (b"a\0b c d e f".to_vec(), "it is binary"),
        ] {
            let error = decode(bytes).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
