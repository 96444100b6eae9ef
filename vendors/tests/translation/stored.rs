//! A stored request is restored as it was.

use proptest::collection::vec;
use proptest::prelude::*;
use vendors::{Field, Handling, Note, Report, Request, SentFields, Update};

use super::contracts::contracts;
use super::generated::{config, rough_update, text, update};

/// A request with every part, to damage.
fn sample() -> Request {
    let note = |code: &'static str| Note::new("fi\"eld", code, "Ä\n\u{0}😀");
    Request {
        method: "PUT",
        repeatable: true,
        path: "/user/assistant/1".to_owned(),
        body: br#"{"name":"A\u0041 \" \\","speech_speed":1.00}"#.to_vec(),
        report: Report {
            applied: vec![Field::SpeechSpeed, Field::Name],
            dropped: vec![note("unsupported_field"), note("unknown_field")],
            warnings: vec![note("of_a_newer_version")],
            ..Report::default()
        },
        sent: SentFields {
            fields: [Field::Name, Field::SpeechSpeed].into_iter().collect(),
            options: vec!["x.\"y\"".to_owned(), String::new()],
        },
    }
}

/// The stored sample with one part exchanged.
fn damaged(from: &str, to: &str) -> Option<Request> {
    let stored = String::from_utf8(sample().to_stored()).unwrap();
    assert!(stored.contains(from), "{from} is in {stored}");
    Request::from_stored(stored.replacen(from, to, 1).as_bytes())
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn every_translated_request_is_restored(sent in update(), rough in rough_update()) {
        for contract in contracts() {
            for update in [text(&sent), text(&rough)] {
                if Update::read(update.as_bytes()).is_err() {
                    continue;
                }
                let Ok(request) = contract.translate(&update, Handling::Lenient) else { continue };
                prop_assert_eq!(Request::from_stored(&request.to_stored()), Some(request));
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(bytes in vec(any::<u8>(), 0..60), at: prop::sample::Index, byte: u8) {
        let _ = Request::from_stored(&bytes);
        let mut stored = sample().to_stored();
        let at = at.index(stored.len());
        stored[at] = byte;
        // What can still be read is written again as it was read.
        if let Some(read) = Request::from_stored(&stored) {
            prop_assert_eq!(Request::from_stored(&read.to_stored()), Some(read));
        }
    }
}

#[test]
fn a_creation_and_a_deletion_are_restored_with_their_methods() {
    for contract in contracts() {
        let operations = &contract.dialect.operations;
        let calls = [Some(operations.update), operations.create.map(|creation| creation.call), operations.delete];
        for call in calls.into_iter().flatten() {
            let request = Request {
                method: call.method,
                repeatable: call.repeatable,
                path: call.path_of("7"),
                body: Vec::new(),
                report: Report::default(),
                sent: SentFields::default(),
            };
            assert_eq!(Request::from_stored(&request.to_stored()), Some(request));
        }
    }
}

#[test]
fn a_text_that_is_cut_anywhere_or_longer_is_refused() {
    let stored = sample().to_stored();
    assert_eq!(Request::from_stored(&stored), Some(sample()));
    for end in 0..stored.len() {
        assert_eq!(Request::from_stored(&stored[..end]), None, "{end}");
    }
    assert_eq!(Request::from_stored(&[&*stored, b"x"].concat()), None);
}

#[test]
fn a_part_that_is_missing_or_of_another_type_is_refused() {
    let stored: serde_json::Map<_, _> = serde_json::from_slice(&sample().to_stored()).unwrap();
    let keys: Vec<_> = stored.keys().cloned().collect();
    assert_eq!(keys.len(), 9);
    for key in keys {
        let mut without = stored.clone();
        without.remove(&key);
        assert_eq!(Request::from_stored(serde_json::to_string(&without).unwrap().as_bytes()), None, "{key}");
        for wrong in
            [serde_json::json!(null), serde_json::json!(1), serde_json::json!({"a": 1}), serde_json::json!([1])]
        {
            let mut other = stored.clone();
            other.insert(key.clone(), wrong);
            assert_eq!(Request::from_stored(serde_json::to_string(&other).unwrap().as_bytes()), None, "{key}");
        }
    }
    for (from, to) in [
        ("\"code\":", "\"kode\":"),
        ("\"detail\":", "\"retail\":"),
        ("\"dropped\":[{\"field\"", "\"dropped\":[{\"feld\""),
    ] {
        assert_eq!(damaged(from, to), None, "{to}");
    }
}

#[test]
fn what_a_newer_version_wrote_is_kept_or_refused_but_never_guessed() {
    let code = |request: Request| request.report.warnings[0].code.clone();
    assert_eq!(damaged("of_a_newer_version", "seldom").map(code).as_deref(), Some("seldom"));
    assert_eq!(damaged("{\"method\"", "{\"since\":[2],\"method\""), Some(sample()));
    assert_eq!(damaged("\"speech_speed\"", "\"speech_tempo\""), None, "an applied field");
    assert_eq!(damaged("\"sent\":[\"name\"", "\"sent\":[\"title\""), None, "a sent field");
    for method in ["put", "QUERY", ""] {
        assert_eq!(damaged("\"PUT\"", &format!("\"{method}\"")), None, "{method}");
    }
}
