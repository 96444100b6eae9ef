//! HTTP/2 frame by frame, as no library would send them: malformed requests are refused or reset, floods end the
//! connection that they come on, others are served meanwhile, and nothing of it reaches a vendor.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::Stage;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const BODY: &[u8] = br#"{"name":"x"}"#;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A text of HPACK, without Huffman's coding.
fn text(value: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut rest = value.len();
    if rest < 127 {
        coded.push(u8::try_from(rest).unwrap());
    } else {
        coded.push(127);
        rest -= 127;
        while rest >= 128 {
            coded.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        coded.push(u8::try_from(rest).unwrap());
    }
    [coded.as_slice(), value].concat()
}

/// A block of fields, each a literal with a new name.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [vec![0], text(name.as_bytes()), text(value.as_bytes())].concat()).collect()
}

/// The fields of a good update.
const GOOD: [(&str, &str); 6] = [
    (":method", "PUT"),
    (":scheme", "http"),
    (":authority", "localhost"),
    (":path", "/v1/assistants/sondos:789"),
    ("content-type", "application/json"),
    ("content-length", "12"),
];

/// An update with these fields, whole.
fn update(stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, &block(fields)), frame(DATA, END_STREAM, stream, BODY)].concat()
}

/// A good update with one field changed, or left out.
fn with(name: &str, value: Option<&str>) -> Vec<u8> {
    let kept = GOOD.iter().filter(|(own, _)| *own != name || value.is_some());
    let fields: Vec<_> = kept.map(|(own, old)| (*own, if *own == name { value.unwrap_or(old) } else { old })).collect();
    update(1, &fields)
}

/// A good update with fields put after or before all others.
fn plus(fields: &[(&str, &str)]) -> Vec<u8> {
    update(1, &[&GOOD[..], fields].concat())
}

/// What came back.
#[derive(Debug, Default)]
struct Heard {
    /// The streams that were answered, with the first byte of the answer's head: `0x88` is 200, `0x8c` is 400.
    answers: Vec<(u32, u8)>,
    resets: Vec<(u32, u32)>,
    goaway: Option<u32>,
}

impl Heard {
    /// Whether the request on a stream was refused in some way.
    fn refused(&self, stream: u32) -> bool {
        let answered = self.answers.iter().any(|(own, status)| *own == stream && *status != 0x88);
        answered || self.resets.iter().any(|(own, _)| *own == stream) || self.goaway.is_some_and(|code| code != 0)
    }

    fn concluded(&self, stream: u32) -> bool {
        self.refused(stream) || self.served(stream)
    }

    fn served(&self, stream: u32) -> bool {
        self.answers.contains(&(stream, 0x88))
    }
}

/// Reads frames until the connection ends, or a ping of ours is answered.
async fn hear(stream: &mut (impl AsyncReadExt + Unpin)) -> Heard {
    let mut heard = Heard::default();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut payload).await.is_err() {
            break;
        }
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match head[3] {
            HEADERS => heard.answers.push((id, payload[0])),
            RST_STREAM => heard.resets.push((id, number(0))),
            GOAWAY => heard.goaway = Some(number(4)),
            PING if head[4] == 1 && payload == *b"the end." => return heard,
            _ => {}
        }
    }
    heard
}

async fn connect(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
    stream
}

/// Sends frames, then a good request on stream 99 and a ping, and hears what comes of it.
async fn converse(address: SocketAddr, frames: &[u8]) -> Heard {
    let mut stream = connect(address).await;
    let list = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/v1/vendors")];
    let list = frame(HEADERS, END_HEADERS | END_STREAM, 99, &block(&list));
    // The gateway may have hung up before all is written.
    let _gone = stream.write_all(&[frames, &list].concat()).await;
    let (mut reading, mut writing) = stream.split();
    let heard = async {
        let mut heard = Heard::default();
        while !(heard.served(99) && heard.concluded(1)) && heard.goaway.is_none() {
            let _gone = writing.write_all(&frame(PING, 0, 0, b"the end.")).await;
            let more = hear(&mut reading).await;
            let ended = more.answers.is_empty() && more.resets.is_empty() && more.goaway.is_none();
            heard.answers.extend(more.answers);
            heard.resets.extend(more.resets);
            heard.goaway = heard.goaway.or(more.goaway);
            if ended && reading.peek(&mut [0; 1]).await.unwrap_or(0) == 0 {
                break;
            }
        }
        heard
    };
    timeout(Duration::from_secs(60), heard).await.expect("an answer, or an end")
}

