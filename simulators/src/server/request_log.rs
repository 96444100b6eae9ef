//! Keeps the latest requests, for tests and the demo to read.

use std::collections::VecDeque;

use crate::http::Received;

/// How many requests are kept; the oldest are dropped first.
const CAPACITY: usize = 10_000;

/// The requests kept, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<Received>,
    next: u64,
}

impl RequestLog {
    /// Keeps a request and returns its number.
    pub(crate) fn push(&mut self, mut received: Received) -> u64 {
        let sequence = self.next;
        received.sequence = sequence;
        self.next += 1;
        if self.requests.len() == CAPACITY {
            self.requests.pop_front();
        }
        self.requests.push_back(received);
        sequence
    }

    /// The request with this number, unless it was dropped.
    pub(crate) fn get_mut(&mut self, sequence: u64) -> Option<&mut Received> {
        let first = self.requests.front()?.sequence;
        self.requests.get_mut(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper::{HeaderMap, body::Bytes};

    use super::*;

    fn received() -> Received {
        Received {
            sequence: 0,
            method: "PUT".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            json: None,
            status: None,
            unknown_keys: Arc::default(),
        }
    }

    #[test]
    fn only_the_newest_are_kept_and_found_by_number() {
        let mut record = RequestLog::default();
        for _ in 0..=CAPACITY {
            record.push(received());
        }
        assert_eq!(record.len(), CAPACITY);
        assert!(record.get_mut(0).is_none());
        assert_eq!(record.get_mut(1).map(|request| request.sequence), Some(1));
        record.clear();
        assert!(record.get_mut(1).is_none());
        assert_eq!(record.push(received()), CAPACITY as u64 + 1);
    }
}
