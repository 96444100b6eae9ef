//! The built-in tools: every documented type and parameter.

use std::collections::BTreeMap;

use serde_json::Value;
use vendors::{CatalogSet, Catalogs, Handling, Policies, Target, Update, translate_request};

use super::contracts::{Contract, LEGACY, SUPERSET, contract, contracts, object, places};
use super::samples::{Samples, from_schema};

/// The tool types of each vendor of the current dialect, with the number of parameters.
const TYPES: [(&str, &[(&str, usize)]); 4] = [
    (
        "autocalls",
        &[
            ("assistant_transfer", 4),
            ("calendar_integration", 12),
            ("call_transfer", 6),
            ("collect_keypad", 2),
            ("dtmf_input", 1),
            ("end_call", 1),
            ("warm_call_transfer", 12),
        ],
    ),
    ("famulor", REVISION),
    ("intellixent", REVISION),
    ("gloriagent", &[("calendar_integration", 2), ("call_transfer", 4), ("dtmf_input", 1), ("end_call", 1)]),
];

const REVISION: &[(&str, usize)] = &[
    ("calendar_integration", 7),
    ("call_transfer", 6),
    ("collect_keypad", 2),
    ("dtmf_input", 1),
    ("end_call", 1),
    ("warm_call_transfer", 12),
];

/// The parameters of the other calendar provider. No vendor forbids mixing them, but no caller does.
const CALENDLY: [&str; 2] = ["calendly_api_key", "calendly_event_type_uri"];

/// A documented tool type.
struct Tool {
    parameters: BTreeMap<String, Value>,
    required: Vec<String>,
}

/// The documented tool types, from the schema.
fn types(contract: &Contract) -> BTreeMap<String, Tool> {
    let mut tools = BTreeMap::new();
    let Some(items) = contract.property("tools").map(|tools| &tools["items"]["allOf"]) else { return tools };
    for alternative in items.as_array().unwrap() {
        let then = &alternative["then"];
        let mut parameters: BTreeMap<_, _> = then["properties"].as_object().unwrap().clone().into_iter().collect();
        let tag = parameters.remove("type").unwrap()["const"].as_str().unwrap().to_owned();
        let strings = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let mut required: Vec<_> = strings(&then["required"]).into_iter().filter(|name| name != "type").collect();
        if let Some(rules) = then.get("allOf") {
            // Without `calendar_type` the default provider's parameters are required.
            required.extend(strings(&rules[0]["then"]["required"]));
        }
        tools.insert(tag, Tool { parameters, required });
    }
    tools
}

fn superset() -> BTreeMap<String, Tool> {
    types(contract(SUPERSET))
}

/// A documented value for a parameter that does not affect other parameters.
fn value(name: &str, schema: &Value) -> String {
    if name == "calendar_type" { "\"calcom\"".into() } else { sample(schema).inside.pop().unwrap() }
}

fn sample(schema: &Value) -> Samples {
    from_schema(schema)
}

fn tool(tag: &str, parameters: &[(String, String)]) -> String {
    let mut text = format!("{{\"type\":\"{tag}\"");
    for (name, value) in parameters {
        text.push_str(&format!(",\"{name}\":{value}"));
    }
    text + "}"
}

fn update(tag: &str, parameters: &[(String, String)]) -> String {
    object("tools", &format!("[{}]", tool(tag, parameters)))
}

fn filled(kind: &Tool, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let chosen = kind.parameters.iter().filter(|(name, _)| wanted(name));
    chosen.map(|(name, schema)| (name.clone(), value(name, schema))).collect()
}

fn only_required(kind: &Tool) -> Vec<(String, String)> {
    filled(kind, |name| kind.required.iter().any(|required| required == name))
}

fn current() -> impl Iterator<Item = &'static Contract> {
    contracts().iter().filter(|contract| !contract.is_legacy())
}

#[test]
fn each_vendor_documents_these_tool_types_and_parameters() {
    for (vendor, listed) in TYPES {
        let found = types(contract(vendor));
        let found: Vec<_> = found.iter().map(|(tag, kind)| (tag.as_str(), kind.parameters.len())).collect();
        assert_eq!(found, listed, "{vendor}");
    }
}

#[test]
fn every_tool_with_all_parameters_arrives_verbatim_or_is_refused_for_its_undocumented_parts() {
    for contract in current() {
        let here = types(contract);
        for (tag, kind) in superset() {
            let all = filled(&kind, |name| !CALENDLY.contains(&name));
            let update = update(&tag, &all);
            let Some(own) = here.get(&tag) else {
                assert_eq!(
                    places(&contract.refusals(&update)),
                    [("#/tools/0/type".into(), "unsupported_value")],
                    "{tag}"
                );
                continue;
            };
            let lacking: Vec<_> = all
                .iter()
                .filter(|(name, _)| !own.parameters.contains_key(name))
                .map(|(name, _)| (format!("#/tools/0/{name}"), "unsupported_value"))
                .collect();
            if lacking.is_empty() {
                assert_eq!(contract.body(&update), update, "{}", contract.name());
            } else {
                assert_eq!(places(&contract.refusals(&update)), lacking, "{} {tag}", contract.name());
            }
        }
    }
}

