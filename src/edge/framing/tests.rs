//! Laws and cases of the framing gate.

use super::*;
use proptest::prelude::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

/// The gate's state after `text`, and where it put a NUL.
fn followed(text: &str) -> (FramingGate, Option<usize>) {
    let mut gate = FramingGate::new();
    let mut bytes = text.as_bytes().to_vec();
    gate.follow(&mut bytes);
    let changed = bytes.iter().zip(text.as_bytes()).position(|(now, then)| now != then);
    (gate, changed)
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
        let (gate, changed) = followed(&text);
        assert_eq!(changed, None);
        assert!(gate.is_between() && gate.heads() == 6, "{gate:?}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let bad = [
        "GET /a HTTP/1.1\nHost: x\r\n\r\n".to_owned(),
        "GET /a HTTP/1.1\r\nHost: x\n\r\n".to_owned(),
        "GET /a HTTP/1.1\r\nHost: x\r\n\n".to_owned(),
        "\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /a\rb HTTP/1.1\r\n\r\n".to_owned(),
        post("X: a\rb\r\n", ""),
        post("X: a\r\n b\r\n", ""),
        post("X : a\r\n", ""),
        post("X\r\n", ""),
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", ""),
        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", ""),
        post("Content-Length: 5\r\nContent-Length: 6\r\n", ""),
        post("Content-Length: 5\r\nContent-Length: 5\r\n", ""),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
    ];
    for text in bad {
        let (gate, changed) = followed(&text);
        assert!(gate.has_refused() && gate.in_head() && changed.is_some(), "{text}");
    }
    for length in ["+5", "-5", "5,5", "5 5", "0x5", "", " ", "5a", "18446744073709551616"] {
        assert!(followed(&post(&format!("Content-Length: {length}\r\n"), "")).0.has_refused(), "{length}");
    }
    for coding in
        ["gzip, chunked", "identity", "chunked, gzip", "chunkedd", "chunked chunked", "", "xchunked", "\"chunked\""]
    {
        assert!(followed(&post(&format!("Transfer-Encoding: {coding}\r\n"), "")).0.has_refused(), "{coding}");
    }
}

#[test]
fn a_broken_chunk_is_left_to_hyper() {
    for body in ["x\r\n", "5\nhello", "5\r\nhelloX", "ffffffffffffffff\r\n", "\r\n", "0\r\n\n", "5;\nhello"] {
        let (gate, changed) = followed(&post("Transfer-Encoding: chunked\r\n", body));
        assert_eq!((gate.place, changed), (Place::Unknown, None), "{body}");
    }
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
        let mut whole = text.clone().into_bytes();
        let mut gate = FramingGate::new();
        gate.follow(&mut whole);
        let mut pieces = text.clone().into_bytes();
        let mut cut_gate = FramingGate::new();
        pieces.chunks_mut(cut).for_each(|piece| cut_gate.follow(piece));
        prop_assert_eq!(&whole, &pieces);
        prop_assert_eq!((gate.place, gate.heads), (cut_gate.place, cut_gate.heads));
        let changed = whole.iter().zip(text.as_bytes()).filter(|(now, then)| now != then).count();
        prop_assert_eq!(changed, usize::from(gate.has_refused()));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        FramingGate::new().follow(&mut bytes.clone());
    }
}
