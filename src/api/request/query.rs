//! The query: which parameters an operation has, their values, and that of `dry_run`.

use std::borrow::Cow;

use crate::problem::{Code, Problem};

/// The parameters of `openapi/parameters.rs` that stand in the query, and their names there.
pub const PARAMETERS: [(&str, &str); 5] =
    [(DRY_RUN, DRY_RUN), ("of_vendor", VENDOR), ("q", "q"), ("limit", "limit"), ("cursor", "cursor")];

const DRY_RUN: &str = "dry_run";

/// The vendor account.
pub const VENDOR: &str = "vendor";

/// Refuses parameters that an operation does not have; `parameters` are all that it has, also in path and headers.
///
/// # Errors
/// There is another parameter.
pub fn check(query: Option<&str>, parameters: &[&str]) -> Result<(), Problem> {
    let known = PARAMETERS.into_iter().filter(|(key, _)| parameters.contains(key));
    let known: Vec<&str> = known.map(|(_, name)| name).collect();
    let Some((name, _)) = pairs(query).find(|(name, _)| !known.contains(&&**name)) else { return Ok(()) };
    let rest = match vendors::nearest(&name, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "this path has no query parameters".to_owned(),
        None => format!("only `{}` is known", known.join("`, `")),
    };
    let name: String = name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    Err(Problem::new(Code::InvalidRequest, format!("the query parameter `{name}` is unknown; {rest}")))
}

fn pairs(query: Option<&str>) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

/// Whether the query of a request target, without the `?`, asks for a dry run.
///
/// # Errors
/// There is another value or a repetition.
pub fn dry_run(query: Option<&str>) -> Result<bool, Problem> {
    let Some(value) = value(query, DRY_RUN)? else { return Ok(false) };
    value
        .parse()
        .map_err(|_| Problem::new(Code::InvalidRequest, "the query parameter `dry_run` must be `true` or `false`"))
}

/// The value of a parameter, if it is there.
///
/// # Errors
/// It is there twice.
pub fn value<'q>(query: Option<&'q str>, parameter: &str) -> Result<Option<Cow<'q, str>>, Problem> {
    let mut values = pairs(query).filter(|(name, _)| name == parameter).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => {
            let detail = format!("the query parameter `{parameter}` must not be repeated");
            Err(Problem::new(Code::InvalidRequest, detail))
        }
        (value, None) => Ok(value),
    }
}

/// The text of a parameter; `None` if it is absent.
///
/// # Errors
/// It is empty or repeated.
pub fn text(query: Option<&str>, parameter: &str) -> Result<Option<String>, Problem> {
    match value(query, parameter)? {
        Some(text) if text.is_empty() => {
            Err(Problem::new(Code::InvalidRequest, format!("the query parameter `{parameter}` must not be empty")))
        }
        text => Ok(text.map(Cow::into_owned)),
    }
}

#[cfg(test)]
mod tests {
    use crate::api::request::query::*;

    fn read(query: &str) -> Result<bool, String> {
        check(Some(query), &[DRY_RUN]).and_then(|()| dry_run(Some(query))).map_err(|problem| problem.detail)
    }

    #[test]
    fn dry_run_is_true_or_false() {
        assert!(!dry_run(None).unwrap());
        assert_eq!(read(""), Ok(false));
        assert_eq!(read("dry_run=true"), Ok(true));
        assert_eq!(read("dry_run=false&"), Ok(false));
        assert_eq!(read("dry%5Frun=%74rue"), Ok(true));
    }

    #[test]
    fn other_values_are_rejected() {
        for bad in [
            "dry_run",
            "dry_run=",
            "dry_run=1",
            "dry_run=True",
            "dry_run=true=true",
            "dry_run=%2574rue",
            "dry_run=true%00",
        ] {
            assert_eq!(read(bad).unwrap_err(), "the query parameter `dry_run` must be `true` or `false`", "{bad}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let unknown = |name: &str| Err(format!("the query parameter `{name}` is unknown; only `dry_run` is known"));
        let near = "the query parameter `dryrun` is unknown; did you mean `dry_run`?";
        assert_eq!(read("dryrun=true").unwrap_err(), near);
        assert_eq!(read("dry_run=true&x%0A=1"), unknown("x\u{fffd}"));
        assert_eq!(read("=1"), unknown(""));
        assert_eq!(read("%ff"), unknown("\u{fffd}"));
        assert_eq!(read(&"a".repeat(9000)), unknown(&"a".repeat(64)));
        let none = check(Some("dry_run=true"), &["vendor"]).unwrap_err().detail;
        assert_eq!(none, "the query parameter `dry_run` is unknown; this path has no query parameters");
        let repeated = "the query parameter `dry_run` must not be repeated";
        assert_eq!(read("dry_run=true&dry_run=true").unwrap_err(), repeated);
    }
}
