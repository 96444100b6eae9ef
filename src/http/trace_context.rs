//! W3C Trace Context, version 00: continues the caller's trace or starts one.
//!
//! As the recommendation requires, a malformed `traceparent` is ignored and a new trace starts.

use std::fmt;
use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const LEN: usize = 55;
const TRACE_ID: Range<usize> = 3..35;
const SPAN_ID: Range<usize> = 36..52;
const FLAGS: Range<usize> = 53..LEN;
const SAMPLED: u8 = 1;

/// The trace of this request, the caller's span if any, and our own span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: Option<u64>,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// Continues the trace of a single, valid `traceparent`, or starts one that is not sampled.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::continue_from(value.as_bytes()),
            _ => None,
        }
        .unwrap_or_else(Self::start)
    }

    /// Starts a trace that is not sampled.
    pub fn start() -> Self {
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

    /// Whether this trace is sampled.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Marks this trace as sampled.
    pub fn sample(&mut self) {
        self.flags |= SAMPLED;
    }

    /// The `traceparent` to send, with our span as the parent.
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    fn text(&self) -> [u8; LEN] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (high, low) = text[TRACE_ID].split_at_mut(16);
        write_hex(high, (self.trace_id >> 64) as u64);
        write_hex(low, self.trace_id as u64);
        write_hex(&mut text[SPAN_ID], self.span_id);
        write_hex(&mut text[FLAGS], self.flags.into());
        text
    }

    fn continue_from(value: &[u8]) -> Option<Self> {
        let (version, dashes) = (value.starts_with(b"00-"), [35, 52].iter().all(|&at| value.get(at) == Some(&b'-')));
        let lower_hex = value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        let text = str::from_utf8(value).ok().filter(|_| value.len() == LEN && version && dashes && lower_hex)?;
        let trace_id = u128::from_str_radix(&text[TRACE_ID], 16).ok()?;
        let parent_id = u64::from_str_radix(&text[SPAN_ID], 16).ok()?;
        let flags = u8::from_str_radix(&text[FLAGS], 16).ok()? & SAMPLED;
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
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// The random half of a version 4 UUID; its variant bits keep it from being zero.
fn new_span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

/// Fills `digits` with the last digits of `number`.
fn write_hex(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::http::trace_context::*;

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

    proptest! {
        #[test]
        fn every_digit_is_written(trace_id: u128, span_id: u64, flags: u8, shift in 0..64_u32) {
            let (trace_id, span_id) = (trace_id >> (2 * shift), span_id >> shift);
            let trace = TraceContext { trace_id, parent_id: None, span_id, flags };
            prop_assert_eq!(trace.to_header_value(), format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}"));
        }
    }

    #[test]
    fn what_is_sent_can_be_continued() {
        let first = TraceContext::start();
        let second = read(&[&first.to_string()]);
        assert_eq!(second.trace_id(), first.trace_id());
        assert_eq!(second.parent_id(), Some(first.span_id()));
    }
}
