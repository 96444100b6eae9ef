//! Refusals in the shape of each vendor: sentences with a path, places as lists, or prose.

use serde_json::{Value, json};

use crate::{contracts::FamilyContract, http::VendorResponse};

use super::members::{Finding, Problem};

/// How a vendor writes its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"detail": [{"loc", "msg", "type"}]}` or `{"detail": {"status", "message"}}`.
    Detail,
    /// `{"status": "error", "message"}`.
    Prose,
    /// `{"message": […], "error", "statusCode"}`.
    Sentences,
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// As this file of `answers.json` says.
    Documented(&'static str),
    /// The same with another sentence.
    Said(&'static str, String),
    /// The body has these problems.
    Body(Vec<Finding>),
    /// A parameter of the query has this problem.
    Query(&'static str, Problem),
    /// The body is no JSON object.
    NotJson,
    /// No such path.
    NoRoute(String),
    /// The path exists, with another method.
    WrongMethod(String),
}

impl Refusal {
    /// The response in the vendor's shape.
    pub(super) fn response(&self, contract: &FamilyContract, shape: Shape) -> VendorResponse {
        let (status, body) = match (self, shape) {
            (Self::Documented(slug), _) => documented(contract, slug),
            (Self::Said(slug, message), _) => {
                let (status, mut body) = documented(contract, slug);
                let holder = if body["detail"].is_object() { &mut body["detail"] } else { &mut body };
                holder["message"] = json!(message);
                (status, body)
            }
            (Self::Body(findings), Shape::Detail) => (422, details("body", findings)),
            (Self::Body(findings), Shape::Sentences) => {
                (400, nest(400, "Bad Request", json!(findings.iter().map(sentence).collect::<Vec<_>>())))
            }
            (Self::Body(findings), Shape::Prose) => (400, prose(&findings.first().map(remark).unwrap_or_default())),
            (Self::Query(name, problem), _) => return query(name, problem, shape),
            (Self::NotJson, Shape::Detail) => {
                let message = "JSON decode error";
                (422, json!({ "detail": [{ "type": "json_invalid", "loc": ["body", 0], "msg": message }] }))
            }
            (Self::NotJson, Shape::Prose) => (400, prose("Request body is not a JSON object")),
            (Self::NotJson, Shape::Sentences) => {
                (400, nest(400, "Bad Request", json!("The body is not a JSON object.")))
            }
            (Self::NoRoute(_), Shape::Detail) => (404, json!({ "detail": "Not Found" })),
            (Self::WrongMethod(_), Shape::Detail) => (405, json!({ "detail": "Method Not Allowed" })),
            (Self::NoRoute(what) | Self::WrongMethod(what), Shape::Prose) => (404, prose(&format!("Cannot {what}"))),
            (Self::NoRoute(what) | Self::WrongMethod(what), Shape::Sentences) => {
                (404, nest(404, "Not Found", json!(format!("Cannot {what}"))))
            }
        };
        VendorResponse::json(status, &body)
    }
}

/// The body for a status that no file of `answers.json` has.
pub(super) fn plain(shape: Shape, status: u16) -> Value {
    let reason = VendorResponse::empty(status).status.canonical_reason().unwrap_or("Unknown status");
    match shape {
        Shape::Detail => json!({ "detail": reason }),
        Shape::Prose => prose(reason),
        Shape::Sentences => nest(status, reason, json!(reason)),
    }
}

fn documented(contract: &FamilyContract, slug: &str) -> (u16, Value) {
    contract.answer(slug).unwrap_or_else(|| (500, json!({ "message": format!("there is no answer named {slug}") })))
}

fn query(name: &str, problem: &Problem, shape: Shape) -> VendorResponse {
    let finding = Finding { path: vec![json!(name)], problem: problem.clone() };
    match shape {
        Shape::Detail => VendorResponse::json(422, &details("query", &[finding])),
        Shape::Prose => VendorResponse::json(400, &prose(&remark(&finding))),
        Shape::Sentences => VendorResponse::json(400, &nest(400, "Bad Request", json!([sentence(&finding)]))),
    }
}

fn prose(message: &str) -> Value {
    json!({ "status": "error", "message": message })
}

fn nest(status: u16, error: &str, message: Value) -> Value {
    json!({ "message": message, "error": error, "statusCode": status })
}

fn details(place: &str, findings: &[Finding]) -> Value {
    let detail = |finding: &Finding| {
        let mut loc = vec![json!(place)];
        loc.extend_from_slice(&finding.path);
        let (kind, message) = detail(&finding.problem);
        json!({ "loc": loc, "msg": message, "type": kind })
    };
    json!({ "detail": findings.iter().map(detail).collect::<Vec<_>>() })
}

/// The word and the sentence that the framework of `Detail` has for a problem.
fn detail(problem: &Problem) -> (&'static str, String) {
    let of_type = |types: &[String]| match types.first().map(String::as_str) {
        Some("string") => ("string_type", "Input should be a valid string".to_owned()),
        Some("integer") => ("int_type", "Input should be a valid integer".to_owned()),
        Some("number") => ("float_type", "Input should be a valid number".to_owned()),
        Some("boolean") => ("bool_type", "Input should be a valid boolean".to_owned()),
        Some("array") => ("list_type", "Input should be a valid list".to_owned()),
        _ => ("dict_type", "Input should be a valid dictionary".to_owned()),
    };
    match problem {
        Problem::Unknown => ("extra_forbidden", "Extra inputs are not permitted".to_owned()),
        Problem::Missing => ("missing", "Field required".to_owned()),
        Problem::Null => ("none_forbidden", "Input should not be null".to_owned()),
        Problem::Type(types) => of_type(types),
        Problem::Below(bound) => ("greater_than_equal", format!("Input should be greater than or equal to {bound}")),
        Problem::NotAbove(bound) => ("greater_than", format!("Input should be greater than {bound}")),
        Problem::Above(bound) => ("less_than_equal", format!("Input should be less than or equal to {bound}")),
        Problem::Long(most) => ("string_too_long", format!("String should have at most {most} characters")),
        Problem::Many(most) => ("too_long", format!("List should have at most {most} items after validation")),
        Problem::Choice(words) => {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            ("literal_error", format!("Input should be {}", quoted.join(" or ")))
        }
    }
}

/// A sentence that begins with the path, as the framework of `Sentences` writes it.
fn sentence(finding: &Finding) -> String {
    let path = finding.dotted();
    let of_type = |types: &[String]| match types.first().map_or("object", String::as_str) {
        "string" => "a string",
        "integer" => "an integer number",
        "number" => "a number conforming to the specified constraints",
        "boolean" => "a boolean value",
        "array" => "an array",
        _ => "an object",
    };
    match &finding.problem {
        Problem::Unknown => match path.rsplit_once('.') {
            Some((parent, name)) => format!("{parent}.property {name} should not exist"),
            None => format!("property {path} should not exist"),
        },
        Problem::Missing | Problem::Null => format!("{path} should not be null or undefined"),
        Problem::Type(types) => format!("{path} must be {}", of_type(types)),
        Problem::Below(bound) => format!("{path} must not be less than {bound}"),
        Problem::NotAbove(bound) => format!("{path} must be greater than {bound}"),
        Problem::Above(bound) => format!("{path} must not be greater than {bound}"),
        Problem::Long(most) => format!("{path} must be shorter than or equal to {most} characters"),
        Problem::Many(most) => format!("{path} must contain no more than {most} elements"),
        Problem::Choice(words) => format!("{path} must be one of the following values: {}", words.join(", ")),
    }
}

/// Prose that may contain the path.
fn remark(finding: &Finding) -> String {
    let path = finding.dotted();
    match &finding.problem {
        Problem::Unknown => format!("{path}: unknown field"),
        Problem::Missing => format!("{path} is required"),
        Problem::Null => format!("{path} cannot be null"),
        Problem::Type(types) => format!("{path}: expected {}", types.join(" or ")),
        Problem::Below(_) | Problem::NotAbove(_) | Problem::Above(_) => format!("{path}: value out of range"),
        Problem::Long(most) | Problem::Many(most) => format!("{path}: longer than {most}"),
        Problem::Choice(words) => format!("{path}: must be one of {}", words.join(", ")),
    }
}
