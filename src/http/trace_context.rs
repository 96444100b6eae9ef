//! W3C Trace Context: continues the caller's trace or starts one.
//!
//! As the recommendation requires, a malformed `traceparent` is ignored and a new trace starts. `TraceContextPropagator`
//! does not read it, because that takes short and signed ids and the first of two headers.

use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::TraceState;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// The header that carries the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header that carries what other tracing systems add to a trace.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How much of a `tracestate` is kept, in characters.
const MAX_STATE_LEN: usize = 512;
const LEN: usize = 55;
const TRACE_ID: Range<usize> = 3..35;
const SPAN_ID: Range<usize> = 36..52;
const FLAGS: Range<usize> = 53..LEN;

/// The trace of this request, the caller's span if any, and our own span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace id.
    pub trace_id: u128,
    /// The span this one continues.
    pub parent_id: Option<u64>,
    /// Our span id.
    pub span_id: u64,
    /// Whether the trace is sampled.
    pub sampled: bool,
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
        let trace_id = u128::from_be_bytes(RandomIdGenerator::default().new_trace_id().to_bytes());
        Self { trace_id, parent_id: None, span_id: new_span_id(), sampled: false }
    }

    /// A child of this span: same trace and flags, new span id.
    pub fn child(&self) -> Self {
        Self { parent_id: Some(self.span_id), span_id: new_span_id(), ..*self }
    }

    /// The `traceparent` to send, with our span as the parent.
    pub fn to_header_value(&self) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        // These cannot fail: each number fills its range.
        let _ = hex::encode_to_slice(self.trace_id.to_be_bytes(), &mut text[TRACE_ID]);
        let _ = hex::encode_to_slice(self.span_id.to_be_bytes(), &mut text[SPAN_ID]);
        text[LEN - 1] += u8::from(self.sampled);
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Reads any version: in later ones, more may follow the four fields of version 00.
    fn continue_from(value: &[u8]) -> Option<Self> {
        let (fields, more) = value.split_at_checked(LEN)?;
        let well_formed = fields.iter().enumerate().all(|(at, byte)| match at {
            2 | 35 | 52 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
        let ends = more.is_empty() || more.starts_with(b"-") && !fields.starts_with(b"00");
        let text = str::from_utf8(fields).ok().filter(|text| well_formed && ends && !text.starts_with("ff"))?;
        let trace_id = u128::from_str_radix(&text[TRACE_ID], 16).ok()?;
        let parent_id = u64::from_str_radix(&text[SPAN_ID], 16).ok()?;
        let flags = u8::from_str_radix(&text[FLAGS], 16).ok()?;
        let (valid, sampled) = (trace_id != 0 && parent_id != 0, flags & 1 == 1);
        valid.then(|| Self { trace_id, parent_id: Some(parent_id), span_id: new_span_id(), sampled })
    }
}

fn new_span_id() -> u64 {
    u64::from_be_bytes(RandomIdGenerator::default().new_span_id().to_bytes())
}

/// What other systems added to the caller's trace. The oldest members, at the end, are dropped if they do not fit; all of
/// them if one is malformed.
pub fn trace_state(headers: &HeaderMap) -> TraceState {
    let values = headers.get_all(TRACESTATE).iter().map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>();
    let mut list = values.unwrap_or_default().join(",");
    if list.len() > MAX_STATE_LEN {
        list.truncate(list[..=MAX_STATE_LEN].rfind(',').unwrap_or(0));
    }
    list.parse().unwrap_or_default()
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

    fn sent(trace: &TraceContext) -> String {
        trace.to_header_value().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_valid_trace_is_continued_under_a_new_span() {
        let trace = read(&[GIVEN]);
        assert_eq!(trace.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(trace.parent_id, Some(0x00f0_67aa_0ba9_02b7));
        assert!(trace.sampled);
        let sent = sent(&trace);
        assert_eq!((&sent[..36], &sent[52..]), (&GIVEN[..36], "-01"));
        assert_ne!(&sent[36..52], &GIVEN[36..52]);
        assert_eq!(trace.child().parent_id, Some(trace.span_id));
    }

    #[test]
    fn later_versions_are_read_up_to_the_flags_and_version_00_is_sent() {
        for later in ["01-TRACE-01", "cc-TRACE-01-more", "fe-TRACE-03-00-\u{fc}"] {
            let given = later.replace("TRACE", &GIVEN[3..52]);
            let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_bytes(given.as_bytes()).unwrap())]);
            let trace = TraceContext::from_headers(&headers);
            assert_eq!((trace.trace_id, trace.parent_id), (read(&[GIVEN]).trace_id, read(&[GIVEN]).parent_id));
            let sent = sent(&trace);
            assert!(sent.starts_with("00-") && sent.ends_with("-01") && sent.len() == LEN, "{sent}");
        }
    }

    #[test]
    fn only_the_sampled_flag_is_passed_on() {
        assert!(sent(&read(&[&GIVEN.replace("-01", "-ff")])).ends_with("-01"));
        assert!(sent(&read(&[&GIVEN.replace("-01", "-02")])).ends_with("-00"));
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
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-+0f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        ];
        for case in cases {
            let trace = read(&[case]);
            assert_eq!(trace.parent_id, None, "{case}");
            assert!(trace.trace_id != 0 && trace.span_id != 0 && !trace.sampled);
        }
        assert_eq!(read(&[GIVEN, GIVEN]).parent_id, None);
    }

    proptest! {
        #[test]
        fn every_digit_is_written(trace_id: u128, span_id: u64, sampled: bool, shift in 0..64_u32) {
            let (trace_id, span_id) = (trace_id >> (2 * shift), span_id >> shift);
            let trace = TraceContext { trace_id, parent_id: None, span_id, sampled };
            prop_assert_eq!(trace.to_header_value(), format!("00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(sampled)));
        }
    }

    #[test]
    fn what_is_sent_can_be_continued() {
        let first = TraceContext::start();
        let second = read(&[&sent(&first)]);
        assert_eq!(second.trace_id, first.trace_id);
        assert_eq!(second.parent_id, Some(first.span_id));
    }

    fn state(values: &[&str]) -> String {
        let values = values.iter().map(|value| (TRACESTATE, HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        trace_state(&HeaderMap::from_iter(values.collect::<Vec<_>>())).header()
    }

    #[test]
    fn all_tracestate_headers_make_one_list() {
        assert_eq!(state(&[]), "");
        assert_eq!(state(&[" a=1 , b@c= 2,,", "", "d-*/_9=x:y;z"]), "a=1,b@c= 2,d-*/_9=x:y;z");
    }

    #[test]
    fn a_tracestate_with_a_malformed_member_is_dropped() {
        for bad in ["a", "A=1", "a b=1", "a=1=2", "a=1,b", "a=\u{fc}", &format!("a={}", "x".repeat(257))] {
            assert_eq!(state(&["z=1", bad]), "", "{bad}");
        }
    }

    #[test]
    fn the_oldest_members_of_a_tracestate_are_dropped_first() {
        let members: Vec<_> = (0..32).map(|number| format!("k{number:02}={}", "x".repeat(60))).collect();
        assert_eq!(state(&[&members.join(",")]), members[..7].join(","));
        let whole = format!("a={}", "x".repeat(256)) + "," + &format!("b={}", "x".repeat(251));
        assert_eq!((whole.len(), state(&[&whole, "c=1"])), (MAX_STATE_LEN, whole.clone()));
    }
}
