//! What a vendor says of a request over HTTP/2, frame by frame: which words allow another try.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use switchboard::upstream::{FailureKind, Stack};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{create, secure};
use crate::tls::http2_vendor;

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200`, from HPACK's static table.
const STATUS_200: &[u8] = &[0x88];

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

/// What becomes of one connection.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// 200 for every request.
    Answer,
    /// The stream is reset with this code.
    Reset(u32),
    /// The head of a response, then the stream is reset.
    ResetAfterHead(u32),
    /// GOAWAY with that last stream and code on a request, which gets no answer; the connection stays, or ends.
    GoAway { last: u32, code: u32, end: bool },
    /// GOAWAY that lets the request be answered.
    GoAwayThenAnswer,
    /// GOAWAY before any request.
    GoAwayAtFirst,
    /// A frame that HTTP/2 forbids, so that the gateway ends the connection.
    Nonsense,
    /// The end of the connection on a request.
    End,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// Requests that arrived, by connection.
type Arrivals = Arc<Mutex<Vec<usize>>>;

async fn serve(nth: usize, mut stream: TlsStream<TcpStream>, act: Act, arrivals: Arrivals) -> std::io::Result<()> {
    stream.read_exact(&mut [0; PREFACE]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    if let Act::GoAwayAtFirst = act {
        stream.write_all(&go_away(0, NO_ERROR)).await?;
    }
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            SETTINGS if head[4] & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            HEADERS => {
                arrivals.lock().unwrap().push(nth);
                let answer = frame(HEADERS, END_HEADERS | END_STREAM, id, STATUS_200);
                let reset = |code: u32| frame(RST_STREAM, 0, id, &code.to_be_bytes());
                let said = match act {
                    Act::Answer | Act::GoAwayAtFirst => answer,
                    Act::Reset(code) => reset(code),
                    Act::ResetAfterHead(code) => [frame(HEADERS, END_HEADERS, id, STATUS_200), reset(code)].concat(),
                    Act::GoAway { last, code, .. } => go_away(last, code),
                    Act::GoAwayThenAnswer => [go_away(id, NO_ERROR), answer].concat(),
                    Act::Nonsense => frame(DATA, 0, 0, b"x"),
                    Act::End => return Ok(()),
                };
                stream.write_all(&said).await?;
                if let Act::GoAway { end: true, .. } = act {
                    return stream.shutdown().await;
                }
            }
            _ => {}
        }
    }
}

/// A stack over a vendor whose connections are served by these acts, and all further ones answered.
async fn playing(acts: impl Into<VecDeque<Act>>) -> (Stack, Arrivals) {
    let (acts, arrivals) = (Arc::new(Mutex::new(acts.into())), Arrivals::default());
    let seen = Arc::clone(&arrivals);
    let (server, _) = http2_vendor(move |nth, stream| {
        let act = acts.lock().unwrap().pop_front().unwrap_or(Act::Answer);
        let arrivals = Arc::clone(&seen);
        async move { drop(serve(nth, stream, act, arrivals).await) }
    })
    .await;
    (secure(&server), arrivals)
}

#[tokio::test]
async fn what_the_vendor_has_surely_not_processed_is_sent_again() {
    for act in [
        Act::Reset(REFUSED_STREAM),
        Act::GoAway { last: 0, code: NO_ERROR, end: false },
        Act::GoAway { last: 0, code: NO_ERROR, end: true },
        Act::GoAway { last: 0, code: ENHANCE_YOUR_CALM, end: true },
    ] {
        let (stack, arrivals) = playing([act, act]).await;
        let response = create(&stack).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts, response.was_in_doubt), (200, 3, false), "{act:?}");
        assert_eq!(*arrivals.lock().unwrap(), [0, 1, 2], "{act:?}");
        let (stack, arrivals) = playing([act; 4]).await;
        let failure = create(&stack).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent, failure.attempts), (FailureKind::ConnectionLost, false, 3), "{act:?}");
        assert_eq!(*arrivals.lock().unwrap(), [0, 1, 2], "{act:?}");
    }
}

#[tokio::test]
async fn whatever_else_it_says_the_request_may_have_been_processed_and_is_not_sent_again() {
    for act in [
        Act::Reset(NO_ERROR),
        Act::Reset(INTERNAL_ERROR),
        Act::Reset(CANCEL),
        Act::Reset(ENHANCE_YOUR_CALM),
        Act::Reset(HTTP_1_1_REQUIRED),
        Act::ResetAfterHead(REFUSED_STREAM),
        Act::GoAway { last: 1, code: NO_ERROR, end: true },
        Act::GoAway { last: 1, code: INTERNAL_ERROR, end: true },
        Act::GoAway { last: 0x7fff_ffff, code: NO_ERROR, end: true },
        Act::Nonsense,
        Act::End,
    ] {
        let (stack, arrivals) = playing([act]).await;
        let failure = create(&stack).await.unwrap_err();
        assert_eq!((failure.sent, failure.attempts), (true, 1), "{act:?}: {failure}");
        assert_eq!(*arrivals.lock().unwrap(), [0], "{act:?}");
    }
}

#[tokio::test]
async fn a_goaway_before_a_request_or_with_its_answer_costs_nothing() {
    let (stack, arrivals) = playing([Act::GoAwayThenAnswer]).await;
    assert_eq!(create(&stack).await.unwrap().attempts, 1);
    assert_eq!(*arrivals.lock().unwrap(), [0]);
    let (stack, arrivals) = playing([Act::GoAwayAtFirst]).await;
    assert_eq!(create(&stack).await.unwrap().status.as_u16(), 200);
    let arrivals = arrivals.lock().unwrap().clone();
    // It may have been on its way, above the last stream that the vendor takes.
    assert_eq!(arrivals.iter().filter(|connection| **connection == 1).count(), 1, "{arrivals:?}");
}
