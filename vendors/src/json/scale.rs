//! Moves decimals into other units without a rounding: digits are multiplied as text, never as floating point.

/// A JSON number times `by × 10^shift`, in the shortest plain spelling; `None` if it has an exponent or too many digits.
pub(crate) fn scaled(number: &str, by: u32, shift: i8) -> Option<String> {
    let (negative, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, number),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = [whole, fraction].concat();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let product = digits.parse::<u128>().ok()?.checked_mul(u128::from(by))?.to_string();
    let decimals = i64::try_from(fraction.len()).ok()? - i64::from(shift);
    let text = match usize::try_from(decimals) {
        Ok(decimals) => {
            let padded = format!("{product:0>width$}", width = decimals + 1);
            let (whole, fraction) = padded.split_at(padded.len() - decimals);
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { [whole, ".", fraction].concat() }
        }
        Err(_) => product + &"0".repeat(usize::try_from(-decimals).ok()?),
    };
    let text = match text.trim_start_matches('0') {
        "" => "0".to_owned(),
        point if point.starts_with('.') => ["0", point].concat(),
        digits => digits.to_owned(),
    };
    Some(if negative && text != "0" { ["-", &text].concat() } else { text })
}

/// The inverse: a JSON number divided by `by × 10^shift`; `None` if that is no decimal with an end, or `by` is not made of twos
/// and fives.
pub(crate) fn unscaled(number: &str, by: u32, shift: i8) -> Option<String> {
    // 1/by = inverse / 10^places
    let (mut inverse, mut power, mut places) = (None, 1u64, 0i8);
    while inverse.is_none() && places < 10 {
        if power.is_multiple_of(u64::from(by.max(1))) {
            inverse = u32::try_from(power / u64::from(by.max(1))).ok();
            break;
        }
        power *= 10;
        places += 1;
    }
    scaled(number, inverse?, 0i8.checked_sub(shift)?.checked_sub(places)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_move_between_units_exactly() {
        for (number, by, shift, other) in [
            ("600", 1, 3, "600000"),
            ("1.5", 1, 3, "1500"),
            ("0.0005", 1, 3, "0.5"),
            ("2.5", 2, -1, "0.5"),
            ("0", 2, -1, "0"),
            ("5", 2, -1, "1"),
            ("0.1", 2, -1, "0.02"),
            ("-3", 1, 3, "-3000"),
            ("4.99", 2, -1, "0.998"),
        ] {
            assert_eq!(scaled(number, by, shift).as_deref(), Some(other), "{number}");
            assert_eq!(unscaled(other, by, shift).as_deref(), Some(number), "{other}");
        }
        assert_eq!(scaled("1.10", 1, 3).as_deref(), Some("1100"));
        assert_eq!(scaled("-0.0", 1, 3).as_deref(), Some("0"));
    }

    #[test]
    fn what_cannot_be_moved_exactly_is_not_moved() {
        assert_eq!(scaled("1e3", 1, 3), None);
        assert_eq!(scaled(&"9".repeat(60), 2, 0), None);
        assert_eq!(unscaled("1", 3, 0), None);
    }
}
