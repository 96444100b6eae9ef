//! The query of an update: `dry_run` and nothing else.

use percent_encoding::percent_decode_str;

/// What the query of an update asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateQuery {
    /// Do everything except calling the vendor's update endpoint.
    pub dry_run: bool,
}

/// The query holds something an update does not know; `parameter` is what to show the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Only `dry_run` is known.
    #[error("the query parameter `{parameter}` is unknown; only `dry_run` is known")]
    Unknown {
        /// The parameter's name, made printable and cut to 64 characters.
        parameter: String,
    },
    /// The parameter stands there twice.
    #[error("the query parameter `{parameter}` must not be repeated")]
    Repeated {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// The parameter's value is not one of its values.
    #[error("the query parameter `{parameter}` must be `true` or `false`")]
    BadValue {
        /// The parameter's name.
        parameter: &'static str,
    },
}

impl UpdateQuery {
    /// Reads the query of a request target, without the `?`; percent-encoding is undone once.
    pub fn parse(query: Option<&str>) -> Result<Self, QueryError> {
        let mut dry_run = None;
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !decoded_is(name, "dry_run") {
                return Err(QueryError::Unknown { parameter: printable(name) });
            }
            let value = match value {
                value if decoded_is(value, "true") => true,
                value if decoded_is(value, "false") => false,
                _ => {
                    return Err(QueryError::BadValue { parameter: "dry_run" });
                }
            };
            if dry_run.replace(value).is_some() {
                return Err(QueryError::Repeated { parameter: "dry_run" });
            }
        }
        Ok(Self { dry_run: dry_run.unwrap_or_default() })
    }
}

fn decoded_is(encoded: &str, expected: &str) -> bool {
    percent_decode_str(encoded).eq(expected.bytes())
}

fn printable(name: &str) -> String {
    let name = percent_decode_str(name).decode_utf8_lossy();
    name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use crate::api::request::query::*;

    #[test]
    fn dry_run_is_true_or_false() {
        assert_eq!(UpdateQuery::parse(None), Ok(UpdateQuery { dry_run: false }));
        assert_eq!(UpdateQuery::parse(Some("")), Ok(UpdateQuery { dry_run: false }));
        assert_eq!(UpdateQuery::parse(Some("dry_run=true")), Ok(UpdateQuery { dry_run: true }));
        assert_eq!(UpdateQuery::parse(Some("dry_run=false&")), Ok(UpdateQuery { dry_run: false }));
        assert_eq!(UpdateQuery::parse(Some("dry%5Frun=%74rue")), Ok(UpdateQuery { dry_run: true }));
    }

    #[test]
    fn other_values_are_refused() {
        for bad in [
            "dry_run",
            "dry_run=",
            "dry_run=1",
            "dry_run=True",
            "dry_run=true=true",
            "dry_run=%2574rue",
            "dry_run=true%00",
        ] {
            assert_eq!(UpdateQuery::parse(Some(bad)), Err(QueryError::BadValue { parameter: "dry_run" }), "{bad}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let unknown = |name: &str| Err(QueryError::Unknown { parameter: name.to_owned() });
        assert_eq!(UpdateQuery::parse(Some("dryrun=true")), unknown("dryrun"));
        assert_eq!(UpdateQuery::parse(Some("dry_run=true&x%0A=1")), unknown("x\u{fffd}"));
        assert_eq!(UpdateQuery::parse(Some("=1")), unknown(""));
        assert_eq!(UpdateQuery::parse(Some("%ff")), unknown("\u{fffd}"));
        assert_eq!(UpdateQuery::parse(Some(&"a".repeat(9000))), unknown(&"a".repeat(64)));
        let repeated = Err(QueryError::Repeated { parameter: "dry_run" });
        assert_eq!(UpdateQuery::parse(Some("dry_run=true&dry_run=true")), repeated);
    }
}
