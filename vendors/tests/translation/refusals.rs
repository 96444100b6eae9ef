//! Refusals in the shapes of other frameworks: no complaint and no sentence is lost.

use vendors::{SentFields, VendorErrorKind, normalize_error};

use super::contracts::{LEGACY, SUPERSET, contract};

/// A complaint as pointer, vendor's key and sentence.
type Complaint = (String, Option<String>, String);

/// The complaints and the message.
fn read(status: u16, body: &str) -> (Vec<Complaint>, Option<String>) {
    let contract = contract(SUPERSET);
    let error = normalize_error(contract.dialect, contract.name(), &SentFields::default(), status, body.as_bytes());
    let items = error.items.list.into_iter().map(|item| (item.pointer, item.vendor_field, item.detail)).collect();
    (items, error.message)
}

#[test]
fn a_complaint_is_one_item_with_its_field_and_its_sentence_in_every_shape() {
    for body in [
        r#"{"errors":{"name":["Too long."]}}"#,
        r#"{"errors":{"name":"Too long."}}"#,
        r#"{"errors":{"Name":["Too long."]}}"#,
        r#"{"errors":{"$.name":["Too long."]}}"#,
        r#"{"errors":{"name":{"code":"E1","message":"Too long."}}}"#,
        r#"{"errors":{"name":[{"code":"E1","message":"Too long."}]}}"#,
        r#"{"errors":{"name":{"_errors":["Too long."]}}}"#,
        r#"{"errors":{"name":{"name":"ValidatorError","message":"Too long.","kind":"maxlength","path":"name","value":"x"}}}"#,
        r#"{"errors":[{"field":"name","message":"Too long."}]}"#,
        r#"{"errors":[{"field":"name","code":"E1","message":"Too long.","value":{"a":["b"]}}]}"#,
        r#"{"errors":[{"param":"name","msg":"Too long.","location":"body","value":""}]}"#,
        r#"{"errors":[{"type":"field","msg":"Too long.","path":"name","location":"body"}]}"#,
        r#"{"errors":[{"name":["Too long."]}]}"#,
        r#"{"errors":[{"name":"Too long."}]}"#,
        r#"{"errors":[{"status":"422","source":{"pointer":"/data/attributes/name"},"title":"Invalid","detail":"Too long."}]}"#,
        r#"{"errors":[{"source":{"pointer":"/data/attributes/name"},"title":"Too long."}]}"#,
        r#"{"errors":[{"source":{"parameter":"name"},"detail":"Too long.","links":{"about":"https://x"}}]}"#,
        r#"{"errors":[{"pointer":"/name","detail":"Too long."}]}"#,
        r##"{"errors":[{"pointer":"#/name","detail":"Too long."}]}"##,
        r#"{"errors":[{"codes":["Size.name"],"arguments":[{"code":"name"}],"defaultMessage":"Too long.","objectName":"assistant","field":"name","rejectedValue":"x","bindingFailure":false,"code":"Size"}]}"#,
        r#"{"errors":[{"message":"Too long.","path":["name"],"extensions":{"code":"BAD"}}]}"#,
        r#"{"type":"about:blank","title":"Invalid","status":422,"invalid-params":[{"name":"name","reason":"Too long."}]}"#,
        r#"{"title":"Invalid","violations":[{"propertyPath":"name","message":"Too long.","code":"c1"}]}"#,
        r#"{"detail":[{"loc":["body","name"],"msg":"Too long.","type":"value_error"}]}"#,
        r#"{"detail":[{"type":"string_too_long","loc":["body","name"],"msg":"Too long.","input":"x","ctx":{"max_length":255}}]}"#,
        r#"{"message":[{"property":"name","constraints":{"maxLength":"Too long."},"children":[]}],"error":"Bad Request"}"#,
        r#"{"message":{"name":["Too long."]}}"#,
        r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"@type":"type.x/BadRequest","fieldViolations":[{"field":"name","description":"Too long."}]}]}}"#,
        r#"{"error":{"param":"name","message":"Too long.","type":"invalid_request_error"}}"#,
        r#"{"error":{"fields":{"name":"Too long."}}}"#,
        r#"{"field":"name","message":"Too long."}"#,
        r#"{"issues":[{"code":"too_big","path":["name"],"message":"Too long."}],"name":"ZodError"}"#,
        r#"{"data":{"errors":{"name":["Too long."]}}}"#,
        r#"{"name":["Too long."]}"#,
        r#"{"name":"Too long."}"#,
        r#"{"name":[{"message":"Too long.","code":"max_length"}]}"#,
        r#"[{"field":"name","message":"Too long."}]"#,
        "\u{feff}{\"errors\":{\"name\":[\"Too long.\"]}}",
        r#"{"errors":{"name":["Short."]},"errors":{"name":["Too long."]}}"#,
    ] {
        let (items, _) = read(422, body);
        assert_eq!(items, [("#/name".to_owned(), None, "Too long.".to_owned())], "{body}");
    }
}

