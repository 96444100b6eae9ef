//! Phone numbers that name their assistant: a further request, addressed by the id that was sent.

use serde_json::{Value, json};
use vendors::{Dialect, Field, InvalidResponse, Purpose, Reading, Refused, Rule, Run, Settings, Step, registry};

use super::{create, dialect, drive, read, steps, translate};

const NUMBER: &str = "9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4e01";

/// A vendor whose assistant is empty, and whose number names the assistant once it was written.
fn vendor(dialect: &'static Dialect, more: Value) -> impl Fn(&Step) -> String {
    move |step| {
        let is_number = step.field.is_some();
        let mut told = match dialect.name {
            "elevenlabs" if is_number => json!({
                "phone_number_id": step.path.rsplit('/').next(), "phone_number": "+13025550101",
                "assigned_agent": (step.purpose == Purpose::Assign).then(|| json!({ "agent_id": "id_1" })),
            }),
            "elevenlabs" => json!({ "agent_id": "id_1", "name": "A", "phone_numbers": [] }),
            _ if is_number => json!({
                "id": step.path.rsplit('/').next(), "provider": "twilio",
                "assistantId": (step.purpose == Purpose::Assign).then_some("id_1"),
            }),
            _ => json!({ "id": "id_1", "name": "A" }),
        };
        if is_number {
            told.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        }
        told.to_string()
    }
}

fn sent(name: &str, update: &Value, settings: &Settings) -> Vec<String> {
    let dialect = dialect(name);
    steps(dialect, &update.to_string(), settings, vendor(dialect, Value::Null))
}

/// The only refusal: pointer, code and detail.
fn only(refused: Refused) -> (String, &'static str, String) {
    let [item] = <[_; 1]>::try_from(refused.items.list).unwrap();
    (item.pointer, item.code.as_str(), item.detail)
}

