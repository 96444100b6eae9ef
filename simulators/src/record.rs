//! What a simulator received, for tests and the demo to read.

use std::{collections::VecDeque, sync::Arc};

use hyper::{HeaderMap, body::Bytes};
use serde_json::Value;

/// How many requests are remembered; the oldest are forgotten first.
const CAPACITY: usize = 10_000;

/// One request, as it came over the wire.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its number, from 0 on; `clear` does not start it again.
    pub sequence: u64,
    /// The method.
    pub method: String,
    /// The path without the query, undecoded.
    pub path: String,
    /// The query without its question mark, undecoded.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body's bytes, unchanged; empty if it was over the limit or broke off.
    pub body: Bytes,
    /// The body as JSON, if it is JSON whatever the content type says.
    pub json: Option<Value>,
    /// The status answered; `None` while unanswered, and for good if the connection was cut or hangs.
    pub status: Option<u16>,
    /// The keys of an update that the vendor's page does not know, dotted, with indices.
    pub unknown_keys: Arc<[String]>,
}

impl Received {
    /// A header's value, if it is there once or more and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The requests remembered, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record {
    requests: VecDeque<Received>,
    next: u64,
}

impl Record {
    /// Remembers a request and returns its number.
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

    /// The request with this number, unless it was forgotten.
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
    fn only_the_newest_are_remembered_and_found_by_number() {
        let mut record = Record::default();
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
