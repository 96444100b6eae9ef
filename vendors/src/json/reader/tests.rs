use super::*;

fn kind(body: &[u8]) -> JsonErrorKind {
    read_object(body, Limits::CALLER).unwrap_err().kind
}

#[test]
fn values_keep_their_text() {
    let body = br#" { "speech_speed" : 0.70, "big": 123456789012345678901234567890 , "s":"a\u0062 \n", "n":null, "l":[ 1 , {"x" : [ ] } ] } "#;
    let members = read_object(body, Limits::CALLER).unwrap();
    let texts: Vec<_> = members.iter().map(|(key, value)| (key.as_ref(), value.text())).collect();
    assert_eq!(
        texts,
        [
            ("speech_speed", "0.70"),
            ("big", "123456789012345678901234567890"),
            ("s", r#""a\u0062 \n""#),
            ("n", "null"),
            ("l", r#"[ 1 , {"x" : [ ] } ]"#),
        ]
    );
    let list = members[4].1;
    let elements: Vec<_> = list.elements().map(Value::text).collect();
    assert_eq!(elements, ["1", r#"{"x" : [ ] }"#]);
    assert_eq!(list.elements().nth(1).and_then(|object| object.get("x")).map(Value::text), Some("[ ]"));
}

#[test]
fn a_body_is_exactly_one_object() {
    assert_eq!(kind(b""), JsonErrorKind::Empty);
    assert_eq!(kind(b" \n"), JsonErrorKind::Empty);
    for other in [&b"[]"[..], b"null", b"1", b"\"x\"", b"true"] {
        assert_eq!(kind(other), JsonErrorKind::NotAnObject);
    }
    assert_eq!(kind(b"{} {}"), JsonErrorKind::Trailing);
    assert_eq!(kind(b"{},"), JsonErrorKind::Trailing);
    assert_eq!(kind("\u{feff}".as_bytes()), JsonErrorKind::Empty);
    assert_eq!(kind("\u{feff}\u{feff}{}".as_bytes()), JsonErrorKind::Expected("a JSON object"));
    assert_eq!(kind(" \u{feff}{}".as_bytes()), JsonErrorKind::Expected("a JSON object"));
}

#[test]
fn one_leading_byte_order_mark_is_skipped() {
    let body = "\u{feff}\n{\"a\":\"\u{feff}b\"}".as_bytes();
    assert_eq!(read_object(body, Limits::CALLER).unwrap()[0].1.as_str().as_deref(), Some("\u{feff}b"));
    assert_eq!(read_value("\u{feff}[1]".as_bytes(), Limits::VENDOR).unwrap().text(), "[1]");
}

#[test]
fn misplaced_punctuation_is_refused() {
    for (body, expected) in [
        (r#"{"a" 1}"#, "`:` after the key"),
        (r#"{"a"=1}"#, "`:` after the key"),
        (r#"{"a","b":1}"#, "`:` after the key"),
        (r#"{"a"::1}"#, "a JSON value"),
        (r#"{"a":1 "b":2}"#, "`,` or `}`"),
        (r#"{"a":1]"#, "`,` or `}`"),
        (r#"{"a":[1}}"#, "`,` or `]`"),
        (r#"{"a":[1,]}"#, "a JSON value"),
        (r#"{"a":[1;2]}"#, "`,` or `]`"),
        (r#"{,"a":1}"#, "a key in double quotes"),
        (r#"{"a":1,}"#, "a key in double quotes"),
        (r#"{a:1}"#, "a key in double quotes"),
    ] {
        assert_eq!(kind(body.as_bytes()), JsonErrorKind::Expected(expected), "{body}");
    }
}

#[test]
fn a_duplicate_key_is_refused_at_any_depth_and_in_any_spelling() {
    assert_eq!(kind(br#"{"a":1,"\u0061":2}"#), JsonErrorKind::DuplicateKey("a".into()));
    assert_eq!(kind(br#"{"t":[{"x":{"k":1,"k":1}}]}"#), JsonErrorKind::DuplicateKey("k".into()));
    assert!(read_object(br#"{"a":{"a":{"a":1}},"b":{"a":1}}"#, Limits::CALLER).is_ok());
    let many: Vec<_> = (0..500).map(|n| format!(r#""k{n}":1"#)).collect();
    assert!(read_object(format!("{{{}}}", many.join(",")).as_bytes(), Limits::CALLER).is_ok());
    let error = kind(format!(r#"{{{},"k7":1}}"#, many.join(",")).as_bytes());
    assert_eq!(error, JsonErrorKind::DuplicateKey("k7".into()));
    assert!(read_object(br#"{"a":1,"a":2}"#, Limits::VENDOR).is_ok());
}

#[test]
fn more_than_32_levels_are_refused() {
    let nested = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(read_object(nested(32).as_bytes(), Limits::CALLER).is_ok());
    assert_eq!(kind(nested(33).as_bytes()), JsonErrorKind::TooDeep(32));
    let beside = |one: &str| format!(r#"{{"a":[{}]}}"#, [one; 40].join(","));
    for one in ["[]", "[[]]", "{}", r#"{"b":{}}"#] {
        assert!(read_object(beside(one).as_bytes(), Limits::CALLER).is_ok(), "{one}");
    }
    assert_eq!(kind(&b"[".repeat(100_000)), JsonErrorKind::NotAnObject);
    assert_eq!(kind(format!(r#"{{"a":{}"#, "[".repeat(100_000)).as_bytes()), JsonErrorKind::TooDeep(32));
}

#[test]
fn invalid_strings_are_refused() {
    assert_eq!(kind(b"{\"a\":\"\x01\"}"), JsonErrorKind::Control);
    assert_eq!(kind(b"{\"a\":\"tab\there\"}"), JsonErrorKind::Control);
    assert_eq!(kind(br#"{"a":"\x"}"#), JsonErrorKind::Escape);
    assert_eq!(kind(br#"{"a":"\u00g0"}"#), JsonErrorKind::Escape);
    for lone in [&br#"{"a":"\ud800"}"#[..], br#"{"a":"\udc00"}"#, br#"{"a":"\ud800\u0041"}"#, br#"{"a":"\ud800x"}"#] {
        assert_eq!(kind(lone), JsonErrorKind::Surrogate);
    }
    assert_eq!(kind(b"{\"a\":\"\xff\"}"), JsonErrorKind::Utf8);
    for open in [&br#"{"a":"open}"#[..], br#"{"a":"\"#, br#"{"a":"\u"#, br#"{"a":"\u00f"#, br#"{"a":"\ud83d\ude0"#] {
        assert_eq!(kind(open), JsonErrorKind::Truncated);
    }
    assert_eq!(kind(br#"{"a":"\u00g0"#), JsonErrorKind::Escape);
    assert_eq!(kind(br#"{'a':1}"#), JsonErrorKind::Expected("a key in double quotes"));
}

#[test]
fn invalid_numbers_and_words_are_refused() {
    for good in ["0", "-0", "10", "0.70", "1e2", "1E+2", "-1.5e-10"] {
        assert!(read_object(format!(r#"{{"a":{good}}}"#).as_bytes(), Limits::CALLER).is_ok(), "{good}");
    }
    for bad in ["01", "1.", ".5", "+1", "-", "1e", "0x1", "1.e1", "-01"] {
        assert!(read_object(format!(r#"{{"a":{bad}}}"#).as_bytes(), Limits::CALLER).is_err(), "{bad}");
    }
    for word in ["NaN", "Infinity", "-Infinity", "nul", "True", "undefined"] {
        assert!(read_object(format!(r#"{{"a":{word}}}"#).as_bytes(), Limits::CALLER).is_err(), "{word}");
    }
}

#[test]
fn errors_name_line_and_column() {
    let error = read_object(b"{\n  \"a\": 1,\n  \"a\": 2\n}", Limits::CALLER).unwrap_err();
    assert_eq!(error.to_string(), "the key `a` occurs twice in one object (line 3, column 3)");
    let error = read_object(br#"{"a":1,}"#, Limits::CALLER).unwrap_err();
    assert_eq!(error.to_string(), "expected a key in double quotes (line 1, column 8)");
}

#[test]
fn every_prefix_of_a_body_is_refused() {
    let body = br#"{"name":"\ud83d\ude00 x","n":[1.5e3,{"k":null}],"t":true}"#;
    for end in 0..body.len() {
        assert!(read_object(&body[..end], Limits::CALLER).is_err(), "prefix of {end}");
    }
}
