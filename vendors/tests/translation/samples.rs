//! Values for every canonical field: at each documented limit of the superset, and just outside.

use serde_json::{Value, json};

use super::contracts::{SUPERSET, contract};

/// Values of one field as JSON text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples {
    /// Documented values.
    pub(crate) inside: Vec<String>,
    /// Undocumented values, each with the code of the refusal and the path inside the value.
    pub(crate) outside: Vec<(String, &'static str, &'static str)>,
}

/// The canonical fields that no vendor documents under this name: twins by name, and `vendor_options`.
pub(crate) const ADDED: [&str; 5] = ["language", "voice", "llm_model", "multimodal_model", "vendor_options"];

/// The canonical fields that vendors of other families document and no flat dialect does.
pub(crate) const OF_OTHER_FAMILIES: [&str; 5] =
    ["end_call_after_silence", "keywords", "tts_model", "llm_fallback_models", "first_message_interruptible"];

/// Every field of the superset, the added ones, and those of other families.
pub(crate) fn fields() -> Vec<String> {
    let properties = contract(SUPERSET).schema["properties"].as_object().unwrap();
    properties.keys().cloned().chain(ADDED.into_iter().chain(OF_OTHER_FAMILIES).map(str::to_owned)).collect()
}

/// The samples of a field; only a few for `tools` and `vendor_options`, which have their own tests.
pub(crate) fn samples(field: &str) -> Samples {
    let mut samples = match field {
        "tools" => tools(),
        "post_call_schema" => post_call_schema(),
        "filler_config" => filler_config(),
        "variables" => variables(),
        "vendor_options" => Samples { inside: vec!["{}".into()], ..Samples::default() },
        "webhook_url" | "conversation_ended_webhook_url" => urls(),
        "language" | "voice" | "llm_model" | "multimodal_model" => names(),
        "end_call_after_silence" => integer(&json!({ "minimum": 1, "maximum": 7200 })),
        "keywords" | "llm_fallback_models" => words(),
        "tts_model" => text(None),
        "first_message_interruptible" => from_schema(&json!({ "type": "boolean" })),
        _ => from_schema(contract(SUPERSET).property(field).unwrap()),
    };
    let of_other_families = ["end_call_after_silence", "keywords", "llm_fallback_models"].contains(&field);
    let null = contract(SUPERSET).endpoint["null_documented"].as_array().unwrap().iter().any(|name| name == field);
    if null || of_other_families {
        samples.inside.push("null".into());
    } else {
        samples.outside.push(("null".into(), "null_not_allowed", ""));
    }
    samples
}

/// Addresses of the web: "must be a valid URL".
fn urls() -> Samples {
    Samples::default()
        .inside(&["\"https://example.com/hook\"", "\"http:\\/\\/localhost:8080\"", "\"HTTPS://[::1]/\\u00fc?a=b#c\""])
        .outside(
            "not_allowed",
            &["\"\"", "\"nowhere\"", "\"/hook\"", "\"ftp://example.com\"", "\"https://\"", "\"https://a b\""],
        )
        .outside("wrong_type", &["1", "true", "[]", "{}"])
}

impl Samples {
    fn inside(mut self, texts: &[&str]) -> Self {
        self.inside.extend(texts.iter().map(|text| (*text).to_owned()));
        self
    }

    fn outside(mut self, code: &'static str, texts: &[&str]) -> Self {
        self.outside.extend(texts.iter().map(|text| ((*text).to_owned(), code, "")));
        self
    }

    fn outside_at(mut self, way: &'static str, code: &'static str, texts: &[&str]) -> Self {
        self.outside.extend(texts.iter().map(|text| ((*text).to_owned(), code, way)));
        self
    }
}

