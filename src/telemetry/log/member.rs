//! The members of an access log line, as JSON and as fields of an event.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use tracing::field::{DisplayValue, display};
use vendors::json::{push_integer, push_string};

/// A value that both formats can show.
pub(super) trait Member: Copy {
    /// The value of an event's field.
    type Field: tracing::Value;

    fn field(self) -> Self::Field;

    /// Appends the value after `key`, which holds a comma, the name and a colon.
    fn push(self, key: &str, line: &mut Vec<u8>);
}

/// Without a value there is no member.
impl<M: Member> Member for Option<M> {
    type Field = Option<M::Field>;

    fn field(self) -> Self::Field {
        self.map(M::field)
    }

    #[inline]
    fn push(self, key: &str, line: &mut Vec<u8>) {
        if let Some(member) = self {
            member.push(key, line);
        }
    }
}

macro_rules! members {
    ($($type:ty: $field:ty, |$value:ident| $convert:expr, |$line:ident| $push:expr;)+) => {
        $(impl Member for $type {
            type Field = $field;

            fn field(self) -> $field {
                let $value = self;
                $convert
            }

            #[inline]
            fn push(self, key: &str, $line: &mut Vec<u8>) {
                $line.extend_from_slice(key.as_bytes());
                let $value = self;
                $push;
            }
        })+
    };
}

members! {
    &str: Self, |text| text, |line| push_string(line, text);
    bool: Self, |truth| truth, |line| line.extend_from_slice(if truth { b"true" } else { b"false" });
    u16: Self, |number| number, |line| push_integer(line, number.into());
    u32: Self, |number| number, |line| push_integer(line, number.into());
    u64: Self, |number| number, |line| push_integer(line, number);
    usize: Self, |number| number, |line| push_integer(line, number as u64);
    Millis: f64, |duration| duration.0.as_micros() as f64 / 1000.0, |line| duration.write(line);
    Hex: DisplayValue<Self>, |id| display(id), |line| write!(line, "\"{id}\"").unwrap_or_default();
}

/// A duration in milliseconds, rounded down to the microsecond.
#[derive(Clone, Copy)]
pub(super) struct Millis(pub(super) Duration);

impl Millis {
    fn write(self, line: &mut Vec<u8>) {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        push_integer(line, micros / 1000);
        let digit = |unit: u64| b'0' + (micros / unit % 10) as u8;
        line.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
    }
}

/// A trace id in its usual notation.
#[derive(Clone, Copy)]
pub(super) struct Hex(pub(super) u128);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pushed(member: impl Member) -> String {
        let mut line = Vec::new();
        member.push("", &mut line);
        String::from_utf8(line).unwrap()
    }

    proptest! {
        // Up to 146 years, where a double has enough digits for microseconds.
        #[test]
        fn milliseconds_are_the_same_number_in_both_formats(nanos in 0..1_u64 << 62, shift in 0..62) {
            let millis = Millis(Duration::from_nanos(nanos >> shift));
            prop_assert_eq!(pushed(millis).parse(), Ok(millis.field()));
        }

        #[test]
        fn trace_ids_have_all_their_digits(id: u128) {
            prop_assert_eq!(pushed(Hex(id)), format!("\"{id:032x}\""));
        }
    }
}
