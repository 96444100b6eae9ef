//! Keys without a canonical field: they are refused with a hint, or dropped, and limited in number.

use vendors::{Handling, Items};

use super::contracts::{LEGACY, SUPERSET, contract, contracts};

/// So many members, each with a typing error in `speech_speed`.
fn misspelled(count: usize) -> String {
    (0..count).map(|n| format!(r#""speech_speed{n:04}":1"#)).collect::<Vec<_>>().join(",")
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_field() {
    for (vendor, key, detail) in [
        (SUPERSET, "speech_sped", "is not a canonical field; did you mean `speech_speed`?"),
        (SUPERSET, "xyz", "is not a canonical field"),
        (SUPERSET, "calls_direction", "is not a canonical field"),
        (LEGACY, "calls_direction", "is not a canonical field; did you mean `type`?"),
    ] {
        let body = format!(r#"{{"{key}":1}}"#);
        let item = contract(vendor).translate(&body, Handling::Strict).unwrap_err().items.list.remove(0);
        assert_eq!((item.field.as_deref(), item.detail.as_str()), (Some(key), detail));
        let dropped = contract(vendor).translate(&body, Handling::Lenient).unwrap().report.dropped.remove(0);
        assert_eq!((&*dropped.field, &*dropped.code, &*dropped.detail), (key, "unknown_field", detail));
    }
}

#[test]
fn only_the_first_hundred_unknown_keys_get_a_hint() {
    for contract in contracts() {
        let body = format!("{{{}}}", misspelled(150));
        let refused = contract.translate(&body, Handling::Strict).unwrap_err().items.list;
        let dropped = contract.translate(&body, Handling::Lenient).unwrap().report.dropped;
        let refused: Vec<_> = refused.into_iter().map(|item| item.detail.contains("did you mean")).collect();
        let dropped: Vec<_> = dropped.into_iter().map(|note| note.detail.contains("did you mean")).collect();
        assert!(refused == dropped && refused.len() == 150);
        assert!(refused[..100].iter().all(|hinted| *hinted) && refused[100..].iter().all(|hinted| !hinted));
    }
}

#[test]
fn a_key_is_not_dropped_if_the_report_is_full() {
    let vendor = contract(SUPERSET);
    let most = vendor.translate(&format!("{{{}}}", misspelled(Items::MAX)), Handling::Lenient).unwrap();
    assert_eq!((most.body.as_slice(), most.report.dropped.len()), (&b"{}"[..], Items::MAX));
    let refused = vendor.translate(&format!("{{{}}}", misspelled(Items::MAX + 2)), Handling::Lenient).unwrap_err();
    let beyond: Vec<_> = refused.items.list.iter().map(|item| item.pointer.as_str()).collect();
    assert_eq!(beyond, ["#/speech_speed1000", "#/speech_speed1001"]);
}