/// The samples of a documented schema.
pub(crate) fn from_schema(schema: &Value) -> Samples {
    let kind = match &schema["type"] {
        Value::Array(types) => types[0].as_str().unwrap(),
        one => one.as_str().unwrap(),
    };
    match kind {
        "boolean" => Samples::default().inside(&["true", "false"]).outside("wrong_type", &["0", "\"true\"", "[]"]),
        "integer" => integer(schema),
        "number" => number(schema),
        "string" if schema.get("enum").is_some() => choice(schema["enum"].as_array().unwrap()),
        "string" => text(schema.get("maxLength").and_then(Value::as_u64)),
        "array" if schema["items"]["type"] == "object" => booking_fields(),
        "array" => Samples::default()
            .inside(&["[]", "[1]", "[ 3,\n1 , 18446744073709551616]"])
            .outside("wrong_type", &["{}", "1", "\"[]\""])
            .outside_at("/0", "wrong_type", &["[\"1\"]", "[1.0]", "[[1]]"])
            .outside_at("/1", "null_not_allowed", &["[1,null]"]),
        other => panic!("no samples of {other}"),
    }
}

fn integer(schema: &Value) -> Samples {
    let samples = Samples::default().outside("wrong_type", &["21.0", "1e2", "30E0", "\"30\"", "true", "[30]", "30.5"]);
    let (Some(min), Some(max)) = (schema["minimum"].as_i64(), schema["maximum"].as_i64()) else {
        return samples.inside(&["1", "0", "9007199254740993", "18446744073709551616", "-7"]);
    };
    let text = |numbers: &[i64]| numbers.iter().map(i64::to_string).collect::<Vec<_>>();
    let inside = text(&[min, min + 1, max - 1, max]);
    let mut outside = text(&[min - 1, max + 1, -max]);
    outside.push("123456789012345678901234567890".into());
    let refs = |texts: &'_ [String]| texts.iter().map(|text| text.as_str().to_owned()).collect::<Vec<_>>();
    let (inside, outside) = (refs(&inside), refs(&outside));
    samples
        .inside(&inside.iter().map(String::as_str).collect::<Vec<_>>())
        .outside("out_of_range", &outside.iter().map(String::as_str).collect::<Vec<_>>())
}

fn number(schema: &Value) -> Samples {
    let samples = Samples::default().outside("wrong_type", &["\"1\"", "true", "[]", "{}"]);
    let (min, max) = (schema["minimum"].as_f64().unwrap(), schema["maximum"].as_f64().unwrap());
    let mut inside = vec![min.to_string(), max.to_string(), format!("{max:.2}"), format!("{min:.3}"), "1".into()];
    inside.extend(["1.0", "1e0", "0.1E+1", "10e-1", "0.9", "0.90"].map(str::to_owned));
    let outside = [
        format!("{:.3}", min - 0.001),
        format!("{:.3}", max + 0.001),
        format!("-{max}"),
        "1e999".into(),
        "-1e999".into(),
        "1e9".into(),
    ];
    if min == 0.0 {
        inside.extend(["-0", "-0.0", "0e5", "1e-400"].map(str::to_owned));
    }
    samples
        .inside(&inside.iter().map(String::as_str).collect::<Vec<_>>())
        .outside("out_of_range", &outside.iter().map(String::as_str).collect::<Vec<_>>())
}

fn choice(values: &[Value]) -> Samples {
    let mut samples = Samples::default()
        .outside("not_allowed", &["\"\"", "\"other\"", "\"ｏff\""])
        .outside("wrong_type", &["0", "true", "[\"vad\"]"]);
    for value in values {
        let word = value.as_str().unwrap();
        let escaped = format!("\"\\u{:04x}{}\"", u32::from(word.as_bytes()[0]), &word[1..]);
        samples.inside.extend([value.to_string(), escaped]);
        let capitals = Some(word.to_uppercase()).filter(|capitals| capitals != word);
        for wrong in [format!("{word} "), format!("{word}\\u0000")].into_iter().chain(capitals) {
            samples.outside.push((format!("\"{wrong}\""), "not_allowed", ""));
        }
    }
    samples
}

