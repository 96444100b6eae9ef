//! The strict reader compared with `serde_json` on valid, damaged and arbitrary bytes. The oracle is that of the fuzz
//! target `reader`, which states the intended differences.

use oracles::{agree, reference};
use proptest::collection::vec;
use proptest::prelude::*;
use vendors::json::{JsonErrorKind, Limits, decode, push_string, read_object};

use super::generated::{config, json};

/// Pieces of JSON and of almost-JSON.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\"a\"",
    "\"\"",
    "\"\\u0061\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\\u",
    "\"\\/\"",
    "\u{1}",
    "\t",
    " ",
    "\n",
    "\u{c}",
    "\u{a0}",
    "\u{feff}",
    "true",
    "false",
    "null",
    "tru",
    "0",
    "-",
    "1",
    "01",
    "1.5",
    "1.",
    ".5",
    "e",
    "1e5",
    "1E+",
    "-0",
    "1e-7",
    "+",
    "NaN",
    "//",
    "😀",
    "\"ü",
    "12345678901234567890",
];

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn arbitrary_bytes_are_read_as_the_reference_reads_them(bytes in vec(any::<u8>(), 0..64)) {
        agree(&bytes);
    }

    #[test]
    fn pieces_of_json_in_any_order_are_read_as_the_reference_reads_them(pieces in vec(prop::sample::select(&PIECES[..]), 0..16)) {
        agree(pieces.concat().as_bytes());
        agree(format!("{{\"k\":{}}}", pieces.concat()).as_bytes());
    }

    #[test]
    fn json_is_read_and_walked_as_the_reference_does(text in json()) {
        prop_assert!(reference(text.as_bytes()) != Some(false), "{}", text);
        agree(text.as_bytes());
        agree(format!(" {{ \"k\" :\t{text}\r\n}} ").as_bytes());
    }

    #[test]
    fn damaged_json_is_read_as_the_reference_reads_it(
        text in json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3_u8,
    ) {
        let mut bytes = format!("{{\"key\":{text}}}").into_bytes();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        agree(&bytes);
    }

    #[test]
    fn a_written_string_is_read_back(text in any::<String>()) {
        let mut written = Vec::new();
        push_string(&mut written, &text);
        let read: String = serde_json::from_slice(&written).unwrap();
        prop_assert_eq!(&read, &text);
        let inner = std::str::from_utf8(&written[1..written.len() - 1]).unwrap();
        prop_assert_eq!(decode(inner), text);
    }
}

#[test]
fn numbers_beyond_any_machines_range_are_json_and_keep_their_text() {
    for number in ["1e999", "-1E+400", "1e-999", &"9".repeat(400), &format!("0.{}", "1".repeat(400))] {
        let body = format!("{{\"n\":{number}}}");
        let members = read_object(body.as_bytes(), Limits::CALLER).unwrap();
        assert_eq!(members[0].1.text(), number);
    }
}

#[test]
fn duplicate_keys_are_found_in_any_spelling_among_any_number_of_keys() {
    for count in [0_usize, 1, 62, 63, 64, 65, 66, 200] {
        let inner = (0..70).map(|n| format!("\"i{n}\":{{\"k0\":1}}")).collect::<Vec<_>>().join(",");
        let keys = (0..count).map(|n| format!("\"k{n}\":{{{inner}}}")).collect::<Vec<_>>();
        let plain = format!("{{{}}}", keys.join(","));
        assert!(read_object(plain.as_bytes(), Limits::CALLER).is_ok(), "{count}");
        for twice in [0, count / 2, count.saturating_sub(1)].into_iter().filter(|_| count > 0) {
            let body = format!("{{{},\"\\u006b{twice}\":0}}", keys.join(","));
            let kind = read_object(body.as_bytes(), Limits::CALLER).unwrap_err().kind;
            assert_eq!(kind, JsonErrorKind::DuplicateKey(format!("k{twice}")));
        }
    }
}

#[test]
fn a_nested_duplicate_is_found_after_larger_objects() {
    let wide = (0..100).map(|n| format!("\"w{n}\":0")).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"a":{{{wide}}},"b":[{{{wide}}},{{"x":1,"y":{{{wide},"w7":0}}}}]}}"#);
    assert_eq!(
        read_object(body.as_bytes(), Limits::CALLER).unwrap_err().kind,
        JsonErrorKind::DuplicateKey("w7".into())
    );
}
