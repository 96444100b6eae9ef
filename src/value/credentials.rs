//! Redacts what looks like a credential in text that was never meant to hold one.

use std::borrow::Cow;

use super::REDACTED;

/// A run of letters and digits of this length counts as a credential.
const MIN_CREDENTIAL_LENGTH: usize = 20;

/// The text with everything redacted that looks like a credential: a run of letters and digits longer than any word.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let looks_like_one = |run: &[u8]| {
        run.len() >= MIN_CREDENTIAL_LENGTH
            && run.iter().any(u8::is_ascii_digit)
            && run.iter().any(u8::is_ascii_alphabetic)
    };
    let mut shown = Cow::Borrowed(text);
    for run in text.as_bytes().chunk_by(|a, b| plain(a) && plain(b)).filter(|run| looks_like_one(run)) {
        let run = String::from_utf8_lossy(run);
        shown = Cow::Owned(shown.replace(&*run, REDACTED));
    }
    shown
}

#[cfg(test)]
mod tests {
    use crate::value::without_credentials;

    #[test]
    fn what_looks_like_a_credential_is_redacted() {
        let shown = |text| without_credentials(text).into_owned();
        assert_eq!(shown("`x` cannot be \"12|Xk3v9QpLm2ZtRb7NwYc4\""), "`x` cannot be \"12|[redacted]\"");
        assert_eq!(
            shown("sb_0a1b2c3d4e5f60718293 and again 0a1b2c3d4e5f60718293"),
            "sb_[redacted] and again [redacted]"
        );
        for plain in ["vendors.my-account-2.client_certificate", "https://api2.example.com/v1", "12345678901234567890"]
        {
            assert_eq!(shown(plain), plain);
        }
    }
}
