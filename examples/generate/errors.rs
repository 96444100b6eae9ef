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
| `outcome` | `not_applied`: the vendor has not applied the change; `unknown`: it was sent, and no trustworthy response came; `partial`: a part \
was applied, and `report` names which |
| `vendor`, `attempts` | which vendor account, and how often it was tried; where that applies |
| `errors` | everything that is wrong, field by field; where that applies |
| `superseded_by` | the ids of the newer records that stand against sending it again; with `superseded` |
| `report` | where a part of a change was applied: `applied` names its fields, `pending` the others; where a copy is refused: \
[what would become of its fields](calling.md#copying) |
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
If a vendor rejects something without a canonical name, `vendor_field` holds the vendor's name. An entry of `vendor_options` is \
named `vendor_options.<account>`.

| code | means |
| --- | --- |
";

const VENDORS: &str = "
## What a vendor says

A vendor's answer is read as it comes, and its body decides, not its content type:

- A byte order mark in front, gzip, folded headers, blanks before a header's colon, numbers as strings: read. Of a key that occurs twice, the \
last counts. A content coding other than gzip is `vendor_bad_response`, and `detail` names it.
- A refusal becomes one item for each complaint, with its field and its sentence, in whatever shape it comes: a map from fields to messages, \
under `errors` or at the top; a list of objects with `field`, `param`, `pointer`, `source.pointer`, `loc` or `path`; JSON:API; RFC 9457; \
FastAPI's `detail`. A pointer never leads into a text or a number.
- Sentences that are about no field are `vendor_response.message`: `message`, `error`, `detail`, `title`, lists of messages, plain text, or the \
title of a page; at most 1 KiB, credentials redacted, at every status, 2xx included.
- A 401 or 403 that is not JSON, or a challenge of Cloudflare, says nothing about this gateway's token: `vendor_bad_response`, `not_applied`, \
and a retry may help. So is a page with the status 400. A 404 that is not the vendor's JSON, or its framework's own, says nothing about the \
assistant: `vendor_bad_response`, `not_applied`, and `detail` points at the account's `base_url`.
- A 2xx with a falsy `success` or `ok`, an error, or an error status in its body is `vendor_bad_response`. A `data.id` of another assistant is the \
warning `other_id`.
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
    format!("{HEAD}{}{ITEMS}{}{VENDORS}", problems.collect::<String>(), items.collect::<String>())
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
            "No catalog entry has this name or id, or more than one has it; `detail` names the nearest names, or those that \
             are meant."
        }
        ItemCode::RejectedByVendor => "The vendor rejected the value; `detail` is its own message.",
    }
}
