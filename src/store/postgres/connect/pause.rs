//! The pauses between attempts to connect: random up to an end that doubles, so that replicas do not come all at once.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const MOST: Duration = Duration::from_secs(1);

/// The pauses of one connection.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Pauses {
    failures: u32,
}
impl Pauses {
    /// The pause after one more failure.
    pub(in crate::store) fn next(&mut self) -> Duration {
        let end = FIRST.saturating_mul(1 << self.failures.min(16)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        end.mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pauses;

    #[test]
    fn pauses_are_spread_and_grow_up_to_an_end() {
        let spread = |failures: u32| {
            let all: Vec<_> = (0..1_000).map(|_| Pauses { failures }.next()).collect();
            (*all.iter().min().unwrap(), *all.iter().max().unwrap())
        };
        for (failures, end) in [(0, 50), (1, 100), (4, 800), (5, 1_000), (u32::MAX, 1_000)] {
            let (least, most) = spread(failures);
            let end = Duration::from_millis(end);
            assert!(least < end / 4 && most > end / 4 * 3 && most <= end, "{failures}: {least:?} {most:?}");
        }
        let mut pauses = Pauses { failures: 9 };
        pauses.next();
        assert_eq!(pauses.failures, 10);
    }
}
