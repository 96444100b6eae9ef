//! Every fault, as a caller sees it.

use std::{io::ErrorKind, time::Duration};

use crate::client::{Answer, Call, start};
use serde_json::json;
use simulators::{Simulator, contracts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

async fn update(simulator: &Simulator) -> Answer {
    Call::update(simulator, 7, json!({ "name": "changed" })).send().await
}

fn changed(simulator: &Simulator) -> bool {
    simulator.state(7).expect("a state")["name"] == "changed"
}

/// Sends an update over a bare socket.
async fn raw_update(simulator: &Simulator) -> TcpStream {
    let mut stream = TcpStream::connect(simulator.addr()).await.expect("a connection");
    let body = "{\"name\":\"changed\"}";
    let head = format!(
        "PUT /api/user/assistant/7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        simulator.token(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("a request sent");
    stream
}

/// Everything received before the connection ends, and how it ends.
async fn read_to_end(mut stream: TcpStream) -> (String, Result<usize, ErrorKind>) {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.map_err(|error| error.kind());
    (String::from_utf8(bytes).expect("text"), ended)
}

#[tokio::test]
async fn a_status_comes_with_the_vendors_own_body_and_ends() {
    let simulator = start("autocalls", &["status=503*1", "status=500*1", "status=418*1"]).await;
    for (status, message) in [(503, "Service Unavailable"), (500, "Assistant update failed"), (418, "I'm a teapot")] {
        let answer = update(&simulator).await;
        assert_eq!((answer.status, answer.json()["message"].as_str()), (status, Some(message)));
        assert!(!changed(&simulator));
    }
    assert_eq!(update(&simulator).await.status, 200);
    assert!(changed(&simulator));
    simulator.stop().await;
}

#[tokio::test]
async fn a_rate_limit_says_when_to_retry_in_the_requested_form() {
    let faults = [
        "status=429,retry-after=2*1",
        "status=429,retry-after-date=90*1",
        "status=429,body-retry-after=3*1",
        "status=429",
    ];
    let simulator = start("famulor", &faults).await;
    let answers =
        [update(&simulator).await, update(&simulator).await, update(&simulator).await, update(&simulator).await];
    assert!(answers.iter().all(|answer| answer.status == 429));
    assert_eq!(answers[0].header("retry-after"), "2");
    let date = httpdate::parse_http_date(answers[1].header("retry-after")).expect("a date");
    assert!(date > std::time::SystemTime::now());
    assert_eq!((answers[2].header("retry-after"), &answers[2].json()["retry_after"]), ("", &json!(3)));
    assert_eq!((answers[3].header("retry-after"), answers[3].json().get("retry_after")), ("", None));
    simulator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn delays_delay_the_response_and_change_nothing_else() {
    let simulator = start("autocalls", &["delay=3600s", "delay=3600s"]).await;
    let started = Instant::now();
    assert_eq!(update(&simulator).await.json()["data"]["name"], "changed");
    assert!(started.elapsed() >= Duration::from_secs(7200));
    simulator.stop().await;
}

#[tokio::test]
async fn a_drip_arrives_completely() {
    let simulator = start("autocalls", &["drip=1ms"]).await;
    let answer = update(&simulator).await;
    assert_eq!(
        (answer.header("content-length"), &answer.json()["data"]["name"]),
        (&*answer.body.len().to_string(), &json!("changed"))
    );
    simulator.stop().await;
}

#[tokio::test]
async fn a_hold_lasts_until_the_faults_are_changed() {
    let simulator = start("autocalls", &["hold@7"]).await;
    assert_eq!(Call::update(&simulator, 8, "{}").send().await.status, 200);
    let releasing = async {
        let received = simulator.received_at_least(2).await;
        assert_eq!((received[1].status, changed(&simulator)), (None, false));
        simulator.set_faults(Vec::new());
    };
    let (answer, ()) = tokio::join!(update(&simulator), releasing);
    assert!(answer.status == 200 && changed(&simulator));
    simulator.stop().await;
}

#[tokio::test]
async fn a_hanging_request_is_never_answered_and_ends_with_the_simulator() {
    let simulator = start("autocalls", &["hang"]).await;
    let stream = raw_update(&simulator).await;
    let received = simulator.received_at_least(1).await;
    assert_eq!((received[0].status, changed(&simulator)), (None, false));
    simulator.stop().await;
    assert_eq!(read_to_end(stream).await, (String::new(), Ok(0)));
}

#[tokio::test]
async fn a_reset_comes_before_the_first_byte() {
    let simulator = start("autocalls", &["reset*1"]).await;
    let stream = raw_update(&simulator).await;
    assert_eq!(read_to_end(stream).await, (String::new(), Err(ErrorKind::ConnectionReset)));
    assert!(!changed(&simulator));
    assert_eq!(update(&simulator).await.status, 200);
    simulator.stop().await;
}

#[tokio::test]
async fn a_reset_in_the_body_comes_after_a_part_of_it() {
    let simulator = start("autocalls", &["reset-in-body"]).await;
    let (text, ended) = read_to_end(raw_update(&simulator).await).await;
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("{\"message\":\"Assistant"), "{text}");
    assert!(!text.contains("}}"), "{text}");
    assert_eq!(ended, Err(ErrorKind::ConnectionReset));
    assert!(changed(&simulator));
    assert!(Call::update(&simulator, 7, "{}").attempt().await.is_err());
    simulator.stop().await;
}

#[tokio::test]
async fn html_comes_with_any_status() {
    let simulator = start("autocalls", &["html*1", "html=502"]).await;
    for status in [200, 502] {
        let answer = update(&simulator).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=UTF-8"));
        assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
    }
    simulator.stop().await;
}

#[tokio::test]
async fn a_truncated_response_is_complete_http_and_half_json() {
    let simulator = start("autocalls", &["truncated"]).await;
    let answer = update(&simulator).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err() && answer.body.starts_with(b"{"));
    assert!(changed(&simulator));
    simulator.stop().await;
}

#[tokio::test]
async fn an_oversized_response_is_valid_json_over_a_mebibyte() {
    let simulator = start("autocalls", &["oversized"]).await;
    let answer = update(&simulator).await;
    assert!(answer.body.len() > 1 << 20);
    assert_eq!(answer.json()["data"]["name"], "changed");
    simulator.stop().await;
}

#[tokio::test]
async fn errors_come_inside_a_success() {
    let simulator = start("autocalls", &["error-in-2xx*1", "error-in-2xx=success-false"]).await;
    let (plain, flagged) = (update(&simulator).await, update(&simulator).await);
    assert_eq!((plain.status, flagged.status), (200, 200));
    assert!(plain.json()["error"].is_string() && plain.json().get("success").is_none());
    assert!(flagged.json()["error"].is_string() && flagged.json()["success"] == false);
    simulator.stop().await;
}

#[tokio::test]
async fn empty_answers_and_redirects() {
    let simulator = start("autocalls", &["empty*1", "empty=204*1", "redirect"]).await;
    for status in [200, 204] {
        let answer = update(&simulator).await;
        assert_eq!((answer.status, answer.body.len()), (status, 0));
    }
    let answer = update(&simulator).await;
    assert_eq!((answer.status, answer.header("location")), (302, &*format!("http://{}/login", simulator.addr())));
    assert!(!changed(&simulator));
    simulator.stop().await;
}

#[tokio::test]
async fn an_echo_repeats_the_credentials() {
    let simulator = start("autocalls", &["echo-headers"]).await;
    let answer = update(&simulator).await;
    assert_eq!(answer.status, 500);
    assert!(answer.json()["message"].as_str().expect("a message").contains("authorization: Bearer sim-autocalls"));
    simulator.stop().await;
}

#[tokio::test]
async fn every_documented_response_can_be_requested() {
    for vendor in simulators::NAMES {
        let simulator = start(vendor, &[]).await;
        for (slug, _) in contracts::answers(vendor) {
            simulator.set_faults(vec![format!("shape={slug}").parse().expect("a fault")]);
            let (status, body) = contracts::find(vendor).and_then(|page| page.answer(slug)).expect("an answer");
            let answer = update(&simulator).await;
            assert_eq!(answer.status, status, "{vendor} {slug}");
            if body.is_null() {
                assert!(answer.body.is_empty());
            } else {
                assert_eq!(answer.json(), body);
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn faults_of_reading_requests_do_not_affect_updates() {
    let simulator = start("sondos", &["status=500@get*1"]).await;
    assert_eq!(Call::update(&simulator, 7, "{}").send().await.status, 200);
    let read = || Call::new(&simulator, "GET", "/user/assistants/languages").send();
    assert_eq!((read().await.status, read().await.status), (500, 200));
    simulator.stop().await;
}
