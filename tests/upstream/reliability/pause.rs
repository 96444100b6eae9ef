//! What others see of an account while a vendor's pause lasts.

use tokio::time::Instant;

use super::scene::{gateway, put, row};
use super::vendor::{Act, Vendor};

fn answer(status: u16, headers: &str) -> Act {
    Act::Response(format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n{headers}\r\n{{}}"))
}

/// The rows of an update that meets `answer`, and of the next one of another assistant.
async fn two_updates(answer: Act) -> [String; 2] {
    let vendor = Vendor::playing(vec![answer]).await;
    let app = gateway(&vendor.base_url, "", "").await;
    let mut rows = [const { String::new() }; 2];
    for (seen, assistant) in [(1, "autocalls:7"), (0, "autocalls:8")] {
        let before = vendor.seen();
        let reply = put(app.api(), assistant, "", r#"{"name":"n"}"#).await;
        rows[1 - seen] = row(&reply, Instant::now(), vendor.seen() - before);
    }
    app.stop().await;
    rows
}

#[tokio::test(start_paused = true)]
async fn those_held_back_learn_whether_the_vendor_is_limited_or_unavailable() {
    assert_eq!(
        two_updates(answer(429, "retry-after: 40\r\n")).await,
        [
            "429 | vendor_rate_limited | not_applied | 40 s | 1 | at once | 1",
            "429 | vendor_rate_limited | not_applied | 40 s | 0 | at once | 0",
        ]
    );
    assert_eq!(
        two_updates(answer(503, "retry-after: 40\r\n")).await,
        [
            "502 | vendor_error | unknown | 40 s | 1 | at once | 1",
            "503 | vendor_circuit_open | not_applied | 40 s | 0 | at once | 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn callers_get_no_longer_wait_than_the_gateway_keeps() {
    for headers in ["retry-after: 86400\r\n", "x-ratelimit-reset: 86400\r\n", "x-ratelimit-reset: 99999999999\r\n"] {
        assert_eq!(
            two_updates(answer(429, headers)).await,
            [
                "429 | vendor_rate_limited | not_applied | 300 s | 1 | at once | 1",
                "429 | vendor_rate_limited | not_applied | 300 s | 0 | at once | 0",
            ]
        );
    }
}
