//! Oracle for the strict JSON reader: it agrees with serde_json.
//!
//! They differ on purpose in three points. The reader skips a leading byte order mark. RFC 8259 does not limit numbers, so `1e999` is JSON: the reader passes its text on,
//! while the reference cannot represent it. The contract rejects duplicate keys and more than 32 levels, which RFC 8259
//! leaves to the reader.

use serde_json::Value;
use vendors::json::{JsonErrorKind, Kind, Limits, read_object, read_value, without_byte_order_mark};

/// Whether the reference accepts the bytes as JSON; `None` where it only cannot represent a number or the depth.
pub fn reference(bytes: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<Value>(without_byte_order_mark(bytes)) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().starts_with("number out of range") => None,
        Err(error) if error.to_string().starts_with("recursion limit") => None,
        Err(_) => Some(false),
    }
}

/// Fails if the reader and the reference differ without one of the reasons above.
pub fn agree(bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes);
    let unmarked = without_byte_order_mark(bytes);
    let Some(valid) = reference(bytes) else { return };
    match read_value(bytes, Limits::VENDOR) {
        Ok(value) => {
            assert!(valid, "{shown:?} is read, and is no JSON");
            same(value, &serde_json::from_slice(unmarked).unwrap());
        }
        Err(error) if matches!(error.kind, JsonErrorKind::TooDeep(128)) => {}
        Err(error) => assert!(!valid, "{shown:?} is JSON: {error}"),
    }
    let object = valid && serde_json::from_slice::<Value>(unmarked).unwrap().is_object();
    match read_object(bytes, Limits::CALLER) {
        Ok(members) => {
            assert!(object, "{shown:?}");
            assert_eq!(members.len(), serde_json::from_slice::<Value>(unmarked).unwrap().as_object().unwrap().len());
        }
        Err(error) if matches!(error.kind, JsonErrorKind::TooDeep(32)) => {
            assert!(depth(bytes) > 32, "{shown:?}: {error}");
        }
        Err(error) if matches!(error.kind, JsonErrorKind::DuplicateKey(_)) => {}
        Err(error) => {
            assert!(!object, "{shown:?} is an object: {error}");
            assert!(error.line >= 1 && error.column >= 1 && error.column <= bytes.len() + 1);
        }
    }
}

/// An upper bound of the number of levels, counted without parsing.
fn depth(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}

/// Compares both values. Of a duplicate key the reference keeps only the last, so such objects are skipped.
fn same(value: vendors::json::Value<'_>, wanted: &Value) {
    match wanted {
        Value::Null => assert!(value.is_null()),
        Value::Bool(wanted) => assert_eq!(value.as_bool(), Some(*wanted)),
        Value::Number(number) => {
            assert_eq!(value.kind(), Kind::Number);
            // The reference rounds its last digit loosely.
            let (read, wanted) = (value.as_f64().unwrap(), number.as_f64().unwrap());
            assert!((read - wanted).abs() <= wanted.abs() * 1e-12, "{} is {read}, not {wanted}", value.text());
            let integral = value.text().bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
            assert_eq!(value.as_integer().is_some(), integral);
        }
        Value::String(text) => {
            assert_eq!(value.as_str().as_deref(), Some(text.as_str()));
            assert_eq!(value.chars(), Some(text.chars().count()));
        }
        Value::Array(list) => {
            assert_eq!(value.elements().count(), list.len());
            value.elements().zip(list).for_each(|(one, other)| same(one, other));
        }
        Value::Object(object) => {
            if value.members().count() == object.len() {
                value.members().for_each(|(key, inner)| same(inner, &object[&*key]));
            }
        }
    }
}
