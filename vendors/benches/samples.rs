//! The cases of the benchmarks, the instruction counts and the allocation counts. All three measure the same work.

use std::hint::black_box;

use vendors::canonical::{Member, Shape};
use vendors::{
    CatalogSet, Catalogs, Dialect, Field, Handling, Policies, SentFields, Target, Update, normalize_error,
    normalize_response, registry, translate_request,
};

/// One case: a kind of work and a body.
pub(crate) struct Case {
    /// `<what>/<which>`.
    pub(crate) name: String,
    /// The body.
    pub(crate) body: Vec<u8>,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    Read,
    Translate(&'static Dialect),
    TranslateLenient(&'static Dialect),
    Refuse(&'static Dialect),
    Response(&'static Dialect),
    Error(&'static Dialect),
}

impl Case {
    fn new(name: impl Into<String>, work: Work, body: String) -> Self {
        let case = Self { name: name.into(), body: body.into_bytes(), work };
        assert!(case.run(), "{} has an unexpected result", case.name);
        case
    }

    /// Does the work once. Returns whether the result is the expected one.
    pub(crate) fn run(&self) -> bool {
        let body = black_box(self.body.as_slice());
        match self.work {
            Work::Read => black_box(Update::read(body)).is_ok(),
            Work::Translate(dialect) => translate(dialect, body, Handling::Strict, true),
            Work::TranslateLenient(dialect) => translate(dialect, body, Handling::Lenient, true),
            Work::Refuse(dialect) => translate(dialect, body, Handling::Strict, false),
            Work::Response(dialect) => black_box(normalize_response(dialect, body)).is_ok(),
            Work::Error(dialect) => {
                !black_box(normalize_error(dialect, dialect.name, &SentFields::default(), 422, body)).items.is_empty()
            }
        }
    }
}

fn translate(dialect: &'static Dialect, body: &[u8], handling: Handling, accepted: bool) -> bool {
    let (policies, empty) = (Policies::default(), CatalogSet::default());
    let target = Target {
        dialect,
        vendor: dialect.name,
        id: "789",
        handling,
        policies: &policies,
        catalogs: Catalogs { configured: &empty, live: &empty },
        accounts: &registry::Names,
    };
    let Ok(update) = Update::read(body) else { return false };
    black_box(translate_request(&update, &target)).is_ok() == accepted
}

/// Every case, in a fixed order.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (size, bytes) in [("120B", 120), ("2KiB", 2 * 1024), ("64KiB", 64 * 1024)] {
        cases.push(Case::new(format!("read/{size}"), Work::Read, update(bytes)));
        for dialect in registry::flat() {
            cases.push(Case::new(format!("{}/{size}", dialect.name), Work::Translate(dialect), update(bytes)));
        }
    }
    let [base, ..] = registry::DIALECTS;
    let worst = |name: &str, body| Case::new(format!("worst/{name}"), Work::Translate(base), body);
    cases.extend([
        worst("plain-64KiB", prompt("You are a helpful assistant for Acme Corp. ")),
        worst("non-ascii-64KiB", prompt("Vous êtes à l'écoute, Ωμέγα, 電話に出る 😀. ")),
        worst("escapes-64KiB", prompt(r#"\"\u00e9\n\\"#)),
        worst("every-field", every_field(base)),
        worst("tools", tools()),
        Case::new("lenient/every-field", Work::TranslateLenient(most_dropping(&every_field(base))), every_field(base)),
        worst("nested-variables", format!(r#"{{"variables":{}1{}}}"#, r#"{"a":["#.repeat(15), "]}".repeat(15))),
        Case::new("worst/many-errors", Work::Refuse(base), many_errors()),
        Case::new("worst/unknown-keys", Work::Refuse(base), unknown_keys()),
        Case::new("answer/success", Work::Response(base), ANSWER.to_owned()),
        Case::new("answer/errors", Work::Error(base), FAILURE.to_owned()),
    ]);
    cases
}

/// The dialect that drops most fields of this update, of those that take the rest of it.
fn most_dropping(body: &str) -> &'static Dialect {
    let supported = |dialect: &&Dialect| Field::ALL.iter().filter(|field| dialect.row(**field).is_supported()).count();
    let takes_it = |dialect: &&'static Dialect| translate(dialect, body.as_bytes(), Handling::Lenient, true);
    registry::flat().filter(takes_it).min_by_key(supported).unwrap_or(registry::DIALECTS[0])
}

/// An update that every vendor with a flat dialect accepts, with a prompt that extends it to `size` bytes.
fn update(size: usize) -> String {
    let head =
        r#"{"name":"Sales assistant","type":"outbound","mode":"pipeline","speech_speed":1.05,"max_duration":900"#;
    let more = if size < 300 {
        ""
    } else {
        r#","wait_for_customer":true,"record":true,"fillers":false,"enable_noise_cancellation":true,"llm_temperature":0.3,
        "voice_stability":0.70,"voice_similarity":0.5,"allow_interruptions":true,"end_call_on_voicemail":true,
        "max_silence_duration":40,"reengagement_interval":30,"min_interrupt_words":2,"endpoint_type":"vad",
        "endpoint_sensitivity":0.5,"interrupt_sensitivity":0.5,"webhook_url":"https://example.com/hook","is_webhook_active":true,
        "variables":{"company_name":"Acme Corp","product":"Premium Widget"},
        "tools":[{"type":"end_call","description":"End call when done"}]"#
    };
    let rest = size.saturating_sub(head.len() + more.len() + 20);
    let line = "You are a helpful assistant for Acme Corp.\\n";
    let prompt = line.repeat(rest / line.len());
    format!("{head}{more},\"system_prompt\":\"{prompt}\"}}")
}

/// An update with one text of 64 KiB.
fn prompt(line: &str) -> String {
    format!(r#"{{"system_prompt":"{}"}}"#, line.repeat(64 * 1024 / line.len()))
}

/// Every field but the names in catalogs, with all its members.
fn every_field(base: &Dialect) -> String {
    let is_wanted = |field: &Field| {
        base.row(*field).is_supported() && base.catalog_of(*field).is_none() && *field != Field::VendorOptions
    };
    let members = Field::ALL.into_iter().filter(is_wanted);
    object(members.map(|field| match field.name() {
        name if name.ends_with("webhook_url") => (name, r#""https://example.com/hook""#.to_owned()),
        name => (name, filled(&field.spec().shape)),
    }))
}

fn object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> = members.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn filled(shape: &Shape) -> String {
    let record = |members: &[Member]| object(members.iter().map(|member| (member.name, filled(&member.shape))));
    match shape {
        Shape::Boolean => "true".to_owned(),
        Shape::Integer(bounds) => bounds.map_or("7".to_owned(), |bounds| bounds.max.to_string()),
        Shape::Number(_) => "0.85".to_owned(),
        Shape::Text(_) | Shape::Any => "\"some_text\"".to_owned(),
        Shape::Choice(choices) => format!("\"{}\"", choices.first().copied().unwrap_or_default()),
        Shape::List(Shape::Tagged(variants)) => {
            let elements = variants.iter().map(|variant| {
                let tag = std::iter::once(("type", format!("\"{}\"", variant.tag)));
                object(tag.chain(variant.members.iter().map(|member| (member.name, filled(&member.shape)))))
            });
            format!("[{}]", elements.collect::<Vec<_>>().join(","))
        }
        Shape::List(element) => format!("[{0},{0},{0}]", filled(element)),
        Shape::Record(members) => record(members),
        Shape::Tagged(_) | Shape::Map | Shape::PerVendor => r#"{"some":"text"}"#.to_owned(),
    }
}

/// The largest structured value: a hundred tools with all their members.
fn tools() -> String {
    let all = filled(&Field::Tools.spec().shape);
    let inner = all.trim_start_matches('[').trim_end_matches(']');
    format!(r#"{{"tools":[{}]}}"#, vec![inner; 15].join(","))
}

/// Every field with a wrong value, and structured ones with many.
fn many_errors() -> String {
    object(Field::ALL.into_iter().map(|field| {
        let wrong = match field.spec().shape {
            Shape::List(_) => format!("[{}]", [r#"{"nonsense":1}"#; 10].join(",")),
            Shape::Text(_) => "17".to_owned(),
            _ => "\"x\"".to_owned(),
        };
        (field.name(), wrong)
    }))
}

/// A thousand unknown keys.
fn unknown_keys() -> String {
    let keys: Vec<_> = (0..1000).map(|number| format!("key_{number}")).collect();
    object(keys.iter().map(|key| (key.as_str(), "1".to_owned())))
}

const ANSWER: &str = r#"{"message":"Assistant updated successfully","data":{"id":789,"name":"Updated Sales Assistant",
        "status":"active","type":"outbound","mode":"pipeline"}}"#;

const FAILURE: &str = r#"{"message":"The given data was invalid.","errors":{"speech_speed":["The speech speed must be between 0.7 and 1.2."],
        "post_call_schema.0.name":["The name format is invalid."],"tools.0.type":["The selected type is invalid.","No."]}}"#;