#[tokio::test]
async fn a_good_request_in_plain_frames_is_served() {
    let stage = Stage::new().await;
    let heard = converse(stage.app.api(), &update(1, &GOOD)).await;
    assert!(heard.served(1) && heard.served(99) && heard.goaway.is_none(), "{heard:?}");
    assert_eq!(stage.only_update("sondos").path, "/api/user/assistant/789");
    stage.stop().await;
}

#[tokio::test]
async fn malformed_requests_are_refused_and_reach_nobody() {
    let cases = [
        ("no method", with(":method", None)),
        ("no path", with(":path", None)),
        ("no scheme", with(":scheme", None)),
        ("no authority", with(":authority", None)),
        ("an empty path", with(":path", Some(""))),
        ("a path without a slash", with(":path", Some("v1/assistants/sondos:789"))),
        ("a whole URL as a path", with(":path", Some("http://x/v1/assistants/sondos:789"))),
        ("a space in the path", with(":path", Some("/v1/assistants/sondos:789 HTTP/1.1"))),
        ("a line in the path", with(":path", Some("/v1/assistants/sondos:789\r\nx: y"))),
        ("NUL in the path", with(":path", Some("/v1/assistants/sondos:789\0"))),
        ("a line in the method", with(":method", Some("PUT / HTTP/1.1\r\nx:"))),
        ("a line in the authority", with(":authority", Some("x\r\ny"))),
        ("a user in the authority", plus(&[("host", "u@x")])),
        ("another host", plus(&[("host", "y")])),
        ("two hosts", plus(&[("host", "x"), ("host", "x")])),
        ("a method twice", plus(&[(":method", "PUT")])),
        ("a path twice", plus(&[(":path", "/v1/assistants/sondos:789")])),
        ("a pseudo-field after others", update(1, &[&GOOD[..3], &[GOOD[4], GOOD[3], GOOD[5]]].concat())),
        ("an unknown pseudo-field", update(1, &[&[(":evil", "x")], &GOOD[..]].concat())),
        ("an answer's pseudo-field", update(1, &[&[(":status", "200")], &GOOD[..]].concat())),
        ("a protocol", update(1, &[&[(":protocol", "websocket")], &GOOD[..]].concat())),
        ("a capital in a name", plus(&[("X-Custom", "y")])),
        ("a space in a name", plus(&[("x y", "z")])),
        ("a line in a name", plus(&[("x\r\ny", "z")])),
        ("a colon in a name", plus(&[("x:y", "z")])),
        ("an empty name", plus(&[("", "z")])),
        ("a line in a value", plus(&[("x", "a\r\nb: c")])),
        ("NUL in a value", plus(&[("x", "a\0b")])),
        ("transfer-encoding", plus(&[("transfer-encoding", "chunked")])),
        ("connection", plus(&[("connection", "close")])),
        ("keep-alive", plus(&[("keep-alive", "timeout=5")])),
        ("proxy-connection", plus(&[("proxy-connection", "close")])),
        ("upgrade", plus(&[("upgrade", "websocket")])),
        ("te", plus(&[("te", "gzip")])),
        ("a length that is too long", with("content-length", Some("13"))),
        ("a length that is too short", with("content-length", Some("11"))),
        ("a signed length", with("content-length", Some("+12"))),
        ("two lengths", plus(&[("content-length", "0")])),
        ("many fields", plus(&[("x", "y"); 65])),
        ("long values", plus(&[("x", "y".repeat(250).as_str()); 58])),
    ];
    let stage = Stage::new().await;
    for (name, frames) in cases {
        let heard = converse(stage.app.api(), &frames).await;
        assert!(heard.refused(1) && !heard.served(1), "{name}: {heard:?}");
        stage.assert_nothing_sent();
    }
    assert_eq!(stage.put("sondos:789", "{}").await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn frames_out_of_order_end_the_connection() {
    let open = || frame(HEADERS, END_HEADERS, 1, &block(&GOOD));
    let cases = [
        ("data on no stream", frame(DATA, END_STREAM, 0, BODY)),
        ("data on a stream that was not opened", frame(DATA, END_STREAM, 1, BODY)),
        ("a request on an even stream", update(2, &GOOD)),
        ("a request on stream 0", update(0, &GOOD)),
        ("a stream opened before a later one", [frame(HEADERS, 5, 5, &block(&GOOD[..4])), update(3, &GOOD)].concat()),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &block(&GOOD))),
        ("a continuation of another", [frame(HEADERS, 0, 1, &[]), frame(CONTINUATION, 4, 3, &block(&GOOD))].concat()),
        ("data amid a head", [frame(HEADERS, 0, 1, &[]), frame(DATA, 1, 1, BODY)].concat()),
        ("a promise by a client", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])),
        ("a window of nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("a window too wide", frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())),
        ("settings of odd length", frame(SETTINGS, 0, 0, &[0; 5])),
        ("settings on a stream", frame(SETTINGS, 0, 1, &[])),
        ("an acknowledgement with content", frame(SETTINGS, 1, 0, &[0; 6])),
        ("a frame too large", frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1])),
        ("a ping too short", frame(PING, 0, 0, b"short")),
        ("a reset of nothing", frame(RST_STREAM, 0, 1, &[0; 4])),
        ("a broken block", frame(HEADERS, 5, 1, &[0xff; 20])),
        ("an index beyond the table", frame(HEADERS, 5, 1, &[0xfe])),
        ("padding beyond the frame", [open(), frame(DATA, 1 | 8, 1, &[200, 0, 0])].concat()),
        ("a frame of 16 MiB", [&[0xff, 0xff, 0xff, DATA, 0][..], &1_u32.to_be_bytes()].concat()),
    ];
    let stage = Stage::new().await;
    for (name, frames) in cases {
        let heard = converse(stage.app.api(), &frames).await;
        assert!(heard.goaway.is_some_and(|code| code != 0), "{name}: {heard:?}");
        stage.assert_nothing_sent();
    }
    stage.stop().await;
}