#[test]
fn fields_whose_names_mean_something_else_and_texts_beside_lists_are_complaints_too() {
    let complaint = |field: &str, text: &str| (format!("#/{field}"), None, text.to_owned());
    for (body, expected) in [
        (r#"{"type":["No such type."]}"#, vec![complaint("type", "No such type.")]),
        (r#"{"errors":{"type":"No such type."}}"#, vec![complaint("type", "No such type.")]),
        (r#"{"errors":{"type":["No such type."]}}"#, vec![complaint("type", "No such type.")]),
        (r#"{"name":["A."],"type":["B."]}"#, vec![complaint("name", "A."), complaint("type", "B.")]),
        (r#"{"mode":["Bad."],"name":"Too long."}"#, vec![complaint("mode", "Bad."), complaint("name", "Too long.")]),
        // A type of problem is none.
        (r#"{"type":"about:blank","name":["A."]}"#, vec![complaint("name", "A.")]),
    ] {
        assert_eq!(read(422, body).0, expected, "{body}");
    }
}

#[test]
fn a_body_full_of_sentences_is_read_and_shortened() {
    let members: Vec<_> = (0..50_000).map(|number| format!(r#""a{number}":"x {number:05}""#)).collect();
    let (items, message) = read(422, &format!("{{{}}}", members.join(",")));
    let message = message.unwrap();
    assert_eq!(
        (items.len(), message.starts_with("x 00000: x 00001: "), message.len() <= 1024 + 3),
        (0, true, true),
        "{message}"
    );
}

#[test]
fn paths_inside_a_field_are_kept_in_every_spelling() {
    for key in [
        r#"{"errors":{"tools.0.description":["No."]}}"#,
        r#"{"errors":{"tools[0].description":["No."]}}"#,
        r#"{"errors":{"tools[0][description]":["No."]}}"#,
        r#"{"errors":{"$.tools[0].description":["No."]}}"#,
        r#"{"errors":{"tools":[{"description":["No."]}]}}"#,
        r#"{"errors":[{"pointer":"/data/attributes/tools/0/description","detail":"No."}]}"#,
        r#"{"detail":[{"loc":["body","tools",0,"description"],"msg":"No."}]}"#,
        r#"{"tools":[{"description":["No."]}]}"#,
        r#"{"errors":[{"property":"tools","children":[{"property":"0","children":[{"property":"description","constraints":{"a":"No."}}]}]}]}"#,
    ] {
        assert_eq!(read(422, key).0, [("#/tools/0/description".to_owned(), None, "No.".to_owned())], "{key}");
    }
    let (items, _) = read(422, r#"{"errors":{"speechSpeed":["a"],"Max Duration":["b"],"speech_speed.code":["c"]}}"#);
    let pointers: Vec<_> = items.iter().map(|(pointer, _, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["#/speech_speed", "#/max_duration", "#/speech_speed"]);
}

#[test]
fn several_complaints_stay_several() {
    let body = r#"{"errors":[{"field":"name","message":"A."},{"field":"mode","message":"B."},{"message":"C."},"D.",
        {"field":"brand_new","message":"E."},{"field":"type","code":"not_allowed"},{"x":1,"y":{"z":["F."]}}]}"#;
    let (items, _) = read(422, body);
    let items: Vec<_> = items.iter().map(|(at, key, text)| (at.as_str(), key.as_deref(), text.as_str())).collect();
    assert_eq!(
        items,
        [
            ("#/name", None, "A."),
            ("#/mode", None, "B."),
            ("#", None, "C."),
            ("#", None, "D."),
            ("#", Some("brand_new"), "E."),
            ("#/type", None, "not_allowed"),
            ("#", Some("x"), "1"),
            ("#", Some("y.z"), "F."),
        ]
    );
}

#[test]
fn sentences_without_a_field_make_the_message() {
    for (body, message) in [
        (r#"{"message":"Down."}"#, Some("Down.")),
        (r#"{"message":["One.","Two."]}"#, Some("One. Two.")),
        (r#"{"message":["one","two"],"error":"Bad Request","statusCode":400}"#, Some("Bad Request: one; two")),
        (r#"{"messages":["one"]}"#, Some("one")),
        (r#"{"detail":"Not today."}"#, Some("Not today.")),
        (r#"{"title":"Invalid","detail":"Not today.","status":422}"#, Some("Invalid: Not today.")),
        (r#"{"error":{"message":"Boom","code":"E"}}"#, Some("Boom")),
        (r#"{"error":{"error":{"message":"Boom"}}}"#, Some("Boom")),
        (
            r#"{"error":"invalid_request","error_description":"No such thing."}"#,
            Some("invalid_request: No such thing."),
        ),
        (r#"{"msg":"Down."}"#, Some("Down.")),
        (r#"{"success":false,"reason":"Plan expired."}"#, Some("Plan expired.")),
        (r#"{"hinweis":"Der Vertrag ist abgelaufen."}"#, Some("Der Vertrag ist abgelaufen.")),
        (r#"{"non_field_errors":["One.","Two."]}"#, Some("One. Two.")),
        (r#"{"data":{"message":"Locked."}}"#, Some("Locked.")),
        (r#"{"details":"Locked."}"#, Some("Locked.")),
        (r#""Too long.""#, Some("Too long.")),
        ("Too long.\n", Some("Too long.")),
        ("\u{feff}Too long.", Some("Too long.")),
        ("{'name': ['Too long.']}", Some("{'name': ['Too long.']}")),
        ("<html><title>Just a moment...</title><body>x</body></html>", Some("Just a moment...")),
        ("<html><body>x</body></html>", None),
        (r#"{"message":"","error":null}"#, None),
        (r#"{"id":"3f2a","status":"error"}"#, None),
        ("", None),
        ("{}", None),
    ] {
        for status in [400, 422, 429, 500, 418] {
            let (items, found) = read(status, body);
            assert_eq!((found.as_deref(), items.as_slice()), (message, &[][..]), "{status} {body}");
        }
    }
}

#[test]
fn a_2xx_keeps_its_message_and_its_complaints() {
    for (body, message, items) in [
        (r#"{"message":"Update queued."}"#, Some("Update queued."), 0),
        (r#"{"status":"error","message":"Locked."}"#, Some("Locked."), 0),
        (r#"{"success":0,"detail":"Plan expired."}"#, Some("Plan expired."), 0),
        (r#"{"success":"false","errors":{"name":["Too long."]}}"#, None, 1),
        (r#"{"success":false,"name":["Too long."]}"#, None, 1),
        (r#"{"id":789,"name":"Night desk","tags":["a","b"]}"#, None, 0),
        ("<title>Log in</title>", Some("Log in"), 0),
        ("OK", Some("OK"), 0),
        (r#"{"message":"Assistant upd"#, None, 0),
    ] {
        let (found, sentence) = read(200, body);
        assert_eq!((sentence.as_deref(), found.len()), (message, items), "{body}");
    }
}

#[test]
fn a_status_is_not_believed_where_something_else_answered() {
    use VendorErrorKind::{CredentialsRejected, Intermediary, NotFound, Refused, WrongAddress};
    for (status, body, kind) in [
        (401, "", CredentialsRejected),
        (401, r#"{"message":"Unauthenticated."}"#, CredentialsRejected),
        (401, r#""Unauthenticated.""#, CredentialsRejected),
        (401, "Unauthorized", Intermediary),
        (401, "<html>", Intermediary),
        (403, "<html><title>Attention Required! | Cloudflare</title>", Intermediary),
        (403, "Forbidden", Intermediary),
        (403, "", Intermediary),
        (403, r#"{"message":"Forbidden"}"#, CredentialsRejected),
        (403, "\u{feff}{\"message\":\"Forbidden\"}", CredentialsRejected),
        (400, "<html><head><title>400 Bad Request</title></head><center>nginx</center></html>", Intermediary),
        (400, "Bad request", Refused),
        (422, "<html>", Refused),
        (404, r#"{"message":"Assistant not found"}"#, NotFound),
        (404, r#"{"detail":"Not found."}"#, NotFound),
        (404, r#"{"message":"No query results for model [App\\Models\\Assistant] 789"}"#, NotFound),
        (404, r#"{"message":"The route api/user/assistant/789 could not be found."}"#, WrongAddress),
        (404, r#"{"message":"Cannot PUT /api/user/assistant/789","error":"Not Found","statusCode":404}"#, WrongAddress),
        (404, r#"{"message":"no Route matched with those values"}"#, WrongAddress),
        (404, "<!DOCTYPE html><pre>Cannot PUT /api</pre>", WrongAddress),
        (404, "404 page not found", WrongAddress),
        (404, "", WrongAddress),
    ] {
        for vendor in [SUPERSET, LEGACY] {
            let contract = contract(vendor);
            let error =
                normalize_error(contract.dialect, contract.name(), &SentFields::default(), status, body.as_bytes());
            assert_eq!(error.kind, kind, "{status} {body}");
        }
    }
}

#[test]
fn a_hostile_refusal_is_read_in_bounded_time_and_space() {
    let wide: String = (0..20_000).map(|n| format!(r#""k{n}":1,"#)).collect();
    let key = "k".repeat(100_000);
    for body in [
        format!(r#"{{"errors":{{{wide}"name":["x"]}}}}"#),
        format!(r#"{{"errors":{{"{key}":{{{wide}"name":["x"]}}}}}}"#),
        format!(r#"{{"errors":[{}1]}}"#, r#"{"field":"name","message":"m"},"#.repeat(20_000)),
        format!("{{{}\"x\":1}}", r#""errors":{"name":["x"]},"#.repeat(20_000)),
        format!(r#"{}"x"{}"#, r#"{"error":"#.repeat(120), "}".repeat(120)),
    ] {
        let (items, message) = read(422, &body);
        assert!(items.len() <= 1000 && message.is_none_or(|message| message.len() <= 1024));
        assert!(
            items
                .iter()
                .all(|(pointer, key, _)| pointer.len() < 2048 && key.as_ref().is_none_or(|key| key.len() < 600))
        );
    }
}