#[test]
fn a_number_is_written_after_the_assistant_and_read_before_anything_is() {
    let bare = Settings::default();
    assert_eq!(
        sent("elevenlabs", &json!({ "phone_number_id": "phnum_2", "name": "B" }), &bare),
        [
            "GET /v1/convai/phone-numbers/phnum_2 ",
            r#"PATCH /v1/convai/agents/id_1 {"name":"B"}"#,
            r#"PATCH /v1/convai/phone-numbers/phnum_2 {"agent_id":"id_1"}"#,
        ]
    );
    assert_eq!(
        sent("vapi", &json!({ "name": "B", "phone_number_id": NUMBER }), &bare),
        [
            format!("GET /phone-number/{NUMBER} "),
            r#"PATCH /assistant/id_1 {"name":"B"}"#.to_owned(),
            format!(r#"PATCH /phone-number/{NUMBER} {{"provider":"twilio","assistantId":"id_1"}}"#),
        ]
    );
}

#[test]
fn an_assistant_of_which_nothing_is_written_is_read_so_that_no_number_leads_nowhere() {
    let bare = Settings::default();
    assert_eq!(
        sent("elevenlabs", &json!({ "phone_number_id": "phnum_2" }), &bare),
        ["GET /v1/convai/agents/id_1 ", r#"PATCH /v1/convai/phone-numbers/phnum_2 {"agent_id":"id_1"}"#]
    );
    assert_eq!(
        sent("vapi", &json!({ "phone_number_id": NUMBER }), &bare),
        [
            "GET /assistant/id_1 ".to_owned(),
            format!("GET /phone-number/{NUMBER} "),
            format!(r#"PATCH /phone-number/{NUMBER} {{"provider":"twilio","assistantId":"id_1"}}"#),
        ]
    );
}

#[test]
fn a_number_of_an_account_with_a_branch_is_answered_on_that_branch() {
    let settings = Settings { parameters: vec![("branch", "agtbrch_1".to_owned())], publishes: false };
    assert_eq!(
        sent("elevenlabs", &json!({ "phone_number_id": "phnum_2" }), &settings)[1],
        r#"PATCH /v1/convai/phone-numbers/phnum_2 {"agent_id":"id_1","branch_id":"agtbrch_1"}"#
    );
}

#[test]
fn a_new_assistant_gets_its_number_with_its_new_id() {
    for (name, number, made, expected) in [
        (
            "elevenlabs",
            "phnum_2",
            r#"{"agent_id":"agent_9"}"#,
            [
                "GET /v1/convai/phone-numbers/phnum_2 ",
                r#"POST /v1/convai/agents/create {"conversation_config":{},"name":"A"}"#,
                r#"PATCH /v1/convai/phone-numbers/phnum_2 {"agent_id":"agent_9"}"#,
            ]
            .map(str::to_owned),
        ),
        (
            "vapi",
            NUMBER,
            r#"{"id":"as_9"}"#,
            [
                format!("GET /phone-number/{NUMBER} "),
                r#"POST /assistant {"name":"A"}"#.to_owned(),
                format!(r#"PATCH /phone-number/{NUMBER} {{"provider":"twilio","assistantId":"as_9"}}"#),
            ],
        ),
    ] {
        let dialect = dialect(name);
        let request = create(dialect, &json!({ "name": "A", "phone_number_id": number }).to_string()).unwrap();
        let settings = Settings::default();
        let mut run = Run::create(dialect, &request, &settings).unwrap();
        let answer = vendor(dialect, Value::Null);
        let all = drive(&mut run, |step| if step.purpose == Purpose::Create { made.to_owned() } else { answer(step) });
        let line = |step: &Step| format!("{} {} {}", step.method, step.path, String::from_utf8_lossy(&step.body));
        assert_eq!(all.unwrap().iter().map(line).collect::<Vec<_>>(), expected);
        // The number that this vendor tells names `id_1`.
        assert_eq!(run.assigned().map(|(_, _, holds)| holds).collect::<Vec<_>>(), [Some(false)], "{name}");
    }
}

#[test]
fn what_follows_a_creation_is_sent_again_by_itself_and_an_update_starts_over() {
    let elevenlabs = dialect("elevenlabs");
    let (settings, text) = (Settings::default(), r#"{"name":"A","phone_number_id":"phnum_2"}"#);
    let answer = vendor(elevenlabs, Value::Null);
    for (request, is_new) in [(create(elevenlabs, text).unwrap(), true), (translate(elevenlabs, text).unwrap(), false)]
    {
        let mut run = match is_new {
            true => Run::create(elevenlabs, &request, &settings),
            false => Run::update(elevenlabs, "id_1", &request, &settings),
        }
        .unwrap();
        while let Some(step) = run.next().unwrap() {
            let is_last = step.purpose == Purpose::Assign;
            assert_eq!(run.is_at_its_end(), is_last);
            assert_eq!(run.must_start_over(), !(is_new && is_last));
            assert_eq!(step.repeatable, step.purpose != Purpose::Create);
            let (applied, pending) = run.applied_and_pending();
            if is_last {
                assert_eq!((applied, pending), (vec![Field::Name], vec![Field::PhoneNumberId]));
            }
            run.answered(answer(&step).as_bytes()).unwrap();
        }
        assert_eq!(run.applied_and_pending().0, [Field::Name, Field::PhoneNumberId]);
    }
}

#[test]
fn null_and_what_is_no_id_of_a_number_is_refused() {
    for (name, number) in [("elevenlabs", "phnum_2"), ("vapi", NUMBER)] {
        let refused = |value: Value| {
            only(translate(dialect(name), &json!({ "phone_number_id": value }).to_string()).unwrap_err())
        };
        let (pointer, code, detail) = refused(Value::Null);
        assert_eq!((&*pointer, code), ("#/phone_number_id", "unsupported_value"), "{detail}");
        assert!(detail.contains("let go") && detail.contains("phone number"), "{detail}");
        for other in ["", ".", "..", "a/b", "+13025550101", "?x"] {
            let (pointer, code, detail) = refused(other.into());
            assert_eq!((&*pointer, code), ("#/phone_number_id", "not_allowed"), "{name} {other}: {detail}");
            assert!(detail.contains("id of a phone number"), "{detail}");
        }
        assert_eq!(refused(json!(7)).1, "wrong_type");
        let request = translate(dialect(name), &json!({ "phone_number_id": number }).to_string()).unwrap();
        assert_eq!(request.report.applied, [Field::PhoneNumberId]);
        assert_eq!(request.report.warnings[0].code, "approximated");
    }
    let request = create(dialect("vapi"), r#"{"name":"A","phone_number_id":null}"#).unwrap();
    assert_eq!(request.body, br#"{"name":"A"}"#, "a new assistant without a number");
}

#[test]
fn a_number_that_names_something_else_is_refused_before_anything_is_written() {
    let vapi = dialect("vapi");
    for other in ["squadId", "workflowId"] {
        for update in [json!({ "phone_number_id": NUMBER, "name": "B" }), json!({ "phone_number_id": NUMBER })] {
            let request = translate(vapi, &update.to_string()).unwrap();
            let settings = Settings::default();
            let mut run = Run::update(vapi, "id_1", &request, &settings).unwrap();
            let (pointer, code, detail) = only(drive(&mut run, vendor(vapi, json!({ other: "x" }))).unwrap_err());
            assert_eq!((&*pointer, code), ("#/phone_number_id", "unsupported_value"));
            assert!(detail.contains(other) && !run.is_begun(), "{detail}");
        }
    }
}

#[test]
fn another_object_than_the_number_is_no_answer() {
    for (name, number) in [("elevenlabs", "phnum_2"), ("vapi", NUMBER)] {
        let dialect = dialect(name);
        let update = json!({ "phone_number_id": number, "name": "B" }).to_string();
        let (request, settings) = (translate(dialect, &update).unwrap(), Settings::default());
        let mut run = Run::update(dialect, "id_1", &request, &settings).unwrap();
        let step = run.next().unwrap().unwrap();
        assert_eq!((step.purpose, step.field), (Purpose::Read, Some(Field::PhoneNumberId)));
        let own = vendor(dialect, Value::Null)(&step);
        assert_eq!(run.check_identity(own.as_bytes()), Ok(()));
        let other = own.replace(number, "other");
        assert!(matches!(run.check_identity(other.as_bytes()), Err(InvalidResponse::OtherObject(_))), "{other}");
        assert!(matches!(run.check_identity(b"{}"), Err(InvalidResponse::Lacks(_))));
    }
    let vapi = dialect("vapi");
    let request = translate(vapi, &json!({ "phone_number_id": NUMBER, "name": "B" }).to_string()).unwrap();
    let settings = Settings::default();
    let mut run = Run::update(vapi, "id_1", &request, &settings).unwrap();
    run.next().unwrap();
    let without = json!({ "id": NUMBER }).to_string();
    assert_eq!(run.answered(without.as_bytes()), Err(InvalidResponse::Lacks("provider".to_owned())));
}

#[test]
fn an_agent_tells_its_only_number_and_several_cannot_be_written() {
    let elevenlabs = dialect("elevenlabs");
    let document = |numbers: Value| json!({ "agent_id": "agent_1", "phone_numbers": numbers }).to_string();
    let number = |id: &str| json!({ "phone_number_id": id, "phone_number": "+1" });
    let told = |numbers: Value| {
        read(elevenlabs, &document(numbers), |read| read.told(Field::PhoneNumberId).map(str::to_owned))
    };
    assert_eq!(told(json!([])), None);
    assert_eq!(told(json!([number("phnum_1")])).as_deref(), Some("\"phnum_1\""));
    read(elevenlabs, &document(json!([number("phnum_1"), number("phnum_2")])), |read| {
        assert_eq!(read.unwritable[0].field, Field::PhoneNumberId);
        assert_eq!(read.unwritable[0].value, r#"["phnum_1","phnum_2"]"#);
        assert!(read.vendor_fields.iter().any(|(name, _)| name == "phone_numbers"), "what they are is told besides");
    });
    assert!(elevenlabs.tells(Field::PhoneNumberId));
    let vapi = dialect("vapi");
    assert_eq!(vapi.row(Field::PhoneNumberId).reading, Reading::Never);
    assert!(vapi.unreadable().any(|field| field == Field::PhoneNumberId));
}

#[test]
fn a_dry_run_shows_the_requests_of_a_number_as_far_as_they_are_known() {
    let vapi = dialect("vapi");
    let request = create(vapi, &json!({ "name": "A", "phone_number_id": NUMBER }).to_string()).unwrap();
    let settings = Settings::default();
    let mut run = Run::create(vapi, &request, &settings).unwrap();
    let mut shown = Vec::new();
    while let Some(step) = run.next().unwrap() {
        run.skip();
        shown.push((step.purpose.as_str(), step.title, String::from_utf8(step.body).unwrap()));
    }
    assert_eq!(shown[0], ("read", "the phone number", String::new()));
    assert_eq!(shown[1], ("create", "the assistant", r#"{"name":"A"}"#.to_owned()));
    assert_eq!(shown[2], ("assign", "the phone number", r#"{"provider":"new","assistantId":"new"}"#.to_owned()));
}

#[test]
fn the_member_of_a_sparse_document_is_none_that_options_can_set_beside_the_field() {
    let vapi = dialect("vapi");
    let options = json!({ "vendor_options": { "vapi": { "phone_number_id": "x" } } });
    let sole = steps(vapi, &options.to_string(), &Settings::default(), vendor(vapi, Value::Null));
    assert_eq!(sole, [r#"PATCH /assistant/id_1 {"phone_number_id":"x"}"#], "the vendor refuses it");
    let both = json!({ "phone_number_id": NUMBER, "vendor_options": { "vapi": { "phone_number_id": "x" } } });
    assert_eq!(only(translate(vapi, &both.to_string()).unwrap_err()).1, "conflict");
}

#[test]
fn the_contract_of_a_number_takes_what_is_sent_to_it() {
    for (name, number, settings) in [
        ("elevenlabs", "phnum_2", Settings { parameters: vec![("branch", "agtbrch_1".to_owned())], publishes: false }),
        ("vapi", NUMBER, Settings::default()),
    ] {
        let file = format!("{}/contracts/{name}/objects.json", env!("CARGO_MANIFEST_DIR"));
        let objects: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let documented = &objects["objects"]["phone-number"];
        let all = sent(name, &json!({ "phone_number_id": number }), &settings);
        let body: Value = serde_json::from_str(all.last().unwrap().rsplit(' ').next().unwrap()).unwrap();
        for (member, value) in body.as_object().unwrap() {
            let schema = &documented["properties"][member];
            assert!(
                schema["type"] == "string" || schema["enum"].as_array().unwrap().contains(value),
                "{name}: {member}"
            );
        }
        let required = documented["required"].as_array().into_iter().flatten();
        assert!(required.into_iter().all(|member| body.get(member.as_str().unwrap()).is_some()), "{name}: {body}");
    }
}

#[test]
fn what_is_shown_as_the_assistants_body_has_no_number_in_it() {
    for (name, number, member) in [("elevenlabs", "phnum_2", "agent_id"), ("vapi", NUMBER, "assistantId")] {
        let dialect = dialect(name);
        let request = translate(dialect, &json!({ "phone_number_id": number, "name": "B" }).to_string()).unwrap();
        assert_eq!(&*request.own_body(dialect), br#"{"name":"B"}"#);
        assert!(!request.is_empty() && request.body.len() > 12);
        let becomes = vendors::document::what_becomes(dialect, Field::PhoneNumberId);
        assert_eq!(becomes, format!("given to the phone number, as {member} there"));
    }
}

#[test]
fn every_assignment_names_the_assistant_by_its_id_and_is_safe_to_repeat() {
    let rows = registry::DIALECTS.iter().flat_map(|dialect| dialect.rows.iter());
    let all: Vec<_> = rows.filter_map(|row| if let Rule::Assigned(by) = row.rule { Some(by) } else { None }).collect();
    assert_eq!(all.len(), 2);
    for by in all {
        assert!(!by.member().is_empty() && by.write.repeatable && by.read.repeatable);
        assert!(by.read.path.ends_with("{phone_number_id}") && by.write.path.ends_with("{phone_number_id}"));
        assert!(by.title.starts_with("the ") && by.place.len() == 1);
    }
}