#[tokio::test]
async fn floods_end_their_own_connection_and_nobody_elses() {
    let reset = |stream: u32| {
        [frame(HEADERS, END_HEADERS, stream, &block(&GOOD)), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())]
            .concat()
    };
    let rapid: Vec<u8> = (0..5_000).flat_map(|number| reset(2 * number + 1)).collect();
    let begun = frame(HEADERS, 0, 1, &block(&GOOD));
    let continued = [begun, frame(CONTINUATION, 0, 1, &block(&[("x", &"y".repeat(1000))])).repeat(40_000)].concat();
    let empty = [frame(HEADERS, 0, 1, &[]), frame(CONTINUATION, 0, 1, &[]).repeat(400_000)].concat();
    // A table of one long entry, named again and again: a few bytes each that stand for 4000.
    let mut bomb = vec![0x40];
    bomb.extend(text(b"x"));
    bomb.extend(text("y".repeat(4000).as_bytes()));
    bomb.extend([0xbe; 8_000]);
    let bombs = frame(HEADERS, 5, 1, &bomb);
    let stage = Stage::new().await;
    for (name, frames) in [("rapid reset", rapid), ("endless head", continued), ("empty continuations", empty)] {
        let mut stream = connect(stage.app.api()).await;
        let _gone = stream.write_all(&frames).await;
        let heard = timeout(Duration::from_secs(60), hear(&mut stream)).await.expect(name);
        assert!(heard.goaway.is_none_or(|code| code == 11), "{name}: enhance your calm, or nothing: {heard:?}");
        assert!(heard.answers.len() < 100, "{name}: {}", heard.answers.len());
        assert_eq!(stage.get("/v1/vendors").await.status, 200, "{name}");
    }
    let heard = converse(stage.app.api(), &bombs).await;
    assert!(!heard.served(1), "{heard:?}");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused() {
    let stage = Stage::new().await;
    let mut stream = connect(stage.app.api()).await;
    let open = |stream: u32| frame(HEADERS, END_HEADERS, stream, &block(&GOOD));
    let frames: Vec<u8> = (0..250).flat_map(|number| open(2 * number + 1)).collect();
    stream.write_all(&[frames, frame(PING, 0, 0, b"the end.")].concat()).await.unwrap();
    let heard = hear(&mut stream).await;
    let refused = heard.resets.iter().filter(|(_, code)| *code == 7).count();
    assert!(refused == 50 || heard.goaway.is_some(), "{refused} refused of 50: {heard:?}");
    drop(stream);
    assert_eq!(stage.get("/v1/vendors").await.status, 200);
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn frames_that_only_keep_the_gateway_busy_keep_nobody_else_waiting() {
    let stage = Stage::new().await;
    let open = frame(HEADERS, END_HEADERS, 1, &block(&GOOD));
    let busy = [
        ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff]).repeat(100)),
        ("pings", frame(PING, 0, 0, b"12345678").repeat(100)),
        ("priorities", frame(PRIORITY, 0, 7, &[0, 0, 0, 0, 1]).repeat(100)),
        ("unknown frames", frame(0xbb, 0, 0, b"x").repeat(100)),
        ("windows", frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()).repeat(100)),
        ("empty data", [open, frame(DATA, 0, 1, &[]).repeat(100)].concat()),
    ];
    for (name, frames) in busy {
        let mut stream = connect(stage.app.api()).await;
        // Nothing that comes back is read, so that whoever would answer without end has to stop.
        let flooding = async {
            while stream.write_all(&frames).await.is_ok() {}
            pending::<()>().await;
        };
        let others = async {
            for _ in 0..10 {
                assert_eq!(stage.get("/v1/vendors").await.status, 200, "{name}");
            }
        };
        tokio::select! {
            () = flooding => {}
            () = others => {}
        }
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

/// Sends an update of `length` bytes that announces so many, as far as the gateway takes them; the status of the response,
/// and whether all was taken.
async fn upload(address: SocketAddr, path: &str, kind: &str, length: usize) -> (u16, bool) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let request = http::Request::put(format!("http://localhost{path}"))
        .header("content-type", kind)
        .header("content-length", length)
        .body(())
        .unwrap();
    let talk = async {
        let mut client = client.ready().await.unwrap();
        let (response, mut body) = client.send_request(request, false).unwrap();
        let status = response.await.unwrap().status().as_u16(); // before a byte of the body is sent
        let mut left = length;
        while left > 0 {
            body.reserve_capacity(left);
            let Some(Ok(room)) = std::future::poll_fn(|cx| body.poll_capacity(cx)).await else { break };
            let piece = bytes::Bytes::from(vec![b' '; room.min(left)]);
            left -= piece.len();
            if body.send_data(piece, left == 0).is_err() {
                break;
            }
        }
        let reset = timeout(Duration::from_millis(1), std::future::poll_fn(|cx| body.poll_reset(cx))).await;
        (status, left == 0 && !matches!(reset, Ok(Ok(_))))
    };
    tokio::select! {
        done = talk => done,
        ended = connection => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn a_refusal_before_the_body_is_there_reaches_a_client_that_sends_it_all_the_same() {
    let stage = Stage::new().await;
    let (good, json) = ("/v1/assistants/sondos:789", "application/json");
    for (path, kind, length, status) in [
        (good, json, 1_100_000, 413),
        (good, json, 2_000_000, 413),
        (good, "text/plain", 300_000, 415),
        (good, "text/plain", 2_000_000, 415),
        ("/nowhere", json, 2_000_000, 404),
    ] {
        assert_eq!(upload(stage.app.api(), path, kind, length).await, (status, true), "{path} {kind} {length}");
    }
    let (status, all) = upload(stage.app.api(), good, json, 3_000_000).await;
    assert_eq!((status, all), (413, false), "twice the limit is enough");
    stage.stop().await;
}
