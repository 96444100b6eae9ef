//! Laws and cases of the framing gate.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

fn unlimited() -> FramingGate {
    FramingGate::new(HeadLimits { bytes: usize::MAX, target: usize::MAX, fields: usize::MAX })
}

/// The gate's state after `text`, and from where on it withheld it.
fn followed(text: &str) -> (FramingGate, Option<usize>) {
    let mut gate = unlimited();
    let passed = gate.follow(text.as_bytes());
    (gate, (passed < text.len()).then_some(passed))
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")
}

#[test]
fn whole_requests_pass_unchanged_one_after_the_other() {
    let chunked = post("transfer-encoding: Chunked \r\n", "5;a=b\r\nhello\r\n00A \r\n0123456789\r\n0\r\nX: y\r\n\r\n");
    for body in ["", "\r\n"] {
        let text = [
            GET,
            &post("Content-Length: 5 \r\n", "a\n\nb\n"),
            &chunked,
            &post("Content-Length:0\r\n", body),
            &post("X-Content-Length: -1\r\nContent-Lengths: q\r\nTransfer-Encoding-Not: gzip\r\n", ""),
            GET,
        ]
        .concat();
        let (gate, withheld) = followed(&text);
        assert_eq!(withheld, None);
        assert!(gate.is_between() && gate.heads() == 6, "{gate:?}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_rejected() {
    let bad = [
        "GET /a HTTP/1.1\nHost: x\r\n\r\n".to_owned(),
        "GET /a HTTP/1.1\r\nHost: x\n\r\n".to_owned(),
        "GET /a HTTP/1.1\r\nHost: x\r\n\n".to_owned(),
        "\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /a\rb HTTP/1.1\r\n\r\n".to_owned(),
        "GET /a#b HTTP/1.1\r\n\r\n".to_owned(),
        "GET /<name> HTTP/1.1\r\n\r\n".to_owned(),
        "GET /a? HTTP/1.1`\r\n\r\n".to_owned(),
        post("X: a\rb\r\n", ""),
        post("X: a\r\n b\r\n", ""),
        post("X : a\r\n", ""),
        post("X\r\n", ""),
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", ""),
        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", ""),
        post("Content-Length: 5\r\nContent-Length: 6\r\n", ""),
        post("Content-Length: 5\r\nContent-Length: 5\r\n", ""),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
        post("Transfer-Encoding: chunked\r\n", "").replace("HTTP/1.1", "HTTP/1.0"),
    ];
    for text in bad {
        let (gate, withheld) = followed(&text);
        assert_eq!((gate.rejected_head(), withheld), (Some(RejectionReason::Malformed), Some(0)), "{text}");
        assert!(gate.has_rejected() && gate.in_head(), "{text}");
    }
    for length in ["+5", "-5", "5,5", "5 5", "0x5", "", " ", "5a", "18446744073709551616"] {
        assert!(followed(&post(&format!("Content-Length: {length}\r\n"), "")).0.has_rejected(), "{length}");
    }
    for coding in
        ["gzip, chunked", "identity", "chunked, gzip", "chunkedd", "chunked chunked", "", "xchunked", "\"chunked\""]
    {
        assert!(followed(&post(&format!("Transfer-Encoding: {coding}\r\n"), "")).0.has_rejected(), "{coding}");
    }
}

#[test]
fn a_chunk_or_trailer_that_hyper_could_read_otherwise_is_rejected() {
    for body in [
        "x\r\n",
        "5\nhello",
        "5\r\nhelloX",
        "00000000000000005\r\nhello",
        "fffffffffffffffff\r\n",
        "\r\n",
        "0\r\n\n",
        "0\r\n\nA: b",
        "0\r\nA: b\n\r\n",
        "0\r\nA: b\rC: d\r\n",
        "0\r\nA: b\r\n\rX",
        "5;\nhello",
    ] {
        let (gate, withheld) = followed(&post("Transfer-Encoding: chunked\r\n", body));
        assert_eq!((gate.state, withheld.is_some()), (State::RejectedBody, true), "{body}");
        assert!(!gate.in_head() && gate.has_rejected() && !gate.is_between(), "{body}");
    }
}

#[test]
fn a_head_over_a_limit_is_withheld_however_it_is_cut() {
    let limits = HeadLimits { bytes: 100, target: 50, fields: 3 };
    let head = |target: usize, value: usize, more: &str| {
        format!("GET /{} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", "a".repeat(target), "b".repeat(value))
    };
    let bare = head(0, 0, "").len();
    let cases = [
        (head(0, 100 - bare, ""), None),
        (head(0, 100 - bare, "").replacen("b\r\n\r\n", "\r\nX:\r\n\r\n", 1), Some(RejectionReason::HeadTooLarge)),
        (head(0, 101 - bare, ""), Some(RejectionReason::HeadTooLarge)),
        (head(0, 9000, ""), Some(RejectionReason::HeadTooLarge)),
        (head(101 - bare, 0, ""), Some(RejectionReason::UriTooLong)),
        (head(9000, 0, ""), Some(RejectionReason::UriTooLong)),
        (head(60, 0, ""), None),
        (head(0, 0, "A:\r\nB:\r\n"), None),
        (head(0, 0, "A:\r\nB:\r\nC:\r\n"), Some(RejectionReason::HeadTooLarge)),
        (head(40, 0, &"A:\r\n".repeat(50)), Some(RejectionReason::HeadTooLarge)),
        (["\r\n".repeat(40).as_str(), GET].concat(), Some(RejectionReason::HeadTooLarge)),
        ("\r\n".repeat(900), Some(RejectionReason::HeadTooLarge)),
        (["\r\n".repeat(30).as_str(), GET].concat(), None),
    ];
    for (head, reason) in cases {
        for cut in [1, 7, 99, head.len(), usize::MAX] {
            let mut gate = FramingGate::new(limits);
            let whole = [GET, &head].concat();
            let mut passed = 0;
            for piece in whole.as_bytes().chunks(cut) {
                passed += gate.follow(piece);
            }
            assert_eq!(gate.rejected_head(), reason, "{cut}: {head}");
            assert!(
                reason.is_none() && passed == whole.len() || passed <= GET.len() + limits.bytes + 1,
                "{cut}: {head}"
            );
        }
    }
}

#[test]
fn what_follows_a_body_with_leading_zeros_or_trailers_is_judged() {
    let smuggled = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n");
    for body in ["0000000000000005\r\nhello\r\n0\r\n\r\n", "0\r\nA: b\r\nContent-Length: 99999999\r\n\r\n"] {
        let first = post("Transfer-Encoding: chunked\r\n", body);
        let (gate, withheld) = followed(&format!("{first}{smuggled}"));
        assert_eq!((gate.rejected_head(), gate.heads()), (Some(RejectionReason::Malformed), 2), "{body}");
        assert_eq!(withheld, Some(first.len()), "{body}");
    }
}

/// The gate's steps alone, for each byte: what gliding must not differ from.
fn follow_by_steps(gate: &mut FramingGate, bytes: &[u8]) -> usize {
    let mut head_start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let state = gate.state;
        if state == State::Between {
            head_start = at;
        }
        gate.state = match state {
            State::Body { left: 1 } => State::Between,
            State::Body { left } => State::Body { left: left - 1 },
            State::ChunkData { left: 1 } => State::ChunkDataEnd { cr: false },
            State::ChunkData { left } => State::ChunkData { left: left - 1 },
            _ => gate.step(state, *byte).unwrap_or_else(|| state.rejected()),
        };
        match gate.state {
            State::RejectedHead(_) => return head_start,
            State::RejectedBody => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// The paths of the requests that hyper reads from `bytes`.
async fn read_by_hyper(bytes: Vec<u8>) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let service = service_fn(move |request: Request<Incoming>| {
        noted.lock().unwrap().push(request.uri().path().to_owned());
        async move {
            let _ = request.into_body().collect().await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let (mut client, server) = tokio::io::duplex(1 << 16);
    client.write_all(&bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service).await;
    seen.lock().unwrap().clone()
}

proptest! {
    #[test]
    fn cuts_between_reads_change_nothing(
        parts in prop::collection::vec(prop::sample::select(vec![
            GET, "\r\n", "\n", "\r", "POST / HTTP/1.1\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n",
            "abc", "3\r\nabc\r\n", "0\r\n\r\n", ":", " ", "Host: x\r\n",
        ]), 0..12),
        cut in 1_usize..9,
    ) {
        let text = parts.concat();
        let (mut gate, mut cut_gate) = (unlimited(), unlimited());
        let passed = gate.follow(text.as_bytes());
        let cut_passed: usize = text.as_bytes().chunks(cut).map(|piece| cut_gate.follow(piece)).sum();
        prop_assert_eq!((gate.state, gate.heads), (cut_gate.state, cut_gate.heads));
        prop_assert_eq!(passed < text.len(), gate.has_rejected());
        prop_assert!(cut_passed == passed || gate.rejected_head().is_some() && cut_passed > passed);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        unlimited().follow(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn hyper_never_reads_a_request_that_the_gate_would_reject_behind_any_body(
        begin in prop::sample::select(vec!["0\r\n", "3\r\nabc\r\n", "0000000000000003\r\nabc\r\n0\r\n\r\n"]),
        parts in prop::collection::vec(prop::sample::select(vec![
            "3;a\r\n", "3 \r\nabc\r\n", "00000000000000003\r\nabc\r\n", "0\r\n\r\n", "\r\n", "\n", "\r", "\0", GET,
            "A: b\r\n", "A: b\n\r\n", "A: b\r\nContent-Length: 9999\r\n\r\n",
        ]), 0..5),
    ) {
        let smuggled = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n").replace("/a", "/smuggled");
        let text = [&post("Transfer-Encoding: chunked\r\n", begin), &parts.concat(), &smuggled, GET].concat();
        let mut bytes = text.into_bytes();
        bytes.truncate(unlimited().follow(&bytes));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(read_by_hyper(bytes));
        prop_assert_eq!(read.first().map(String::as_str), Some("/a"));
        prop_assert!(!read.iter().any(|path| path == "/smuggled"), "{read:?}");
    }
}

/// One line of a head, often one that matters, or what can stand behind a head.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let spelled = |text: &'static str| {
        let upper = prop::collection::vec(any::<bool>(), text.len());
        upper.prop_map(|upper| {
            let cased = |(byte, upper): (u8, bool)| if upper { byte.to_ascii_uppercase() } else { byte };
            text.bytes().zip(upper).map(cased).collect::<Vec<_>>()
        })
    };
    let fixed = prop::sample::select(vec![
        GET,
        "PUT /v1/a?b=c HTTP/1.1\r\n",
        "PUT /a#b HTTP/1.1\r\n",
        "Host: x\r\n",
        "\r\n",
        "X-A: b:c #d\te\r\n",
        "A:\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "0\r\nA: b\r\n\r\n",
        "abc",
        "\0",
        "\n",
        "\r",
        " ",
        ":",
    ]);
    let any_line = ("[ -~]{0,24}", prop::sample::select(vec![":", ": ", " :", ""]), "[\t -~]{0,60}");
    prop_oneof![
        6 => fixed.prop_map(|text| text.as_bytes().to_vec()),
        2 => any_line.prop_map(|(name, colon, value)| format!("{name}{colon}{value}\r\n").into_bytes()),
        2 => (spelled("content-length"), "(: ?|:\t|: *| :)(3|0|10|[0-9]{1,20}|[ -~]{0,3})( ?|\t)").prop_map(|(name, rest)| {
            [&name, rest.as_bytes(), b"\r\n"].concat()
        }),
        2 => (spelled("transfer-encoding: chunked"), "( ?|,|\t)").prop_map(|(line, rest)| {
            [&line, rest.as_bytes(), b"\r\n"].concat()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn gliding_leads_where_the_steps_lead(
        pieces in prop::collection::vec(piece(), 0..10),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 0..3),
        cuts in prop::collection::vec(1_usize..200, 0..40),
        whole in any::<bool>(),
    ) {
        let begin = if whole { b"PUT /v1/a HTTP/1.1\r\nHost: x\r\n".to_vec() } else { Vec::new() };
        let mut text = [begin, pieces.concat()].concat();
        for (at, byte, kind) in mutations {
            let at = at.index(text.len() + 1);
            match kind {
                0 => text.insert(at, byte),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            }
        }
        let (mut steps, mut gate) = (unlimited(), unlimited());
        let (mut cuts, mut rest) = (cuts.into_iter(), &text[..]);
        while !rest.is_empty() {
            let piece;
            (piece, rest) = rest.split_at(cuts.next().unwrap_or(usize::MAX).min(rest.len()));
            prop_assert_eq!(gate.follow(piece), follow_by_steps(&mut steps, piece));
            let state = |gate: &FramingGate| {
                (gate.state, gate.heads, gate.length, gate.chunked, gate.fields, gate.token[..gate.token_len].to_vec())
            };
            prop_assert_eq!(state(&gate), state(&steps));
        }
    }
}
