//! The vendor's time: it moves one second with every write, so that time stamps are the same in every run.

/// 2026-09-01T06:00:00Z in seconds since 1970.
pub(crate) const START: u64 = 1_788_242_400;

/// The time after so many writes, in ISO 8601; with microseconds if the vendor writes them.
pub(crate) fn time_stamp(writes: u64, microseconds: bool) -> String {
    let seconds = START + writes;
    let (year, month, day) = date(seconds / 86_400);
    let time = seconds % 86_400;
    let fraction = if microseconds { ".000000" } else { "" };
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{fraction}Z", time / 3600, time / 60 % 60, time % 60)
}

/// Year, month and day of a day counted from 1970 (Howard Hinnant's `civil_from_days`).
const fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + shifted / 146_097 * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_across_days_and_leap_years() {
        assert_eq!(time_stamp(0, true), "2026-09-01T06:00:00.000000Z");
        assert_eq!(time_stamp(64_800, false), "2026-09-02T00:00:00Z");
        assert_eq!((date(0), date(59), date(19_782)), ((1970, 1, 1), (1970, 3, 1), (2024, 2, 29)));
    }
}
