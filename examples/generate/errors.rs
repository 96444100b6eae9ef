//! `docs/errors.md`: every problem and every item code.

use switchboard::problem::Code;
use vendors::ItemCode;

const HEAD: &str = "# Errors

Generated from `src/problem/code.rs` by `just generate`.

Every error, on every path, is an `application/problem+json` document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). \
Decide by `code`, not by `title` or `detail`, whose wording may change. `GET /problems/{code}` on the gateway explains a \
code in a browser.

| member | says |
| --- | --- |
| `type`, `title`, `status`, `detail`, `instance` | what RFC 9457 says they do |
| `code` | which of the problems below |
| `request_id` | the id under which the gateway's log has the details |
| `fault` | `caller`, `gateway` or `vendor` |
| `retryable` | whether sending the same again may succeed |
| `outcome` | `not_applied`: the vendor has not applied the update; `unknown`: it was sent, and no trustworthy response came |
| `vendor`, `attempts` | which vendor account, and how often it was tried; where that applies |
| `errors` | everything that is wrong, field by field; where that applies |
| `vendor_response` | the vendor's `status` and `message`, credentials redacted; where there is one |

## Problems

| code | status | fault | retryable | when | what to do |
| --- | --- | --- | --- | --- | --- |
";

const ITEMS: &str = "
A response with `Retry-After` says how long to wait. A request that is too slow or too large may be refused with 408, 414 or \
431 instead of 400, and bytes that are not HTTP get a 400 without a body. If `retryable` in the response differs from this table, \
the response is right: an undocumented status of the vendor is `vendor_error`, and a retry does not help.

## Items of `errors`

Each has a `pointer` into the update (`#/post_call_schema/0/name`), the canonical `field`, a `code` and a `detail`. \
If a vendor rejects something without a canonical name, `vendor_field` holds the vendor's name.

| code | means |
| --- | --- |
";

/// The page.
pub(crate) fn page() -> String {
    let problems = Code::ALL.iter().map(|code| {
        let kind = code.kind();
        let again = if kind.retryable { "yes" } else { "no" };
        format!(
            "| `{}` | {} | {} | {again} | {} | {} |\n",
            kind.name,
            kind.status.as_u16(),
            kind.fault.as_str(),
            kind.when,
            kind.remedy
        )
    });
    let items = ItemCode::ALL.iter().map(|code| format!("| `{}` | {} |\n", code.as_str(), meaning(*code)));
    format!("{HEAD}{}{ITEMS}{}", problems.collect::<String>(), items.collect::<String>())
}

/// There is no wildcard, so that a new item code does not compile until it is explained.
const fn meaning(code: ItemCode) -> &'static str {
    match code {
        ItemCode::UnknownField => {
            "There is no canonical field or member of this name; `detail` names the nearest field, if one is near."
        }
        ItemCode::WrongType => "The value has the wrong JSON type.",
        ItemCode::OutOfRange => "The number is outside the documented range.",
        ItemCode::TooLong => "The text is too long, counted in Unicode scalar values.",
        ItemCode::TooShort => "The text is too short, counted in Unicode scalar values.",
        ItemCode::NotAllowed => "The value is not one of the documented ones, or has another format.",
        ItemCode::NullNotAllowed => "`null` is not documented for this field.",
        ItemCode::Required => "A required member is missing.",
        ItemCode::Conflict => "Two parts of the update conflict.",
        ItemCode::UnsupportedField => "The vendor does not support the field. Lenient handling drops it.",
        ItemCode::UnsupportedValue => "The vendor supports the field but not this value. Refused with either handling.",
        ItemCode::UnresolvedName => {
            "No catalog entry has this name or id, or more than one has it; `detail` names the configuration key that \
             adds an entry."
        }
        ItemCode::RejectedByVendor => "The vendor rejected the value; `detail` is its own message.",
    }
}
