//! One request's way: what came after what, from its arrival to its response, and how long each step took.

use serde::Serialize;

use super::RequestLine;

/// The shortest time, in milliseconds, that is taken for a read before the attempts.
const READ: f64 = 0.1;

/// What happens in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepKind {
    /// The caller sends the body.
    Receive,
    /// The gateway works.
    Gateway,
    /// It waits for its turn, or for a limit of the vendor.
    Queue,
    /// The vendor has it, without times of single attempts: reads before a change, or a read.
    Vendor,
    /// One attempt at a change.
    Attempt,
    /// The pause between two attempts.
    Wait,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    pub(crate) step: StepKind,
    /// The number of the attempt.
    pub(crate) number: Option<usize>,
    pub(crate) ms: f64,
    /// How an attempt ended: the vendor's status, or why there is none.
    pub(crate) ended: Option<String>,
}

/// The way of a request. Its steps add up to its time.
pub(super) fn way(line: &RequestLine) -> Vec<Step> {
    let mut way = Way { steps: Vec::new(), at: 0.0, total: line.total_ms };
    way.until(StepKind::Receive, line.receiving_ms);
    let attempts: f64 = line.attempt_times.iter().filter_map(|attempt| attempt.ms).sum();
    let waits: f64 = line.attempt_times.windows(2).map(gap).sum();
    let first = line.attempt_times.first().map_or(line.total_ms, |first| first.at_ms);
    // Around each attempt a little more is measured than the attempt.
    let other = Some(line.vendor_ms - attempts).filter(|other| *other >= READ).unwrap_or_default();
    let queue = (line.queue_ms - waits).max(0.0);
    let before = way.at + (first - way.at - queue - other).max(0.0);
    // What the gateway does before and after cannot be told apart where no attempt was timed.
    if !line.attempt_times.is_empty() {
        way.until(StepKind::Gateway, before);
    }
    way.for_millis(StepKind::Queue, queue.min(first - way.at));
    way.for_millis(StepKind::Vendor, other.min(first - way.at));
    for (index, attempt) in line.attempt_times.iter().enumerate() {
        let kind = if index == 0 { StepKind::Gateway } else { StepKind::Wait };
        way.until(kind, attempt.at_ms);
        let ms = attempt.ms.unwrap_or(line.total_ms - way.at);
        let ended = match (attempt.status, attempt.failure) {
            (Some(status), _) => status.to_string(),
            (None, Some(failure)) => failure.to_owned(),
            (None, None) => "not over".to_owned(),
        };
        way.push(Step { step: StepKind::Attempt, number: Some(index + 1), ms, ended: Some(ended) });
    }
    way.until(StepKind::Gateway, line.total_ms);
    way.steps
}

/// The pause between two attempts.
fn gap(pair: &[super::AttemptLine]) -> f64 {
    match pair {
        [before, next] => (next.at_ms - before.at_ms - before.ms.unwrap_or_default()).max(0.0),
        _ => 0.0,
    }
}

/// The steps so far, and the time at their end.
struct Way {
    steps: Vec<Step>,
    at: f64,
    total: f64,
}

impl Way {
    fn push(&mut self, step: Step) {
        let ms = step.ms.min(self.total - self.at).max(0.0);
        self.at += ms;
        self.steps.push(Step { ms: (ms * 1000.0).round() / 1000.0, ..step });
    }

    /// A step that takes so long; none if it takes no time.
    fn for_millis(&mut self, step: StepKind, ms: f64) {
        if ms >= 0.001 {
            self.push(Step { step, number: None, ms, ended: None });
        }
    }

    /// A step that ends so long after the arrival.
    fn until(&mut self, step: StepKind, end: f64) {
        self.for_millis(step, end - self.at);
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::documents::requests::AttemptLine;
    use crate::admin::documents::requests::way::*;

    fn plain() -> RequestLine {
        RequestLine::example()
    }

    fn steps(line: &RequestLine) -> Vec<(StepKind, f64)> {
        let way = way(line);
        let sum: f64 = way.iter().map(|step| step.ms).sum();
        assert!((sum - line.total_ms).abs() < 0.01, "{way:?} is {sum} of {}", line.total_ms);
        way.into_iter().map(|step| (step.step, step.ms)).collect()
    }

    fn attempt(at_ms: f64, ms: Option<f64>, status: Option<u16>) -> AttemptLine {
        AttemptLine { at_ms, ms, status, failure: None }
    }

    #[test]
    fn the_steps_of_a_request_that_was_tried_twice_add_up_to_its_time() {
        let attempt_times = vec![attempt(30.0, Some(40.0), Some(503)), attempt(170.0, Some(20.0), Some(200))];
        let (receiving_ms, queue_ms, vendor_ms) = (5.0, 120.0, 60.0);
        let line = RequestLine { total_ms: 195.0, receiving_ms, queue_ms, vendor_ms, attempt_times, ..plain() };
        let expected = [
            (StepKind::Receive, 5.0),
            (StepKind::Gateway, 5.0),
            (StepKind::Queue, 20.0),
            (StepKind::Attempt, 40.0),
            (StepKind::Wait, 100.0),
            (StepKind::Attempt, 20.0),
            (StepKind::Gateway, 5.0),
        ];
        assert_eq!(steps(&line), expected);
        assert_eq!(way(&line)[3].ended.as_deref(), Some("503"));
    }

    #[test]
    fn reads_before_a_change_and_an_attempt_that_is_not_over_have_their_places() {
        let attempt_times = vec![attempt(50.0, None, None)];
        let line = RequestLine { total_ms: 80.0, vendor_ms: 30.0, attempt_times, ..plain() };
        let expected = [(StepKind::Gateway, 20.0), (StepKind::Vendor, 30.0), (StepKind::Attempt, 30.0)];
        assert_eq!(steps(&line), expected);
    }

    #[test]
    fn without_times_of_attempts_the_sums_are_drawn() {
        let (receiving_ms, queue_ms, vendor_ms) = (1.0, 2.0, 3.0);
        let line = RequestLine { total_ms: 10.0, receiving_ms, queue_ms, vendor_ms, ..plain() };
        let expected =
            [(StepKind::Receive, 1.0), (StepKind::Queue, 2.0), (StepKind::Vendor, 3.0), (StepKind::Gateway, 4.0)];
        assert_eq!(steps(&line), expected);
        assert_eq!(steps(&RequestLine { total_ms: 0.0, ..plain() }), []);
    }
}
