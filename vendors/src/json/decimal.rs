//! Compares numbers by their text, because a double cannot distinguish 1.2 from 1.2000000000000000001.

use std::cmp::Ordering;
use std::fmt;

/// The parts of a JSON number: its sign, its digits without leading and trailing zeros, and the position of the point.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    /// The value is `0.digits × 10^point`.
    point: i64,
}

/// A limit with at most three decimals. All documented limits are of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thousandths(i64);

impl Thousandths {
    /// The limit as a table writes it.
    ///
    /// # Panics
    /// The limit has more decimals. A table with such a limit does not compile.
    pub const fn of(limit: f64) -> Self {
        let thousandths = (limit * 1000.0).round() as i64;
        assert!(thousandths as f64 / 1000.0 == limit, "a limit has at most three decimals");
        Self(thousandths)
    }

    /// The limit as a double.
    pub const fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_f64().fmt(f)
    }
}

/// Whether a JSON number is between two limits, compared exactly.
pub(super) fn is_between(number: &str, min: Thousandths, max: Thousandths) -> bool {
    let short = ShortDecimal::of(number).and_then(|short| Some((short.compare(min)?, short.compare(max)?)));
    let (with_min, with_max) = short.unwrap_or_else(|| compare_exactly(number, min, max));
    with_min != Ordering::Less && with_max != Ordering::Greater
}

#[cold]
fn compare_exactly(number: &str, min: Thousandths, max: Thousandths) -> (Ordering, Ordering) {
    (compare(number, &min.to_string()), compare(number, &max.to_string()))
}

/// A number of up to 15 characters without an exponent, as `digits / scale`. Nearly all numbers are of this kind.
#[derive(Clone, Copy)]
struct ShortDecimal {
    digits: i64,
    scale: i64,
}

impl ShortDecimal {
    /// A thousand times a number of this length fits into an `i64`.
    const MAX_CHARS: usize = 15;

    fn of(number: &str) -> Option<Self> {
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        if unsigned.len() > Self::MAX_CHARS {
            return None;
        }
        let (mut digits, mut scale, mut step) = (0, 1, 1);
        for byte in unsigned.bytes() {
            match byte {
                b'0'..=b'9' => (digits, scale) = (digits * 10 + i64::from(byte - b'0'), scale * step),
                b'.' => step = 10,
                _ => return None,
            }
        }
        Some(Self { digits: if unsigned.len() < number.len() { -digits } else { digits }, scale })
    }

    /// Compares with a limit; `None` if the product overflows.
    #[inline]
    fn compare(self, limit: Thousandths) -> Option<Ordering> {
        Some((self.digits * 1000).cmp(&limit.0.checked_mul(self.scale)?))
    }
}

/// Whether two JSON numbers have the same value, however they are spelled.
pub(crate) fn same_number(left: &str, right: &str) -> bool {
    left == right || compare(left, right) == Ordering::Equal
}

/// Compares two JSON numbers exactly.
fn compare(left: &str, right: &str) -> Ordering {
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
        // An exponent beyond 64 bits counts as the largest or the smallest one.
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
    fn short_and_exact_comparison_agree() {
        let limits = [0.0, 1.0, 0.7, 1.2, 5.0, 360.0, -1.5, 0.125, 1440.0, 1e12].map(Thousandths::of);
        let (least, most) = (Thousandths::of(-1e13), Thousandths::of(1e15));
        let numbers = [
            "0",
            "-0",
            "-0.0",
            "0.7",
            "0.70",
            "0.6999999999999999",
            "0.70000000000000001",
            "1.2",
            "1.20000000000000001",
            "12e-1",
            "360",
            "361",
            "359.99",
            "-1.5",
            "-1.51",
            "0.1249",
            "0.3",
            "0.30000000000000004",
            "99999999999999",
            "100000000000000",
            "-9999999999999",
            "0.0000000000001",
            "0.0000000000000001",
            "1.0000000000000",
        ];
        for limit in limits {
            for number in numbers {
                let expected = compare(number, &limit.to_string());
                assert_eq!(is_between(number, limit, most), expected != Ordering::Less, "{number} {limit}");
                assert_eq!(is_between(number, least, limit), expected != Ordering::Greater, "{number} {limit}");
                let short = ShortDecimal::of(number).and_then(|short| short.compare(limit));
                assert!(short.is_none_or(|short| short == expected), "{number} {limit}");
            }
        }
        assert_eq!(
            ShortDecimal::of("0.70").and_then(|short| short.compare(Thousandths::of(0.7))),
            Some(Ordering::Equal)
        );
        assert!(ShortDecimal::of("7e-1").is_none());
    }

    #[test]
    fn a_limit_equals_its_text_and_has_at_most_three_decimals() {
        for (limit, text) in [(0.7, "0.7"), (1.2, "1.2"), (20.0, "20"), (-1.5, "-1.5"), (0.125, "0.125")] {
            assert_eq!((Thousandths::of(limit).as_f64(), Thousandths::of(limit).to_string()), (limit, text.to_owned()));
        }
        assert!(Thousandths::of(-1.5) < Thousandths::of(0.0));
        for limit in [0.0001, 1e300, f64::NAN, f64::INFINITY] {
            assert!(std::panic::catch_unwind(|| Thousandths::of(limit)).is_err(), "{limit}");
        }
    }

    #[test]
    fn numbers_compare_by_value_in_any_spelling() {
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
            ("1e-99999999999999999999", "1e-9", Ordering::Less),
            ("1e99999999999999999999", "1e9", Ordering::Greater),
            ("100", "1e2", Ordering::Equal),
            ("0.05", "0.5", Ordering::Less),
        ] {
            assert_eq!(compare(left, right), expected, "{left} and {right}");
            assert_eq!(compare(right, left), expected.reverse(), "{right} and {left}");
        }
    }
}