#[test]
fn every_documented_tool_arrives_verbatim_with_all_and_with_only_the_required_parameters() {
    for contract in current() {
        let mut many = Vec::new();
        for (tag, kind) in types(contract) {
            for parameters in [filled(&kind, |name| !CALENDLY.contains(&name)), only_required(&kind)] {
                let update = update(&tag, &parameters);
                assert_eq!(contract.body(&update), update, "{}", contract.name());
                many.push(tool(&tag, &parameters));
            }
        }
        many.reverse();
        let update = object("tools", &format!("[ {} ]", many.join(" ,\n ")));
        assert_eq!(contract.body(&update), update, "{}: all at once, in their order", contract.name());
    }
}

#[test]
fn a_missing_required_parameter_is_named_at_every_vendor() {
    for contract in contracts() {
        for (tag, kind) in superset() {
            for missing in &kind.required {
                let rest: Vec<_> = only_required(&kind).into_iter().filter(|(name, _)| name != missing).collect();
                let update = object("tools", &format!(r#"[{{"type":"end_call"}},{}]"#, tool(&tag, &rest)));
                let wanted = (format!("#/tools/1/{missing}"), "required");
                assert!(places(&contract.refusals(&update)).contains(&wanted), "{} {update}", contract.name());
            }
        }
    }
}

#[test]
fn every_parameter_takes_the_documented_values_and_no_others() {
    for contract in current() {
        for (tag, kind) in types(contract) {
            for (name, schema) in kind.parameters.iter().filter(|(name, _)| *name != "calendar_type") {
                let base: Vec<_> = only_required(&kind).into_iter().filter(|(other, _)| other != name).collect();
                let with = |text: &str| {
                    let mut parameters = base.clone();
                    parameters.push((name.clone(), text.to_owned()));
                    update(&tag, &parameters)
                };
                let samples = sample(schema);
                for text in &samples.inside {
                    assert_eq!(contract.body(&with(text)), with(text), "{} {tag}", contract.name());
                }
                for (text, code, way) in &samples.outside {
                    let wanted = (format!("#/tools/0/{name}{way}"), *code);
                    assert_eq!(places(&contract.refusals(&with(text))), [wanted], "{} {}", contract.name(), with(text));
                }
                let null = (format!("#/tools/0/{name}"), "null_not_allowed");
                assert_eq!(places(&contract.refusals(&with("null"))), [null], "{} {tag}", contract.name());
            }
        }
    }
}

#[test]
fn an_unknown_parameter_is_refused_with_the_known_ones() {
    for contract in contracts() {
        for (tag, kind) in superset() {
            for unknown in ["data", "phone", "Description", ""] {
                let mut parameters = only_required(&kind);
                parameters.push((unknown.to_owned(), "{}".into()));
                let items = contract.refusals(&update(&tag, &parameters));
                let pointer = format!("#/tools/0/{unknown}");
                let item = items.iter().find(|item| item.pointer == pointer && item.code.as_str() == "unknown_field");
                let item = item.unwrap_or_else(|| panic!("{} {tag}: {items:?}", contract.name()));
                assert!(kind.parameters.keys().all(|known| item.detail.contains(known.as_str())), "{item:?}");
            }
        }
    }
}

#[test]
fn tools_in_the_form_of_the_list_endpoint_are_refused() {
    let update = r#"{"tools":[{"type":"call_transfer","data":{"phone_number":"+1"}}]}"#;
    let wanted = [("#/tools/0/data".into(), "unknown_field"), ("#/tools/0/phone_number".into(), "required")];
    assert_eq!(places(&contract(SUPERSET).refusals(update)), wanted);
}

#[test]
fn the_calendar_provider_determines_the_required_credentials() {
    let calendar = |members: &str| format!(r#"{{"tools":[{{"type":"calendar_integration"{members}}}]}}"#);
    let calcom = r#","calcom_api_key":"k","calcom_event_slug":"s""#;
    let calendly = r#","calendly_api_key":"k","calendly_event_type_uri":"u""#;
    let missing = |provider: [&str; 2]| provider.map(|name| (format!("#/tools/0/{name}"), "required"));
    let autocalls = contract(SUPERSET);
    for accepted in [
        calcom.to_owned(),
        format!(r#","calendar_type":"calcom"{calcom}"#),
        format!(r#","calendar_type":"\u0063alendly"{calendly}"#),
        format!(r#"{calendly},"calendar_type":"calendly""#),
        format!(r#","calendar_type":"calendly"{calendly}{calcom}"#),
    ] {
        assert_eq!(autocalls.body(&calendar(&accepted)), calendar(&accepted));
    }
    for without_calcom in ["", calendly, r#","calendar_type":"calcom""#] {
        let places = places(&autocalls.refusals(&calendar(without_calcom)));
        assert_eq!(places, missing(["calcom_api_key", "calcom_event_slug"]), "{without_calcom}");
    }
    let without_calendly = calendar(&format!(r#","calendar_type":"calendly"{calcom}"#));
    assert_eq!(places(&autocalls.refusals(&without_calendly)), missing(CALENDLY));
    let null = places(&autocalls.refusals(&calendar(r#","calendar_type":null"#)));
    assert_eq!(null, [("#/tools/0/calendar_type".into(), "null_not_allowed")]);
    for vendor in ["famulor", "intellixent", "gloriagent"] {
        let refused =
            places(&contract(vendor).refusals(&calendar(&format!(r#","calendar_type":"calendly"{calendly}"#))));
        let lacking = |name: &str| (format!("#/tools/0/{name}"), "unsupported_value");
        assert_eq!(refused, ["calendar_type", CALENDLY[0], CALENDLY[1]].map(lacking), "{vendor}");
    }
}

#[test]
fn the_legacy_vendor_takes_one_end_call_tool_as_a_nested_object() {
    let sondos = contract(LEGACY);
    for description in ["\"\"", "\"When \\u0064one\\n😀\"", &format!("\"{}\"", "😀".repeat(500))] {
        let update =
            format!(r#"{{"name":"a","tools":[ {{ "description" : {description} , "type":"\u0065nd_call" }} ]}}"#);
        let wanted = format!(r#"{{"assistant_name":"a","end_call_tool":{{"description":{description}}}}}"#);
        assert_eq!(sondos.body(&update), wanted);
        let report = sondos.translate(&update, Handling::Strict).unwrap().report;
        let warned: Vec<_> = report.warnings.iter().map(|note| (&*note.field, &*note.code)).collect();
        assert_eq!(warned, [("tools", "partial_effect")], "the assistant's other tools stay unchanged");
    }
}

#[test]
fn the_legacy_vendor_refuses_every_other_list_of_tools() {
    let end = r#"{"type":"end_call","description":"d"}"#;
    let long = format!(r#"{{"type":"end_call","description":"{}"}}"#, "a".repeat(501));
    let dtmf = r#"{"type":"dtmf_input","description":"d"}"#;
    for (tools, place, code) in [
        ("[]".to_owned(), "#/tools", "unsupported_value"),
        (format!("[{end},{end}]"), "#/tools/1", "unsupported_value"),
        (format!("[{end},{dtmf}]"), "#/tools/1/type", "unsupported_value"),
        (format!("[{dtmf}]"), "#/tools/0/type", "unsupported_value"),
        (r#"[{"type":"end_call"}]"#.to_owned(), "#/tools/0", "unsupported_value"),
        (format!("[{long}]"), "#/tools/0/description", "too_long"),
        ("null".to_owned(), "#/tools", "null_not_allowed"),
    ] {
        let items = contract(LEGACY).refusals(&object("tools", &tools));
        assert_eq!(places(&items), [(place.to_owned(), code)], "{tools}");
    }
    for (tag, kind) in superset().into_iter().filter(|(tag, _)| tag != "end_call") {
        let items = contract(LEGACY).refusals(&update(&tag, &only_required(&kind)));
        assert_eq!(places(&items), [("#/tools/0/type".into(), "unsupported_value")], "{tag}");
    }
}

#[test]
fn unsupported_and_invalid_parts_are_found_in_one_pass() {
    let update = Update::read(
        br#"{"tools":[{"type":"end_call","x":1},{"type":"collect_keypad","timeout":99},{"type":"nonsense"}],"max_silence_duration":361}"#,
    )
    .unwrap();
    let (policies, empty) = (Policies::default(), CatalogSet::default());
    for (vendor, lacks, range) in [("gloriagent", true, "360"), ("sondos", true, "120"), ("autocalls", false, "360")] {
        let target = Target {
            dialect: vendors::registry::dialect(vendor).unwrap(),
            vendor,
            id: "1",
            handling: Handling::Strict,
            policies: &policies,
            catalogs: Catalogs { configured: &empty, live: &empty },
            accounts: &vendors::registry::Names,
        };
        let items = translate_request(&update, &target).unwrap_err().items.list;
        let at = |pointer: &str| items.iter().filter(|item| item.pointer == pointer).collect::<Vec<_>>();
        assert_eq!(at("#/tools/0/x").len(), 1, "{vendor}: {items:#?}");
        assert_eq!(at("#/tools/1/timeout").len(), 1, "{vendor}");
        assert_eq!(at("#/tools/2/type").len(), 1, "{vendor}");
        assert_eq!(at("#/tools/1/type").len(), usize::from(lacks), "{vendor}: {items:#?}");
        assert!(at("#/max_silence_duration")[0].detail.contains(range), "{vendor}");
    }
}
