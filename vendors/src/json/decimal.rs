//! Numbers compared by their text: a double has too few digits to tell 1.2 from 1.2000000000000000001.

use std::cmp::Ordering;

/// A JSON number taken apart: its sign, its digits without zeros at either end, and where the point stands.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    /// The value is `0.digits × 10^point`.
    point: i64,
}

/// Compares two JSON numbers exactly.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Decimal::of(left), Decimal::of(right));
    match (left.sign(), right.sign()) {
        (1, 1) => left.magnitude(&right),
        (-1, -1) => right.magnitude(&left),
        (left, right) => left.cmp(&right),
    }
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let unsigned = mantissa.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        let leading = all().take_while(|digit| *digit == b'0').count();
        let mut digits: Vec<u8> = all().skip(leading).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        // An exponent beyond 64 bits is as good as endless, in its direction.
        let exponent =
            exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 });
        let point = (whole.len() as i64).saturating_sub(leading as i64).saturating_add(exponent);
        Self { negative: mantissa.starts_with('-'), digits, point }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value_however_they_are_written() {
        for (left, right, expected) in [
            ("1.2", "1.20", Ordering::Equal),
            ("1.2000000000000000001", "1.2", Ordering::Greater),
            ("0.69999999999999999999", "0.7", Ordering::Less),
            ("12e-1", "1.2", Ordering::Equal),
            ("0", "-0.0e5", Ordering::Equal),
            ("-1", "0.5", Ordering::Less),
            ("-2", "-1.5", Ordering::Less),
            ("1e400", "360", Ordering::Greater),
            ("1e-99999999999999999999", "0", Ordering::Greater),
            ("1e99999999999999999999", "1e9", Ordering::Greater),
            ("100", "1e2", Ordering::Equal),
            ("0.05", "0.5", Ordering::Less),
        ] {
            assert_eq!(compare(left, right), expected, "{left} and {right}");
            assert_eq!(compare(right, left), expected.reverse(), "{right} and {left}");
        }
    }
}
