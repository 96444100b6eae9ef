//! W3C Trace Context: continue the caller's trace or begin one, strictly by version 00.
//!
//! A malformed `traceparent` is ignored, as the recommendation asks, and a new trace begins.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const LEN: usize = 55;
const SAMPLED: u8 = 1;

/// This request's place in a trace: the trace, the caller's span if any, and our own span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: Option<u64>,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// Continues the trace of a valid, single `traceparent`, else begins one that is not sampled.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::continue_from(value.as_bytes()),
            _ => None,
        }
        .unwrap_or_else(Self::begin)
    }

    /// Begins a trace, not sampled.
    pub fn begin() -> Self {
        Self { trace_id: Uuid::new_v4().as_u128(), parent_id: None, span_id: new_span_id(), flags: 0 }
    }

    /// A child of this span: same trace and flags, new span id.
    pub fn child(&self) -> Self {
        Self { parent_id: Some(self.span_id), span_id: new_span_id(), ..*self }
    }

    /// The trace id, never zero.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// Our span id, never zero.
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// The span this one continues.
    pub fn parent_id(&self) -> Option<u64> {
        self.parent_id
    }

    /// Whether the caller records this trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Has this trace recorded.
    pub fn sample(&mut self) {
        self.flags |= SAMPLED;
    }

    /// The outgoing `traceparent`, with our span as the parent.
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from(self.to_string())).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    fn continue_from(value: &[u8]) -> Option<Self> {
        let dashes = [2, 35, 52].iter().all(|&at| value.get(at) == Some(&b'-'));
        if value.len() != LEN || !dashes || &value[..2] != b"00" {
            return None;
        }
        let trace_id = lower_hex(&value[3..35])?;
        let parent_id = u64::try_from(lower_hex(&value[36..52])?).ok()?;
        let flags = u8::try_from(lower_hex(&value[53..])?).ok()? & SAMPLED;
        (trace_id != 0 && parent_id != 0).then(|| Self {
            trace_id,
            parent_id: Some(parent_id),
            span_id: new_span_id(),
            flags,
        })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// The random half of a version 4 UUID; its variant bits keep it from being zero.
fn new_span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

fn lower_hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(values: &[&str]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        TraceContext::from_headers(&headers)
    }

    #[test]
    fn a_valid_trace_is_continued_under_a_new_span() {
        let trace = read(&[GIVEN]);
        assert_eq!(trace.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(trace.parent_id(), Some(0x00f0_67aa_0ba9_02b7));
        assert!(trace.is_sampled());
        let sent = trace.to_header_value();
        let sent = sent.to_str().unwrap();
        assert_eq!((&sent[..36], &sent[52..]), (&GIVEN[..36], "-01"));
        assert_ne!(&sent[36..52], &GIVEN[36..52]);
        assert_eq!(trace.child().parent_id(), Some(trace.span_id()));
    }

    #[test]
    fn only_the_sampled_flag_is_passed_on() {
        assert!(read(&[&GIVEN.replace("-01", "-ff")]).to_string().ends_with("-01"));
        assert!(read(&[&GIVEN.replace("-01", "-02")]).to_string().ends_with("-00"));
    }

    #[test]
    fn a_malformed_trace_is_replaced() {
        let zero_trace = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        let upper = GIVEN.to_uppercase();
        let longer = format!("{GIVEN}-00");
        let cases = [
            &zero_trace,
            &zero_span,
            &upper,
            &longer,
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        ];
        for case in cases {
            let trace = read(&[case]);
            assert_eq!(trace.parent_id(), None, "{case}");
            assert!(trace.trace_id() != 0 && trace.span_id() != 0 && !trace.is_sampled());
        }
        assert_eq!(read(&[GIVEN, GIVEN]).parent_id(), None);
    }

    #[test]
    fn what_is_sent_can_be_continued() {
        let first = TraceContext::begin();
        let second = read(&[&first.to_string()]);
        assert_eq!(second.trace_id(), first.trace_id());
        assert_eq!(second.parent_id(), Some(first.span_id()));
    }
}