/// Strings of these lengths in Unicode scalar values, raw and escaped.
fn text(max: Option<u64>) -> Samples {
    let samples = Samples::default()
        .inside(&["\"\"", r#""\"\\\/\b\f\n\r\t\u0000\u001f\u2028\uFEFF""#, "\"ü 😀 \\ud83D\\uDe00 \u{7f}\u{2028}\""])
        .outside("wrong_type", &["1", "true", "[\"a\"]", "{}"]);
    let long = usize::try_from(max.unwrap_or(10_000)).unwrap();
    let of = |unit: &str, times: usize| format!("\"{}\"", unit.repeat(times));
    let units = ["a", "😀", "\\ud83d\\ude00", "\\u00e9", "\\n", "é"];
    let inside: Vec<_> = units.iter().map(|unit| of(unit, long)).collect();
    let samples = samples.inside(&inside.iter().map(String::as_str).collect::<Vec<_>>());
    if max.is_none() {
        return samples;
    }
    let outside: Vec<_> = units.iter().map(|unit| of(unit, long + 1)).collect();
    samples.outside("too_long", &outside.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Names that are refused before they are looked up. Lookups have their own tests.
fn names() -> Samples {
    let long = format!("\"{}\"", "😀".repeat(101));
    Samples::default()
        .outside("too_short", &["\"\""])
        .outside("too_long", &[&long])
        .outside("wrong_type", &["1", "true", "[]", "{}"])
}

/// Lists of strings.
fn words() -> Samples {
    Samples::default()
        .inside(&["[]", r#"["Acme"]"#, "[ \"\\u0041cme\",\n\"\" , \"ü 😀\" ]"])
        .outside("wrong_type", &["{}", "1", "\"Acme\""])
        .outside_at("/0", "wrong_type", &["[1]", "[[]]", "[true]"])
        .outside_at("/1", "null_not_allowed", &[r#"["Acme",null]"#])
}

fn post_call_schema() -> Samples {
    let item = |name: &str, kind: &str, description: &str| {
        format!(r#"[{{"name":"{name}","type":"{kind}","description":"{description}"}}]"#)
    };
    let mut samples = Samples::default()
        .inside(&["[]", r#"[ {"description":"\u0061bc", "type":"bool","name":"a_1"} ]"#])
        .outside("wrong_type", &["{}", "\"[]\""])
        .outside_at("/0", "wrong_type", &["[1]", "[[]]"])
        .outside_at("/0", "null_not_allowed", &["[null]"])
        .outside_at("/0/type", "required", &[r#"[{"name":"abc","description":"abc"}]"#])
        .outside_at("/0/name", "required", &[r#"[{"type":"bool","description":"abc"}]"#])
        .outside_at("/0/description", "required", &[r#"[{"type":"bool","name":"abc"}]"#])
        .outside_at("/0/x", "unknown_field", &[r#"[{"name":"abc","type":"bool","description":"abc","x":1}]"#])
        .outside_at("/0/type", "null_not_allowed", &[r#"[{"name":"abc","type":null,"description":"abc"}]"#]);
    for kind in ["string", "number", "bool"] {
        samples.inside.push(item("abc", kind, "abc"));
    }
    for description in ["abc".to_owned(), "😀".repeat(255), "\\ud83d\\ude00".repeat(3)] {
        samples.inside.push(item("a23456789_123456", "bool", &description));
    }
    for (name, code) in [
        ("ab", "too_short"),
        ("a23456789_1234567", "too_long"),
        ("Abc", "not_allowed"),
        ("A23456789_123456", "not_allowed"),
        ("a-b", "not_allowed"),
        ("a b", "not_allowed"),
        ("äöü", "not_allowed"),
        ("abc\\n", "not_allowed"),
    ] {
        samples.outside.push((item(name, "bool", "abc"), code, "/0/name"));
    }
    for kind in ["boolean", "", "Bool"] {
        samples.outside.push((item("abc", kind, "abc"), "not_allowed", "/0/type"));
    }
    samples.outside.push((item("abc", "bool", "ab"), "too_short", "/0/description"));
    samples.outside.push((item("abc", "bool", "😀😀"), "too_short", "/0/description"));
    samples.outside.push((item("abc", "bool", &"😀".repeat(256)), "too_long", "/0/description"));
    samples
}

fn filler_config() -> Samples {
    Samples::default()
        .inside(&[
            "{}",
            r#"{"positive":["Great!","Perfect!"],"negative":["Hmm."],"question":["Let me \u0063heck."],"neutral":["Ok."]}"#,
            r#"{ "neutral" : [ ] }"#,
        ])
        .outside("wrong_type", &["[]", "\"\"", "1"])
        .outside_at("/other", "unknown_field", &[r#"{"other":["a"]}"#])
        .outside_at("/positive", "wrong_type", &[r#"{"positive":"Great!"}"#])
        .outside_at("/positive/1", "wrong_type", &[r#"{"positive":["a",1]}"#])
        .outside_at("/neutral", "null_not_allowed", &[r#"{"neutral":null}"#])
        .outside_at("/neutral/0", "null_not_allowed", &[r#"{"neutral":[null]}"#])
}

fn booking_fields() -> Samples {
    Samples::default()
        .inside(&[
            "[]",
            r#"[{"slug":"a","type":"text","label":"A"}]"#,
            r#"[ {"slug":"", "type":"x","label":"","required":true,"options":["a",{"b":null},1.50]},{"label":"L","type":"select","slug":"s","options":[]} ]"#,
        ])
        .outside("wrong_type", &["{}", "\"[]\""])
        .outside_at("/0", "wrong_type", &["[1]"])
        .outside_at("/0/slug", "required", &[r#"[{"type":"text","label":"A"}]"#])
        .outside_at("/0/type", "required", &[r#"[{"slug":"a","label":"A"}]"#])
        .outside_at("/0/label", "required", &[r#"[{"slug":"a","type":"text"}]"#])
        .outside_at("/0/label", "null_not_allowed", &[r#"[{"slug":"a","type":"text","label":null}]"#])
        .outside_at("/0/required", "wrong_type", &[r#"[{"slug":"a","type":"text","label":"A","required":1}]"#])
        .outside_at("/0/options", "wrong_type", &[r#"[{"slug":"a","type":"text","label":"A","options":{}}]"#])
        .outside_at("/0/placeholder", "unknown_field", &[r#"[{"slug":"a","type":"t","label":"A","placeholder":""}]"#])
}

fn variables() -> Samples {
    Samples::default()
        .inside(&[
            "{}",
            r#"{ "company_name": "Acme Corp", "product":"Premium \u0057idget" }"#,
            r#"{"":{"deep":[[{"x":1e-7}]]},"n":0.10,"b":true,"nothing":null,"ü\n":""}"#,
        ])
        .outside("wrong_type", &["[]", "\"{}\"", "1"])
}

fn tools() -> Samples {
    Samples::default()
        .inside(&["[]", r#"[{"type":"end_call","description":"When \u0064one"}]"#])
        .outside("wrong_type", &["{}", "1"])
        .outside_at("/0", "wrong_type", &["[1]", "[\"end_call\"]", "[[]]"])
        .outside_at("/0", "null_not_allowed", &["[null]"])
        .outside_at("/0/type", "required", &["[{}]"])
        .outside_at("/0/type", "not_allowed", &[r#"[{"type":"other"}]"#, r#"[{"type":""}]"#])
        .outside_at("/0/type", "null_not_allowed", &[r#"[{"type":null}]"#])
        .outside_at("/0/type", "wrong_type", &[r#"[{"type":1}]"#])
}
