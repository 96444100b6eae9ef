//! The fault matrix: every way in which a vendor can fail, what the caller sees of it and what the vendor saw.
//!
//! Each row is a test on paused time with the default settings. `docs/reliability.md` shows the same rows; run with
//! `UPDATE_DOCS=1` to write them there.

use std::path::Path;

use tokio::time::{Duration, Instant, sleep};

use super::scene::{gateway, put, row};
use super::vendor::{Act, End, Vendor};

const GOOD: &str = r#"{"message":"Assistant updated successfully","data":{"id":7,"name":"n","status":"active","type":"outbound","mode":"pipeline"}}"#;

/// A row: what goes wrong, and what is seen of it (see [`HEAD`]).
type Row = (&'static str, &'static str);

const HEAD: &str = "\
| the vendor | status | code | outcome | Retry-After | attempts | answered after | requests seen |\n\
|---|---|---|---|---|---|---|---|\n";

fn answer(status: &str, headers: &str, body: &str) -> Act {
    Act::Response(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
}

fn good() -> Act {
    answer("200 OK", "content-type: application/json\r\n", GOOD)
}

fn status(status: u16, headers: &str, body: &str) -> Act {
    answer(&format!("{status} X"), headers, body)
}

fn cut(end: End) -> Act {
    Act::Then(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", GOOD.len(), &GOOD[..40]), end)
}

fn silence(end: End) -> Act {
    Act::Then(String::new(), end)
}

/// An answer with `Connection: keep-alive` whose connection then ends.
fn good_then(end: End) -> Act {
    Act::Then(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len()), end)
}

/// An answer whose connection then says 408, as balancers do, and ends.
fn good_then_408() -> Act {
    let good = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len());
    Act::Late(good, "HTTP/1.1 408 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned())
}

async fn play(vendor: Vendor, (headers, warm): (&str, bool)) -> String {
    let app = gateway(&vendor.base_url, "", "").await;
    if warm {
        assert_eq!(put(app.api(), "autocalls:7", "", r#"{"name":"n"}"#).await.status, 200);
        sleep(Duration::from_secs(1)).await;
    }
    let (before, began) = (vendor.seen(), Instant::now());
    let reply = put(app.api(), "autocalls:7", headers, r#"{"name":"n"}"#).await;
    let row = row(&reply, began, vendor.seen() - before);
    app.stop().await;
    row
}

macro_rules! matrix {
    ($($test:ident $fault:literal $vendor:expr, $how:expr => $expected:literal;)*) => {
        const ROWS: &[Row] = &[$(($fault, $expected)),*];
        $(#[tokio::test(start_paused = true)]
        async fn $test() {
            assert_eq!(play($vendor, $how).await, $expected, "{}", $fault);
        })*
    };
}

const PLAIN: (&str, bool) = ("", false);
const WARM: (&str, bool) = ("", true);

matrix! {
    refuses_connections "refuses connections" Vendor::absent().await, PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | at once | 0";
    is_a_black_hole "swallows connections (3 s each)" Vendor::black_hole().await, PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | 9 s | 0";
    has_no_address "has a name that cannot be resolved" Vendor::unresolvable(), PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | at once | 0";
    speaks_no_tls "speaks no TLS on its `https` port" Vendor::without_tls().await, PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | at once | 0";
    is_not_trusted "shows a certificate that is not trusted" Vendor::untrusted().await, PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | at once | 0";
    is_silent_in_the_handshake "is silent in the TLS handshake (3 s each)" Vendor::silent_in_handshake().await, PLAIN
        => "503 | vendor_unreachable | not_applied | 1 s | 3 | 9 s | 0";

    resets_before_the_answer "resets before the answer" Vendor::playing(vec![silence(End::Reset)]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    resets_once "resets before the answer, once" Vendor::playing(vec![silence(End::Reset), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | at once | 2";
    closes_before_the_answer "closes before the answer" Vendor::playing(vec![silence(End::Close)]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    resets_in_the_body "resets in the answer's body" Vendor::playing(vec![cut(End::Reset)]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 3 | at once | 3";
    closes_in_the_body "closes in the answer's body" Vendor::playing(vec![cut(End::Close)]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 3 | at once | 3";
    hangs "takes the request and hangs" Vendor::playing(vec![silence(End::Hang)]).await, PLAIN
        => "504 | vendor_timeout | unknown | – | 3 | 30 s | 3";
    hangs_once "takes the request and hangs, once" Vendor::playing(vec![silence(End::Hang), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 10 s | 2";
    hangs_in_the_body "hangs in the answer's body" Vendor::playing(vec![cut(End::Hang)]).await, PLAIN
        => "504 | vendor_timeout | unknown | – | 3 | 30 s | 3";
    hangs_on_a_hurried_caller "hangs, and the caller said `Request-Timeout: 2`"
        Vendor::playing(vec![silence(End::Hang)]).await, ("request-timeout: 2\r\n", false)
        => "504 | vendor_timeout | unknown | – | 1 | 2 s | 1";
    hangs_on_a_patient_caller "hangs, and the caller said `Request-Timeout: 3600`"
        Vendor::playing(vec![silence(End::Hang)]).await, ("request-timeout: 3600\r\n", false)
        => "504 | vendor_timeout | unknown | – | 3 | 30 s | 3";
    drips "drips its answer, a byte a second"
        Vendor::playing(vec![Act::Drip(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len()))]).await, PLAIN
        => "504 | vendor_timeout | unknown | – | 3 | 30 s | 3";

    says_429 "says 429" Vendor::playing(vec![status(429, "", "")]).await, PLAIN
        => "429 | vendor_rate_limited | not_applied | 1 s | 3 | 2 s | 3";
    says_429_once "says 429 with `Retry-After: 2`, once"
        Vendor::playing(vec![status(429, "retry-after: 2\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    says_429_with_a_date "says 429 with a date 2 s ahead, once"
        Vendor::playing(vec![dated(), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    says_429_in_the_body "says 429 with `\"retry_after\": 2` in the body, once"
        Vendor::playing(vec![status(429, "", r#"{"message":"Too many","retry_after":2}"#), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    says_429_for_longer_than_the_deadline "says 429 with `Retry-After: 60`, beyond the deadline"
        Vendor::playing(vec![status(429, "retry-after: 60\r\n", "")]).await, PLAIN
        => "429 | vendor_rate_limited | not_applied | 60 s | 1 | at once | 1";
    says_429_for_a_day "says 429 with `Retry-After: 86400`"
        Vendor::playing(vec![status(429, "retry-after: 86400\r\n", "")]).await, PLAIN
        => "429 | vendor_rate_limited | not_applied | 300 s | 1 | at once | 1";
    says_429_in_decimals "says 429 with `Retry-After: 1.5`, once"
        Vendor::playing(vec![status(429, "retry-after: 1.5\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    says_429_unreadably "says 429 with `Retry-After: soon`, once"
        Vendor::playing(vec![status(429, "retry-after: soon\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 1 s | 2";
    says_429_with_a_reset "says 429 with `X-RateLimit-Reset: 2`, once"
        Vendor::playing(vec![status(429, "x-ratelimit-reset: 2\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    says_408 "says 408" Vendor::playing(vec![status(408, "connection: close\r\n", "")]).await, PLAIN
        => "502 | vendor_error | not_applied | – | 3 | at once | 3";
    says_408_under_the_request "says 408 on a kept connection when the next request comes"
        Vendor::playing(vec![good(), status(408, "connection: close\r\n", ""), good()]).await, WARM
        => "200 | – | applied | – | 1 | at once | 2";
    says_408_while_idle "says 408 on a kept connection while it is idle"
        Vendor::playing(vec![good_then_408(), good()]).await, WARM
        => "200 | – | applied | – | 1 | at once | 1";
    says_522 "says 520 to 527 or 530" Vendor::playing(vec![status(522, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    says_500 "says 500" Vendor::playing(vec![status(500, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    says_502 "says 502" Vendor::playing(vec![status(502, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    says_503 "says 503" Vendor::playing(vec![status(503, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    says_504 "says 504" Vendor::playing(vec![status(504, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    says_503_twice "says 503, twice" Vendor::playing(vec![status(503, "", ""), status(503, "", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 3 | at once | 3";
    says_503_with_a_wait "says 503 with `Retry-After: 3`, once"
        Vendor::playing(vec![status(503, "retry-after: 3\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 3 s | 2";
    says_503_for_longer_than_the_deadline "says 503 with `Retry-After: 60`, beyond the deadline"
        Vendor::playing(vec![status(503, "retry-after: 60\r\n", "")]).await, PLAIN
        => "502 | vendor_error | unknown | 60 s | 1 | at once | 1";
    says_501 "says 501 (any other 5xx)" Vendor::playing(vec![status(501, "", "")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 1 | at once | 1";
    says_503_then_429 "says 503, then 429" Vendor::playing(vec![status(503, "", ""), status(429, "", "")]).await, PLAIN
        => "429 | vendor_rate_limited | unknown | 1 s | 3 | 1 s | 3";
    says_429_then_goes "says 429, then resets connections"
        Vendor::playing(vec![status(429, "connection: close\r\n", ""), silence(End::Reset)]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | 1 s | 3";
    says_401 "says 401" Vendor::playing(vec![status(401, "", r#"{"message":"Unauthenticated."}"#)]).await, PLAIN
        => "502 | vendor_credentials_rejected | not_applied | – | 1 | at once | 1";
    says_402 "says 402" Vendor::playing(vec![status(402, "", r#"{"message":"No balance"}"#)]).await, PLAIN
        => "502 | vendor_account_problem | not_applied | – | 1 | at once | 1";
    says_404 "says 404" Vendor::playing(vec![status(404, "", r#"{"message":"Not found"}"#)]).await, PLAIN
        => "404 | assistant_not_found | not_applied | – | 1 | at once | 1";
    says_422 "says 422" Vendor::playing(vec![status(422, "", r#"{"message":"Validation failed","errors":{}}"#)]).await, PLAIN
        => "422 | validation_failed | not_applied | – | 1 | at once | 1";

    answers_html "answers 200 with HTML" Vendor::playing(vec![answer("200 OK", "content-type: text/html\r\n", "<html></html>")]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    answers_html_502 "answers 502 with HTML" Vendor::playing(vec![answer("502 X", "content-type: text/html\r\n", "<html></html>")]).await, PLAIN
        => "502 | vendor_error | unknown | – | 3 | at once | 3";
    answers_half_a_json "answers 200 with truncated JSON" Vendor::playing(vec![answer("200 OK", "", &GOOD[..60])]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    answers_nothing "answers 200 without a body" Vendor::playing(vec![answer("200 OK", "", "")]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    answers_an_error_in_2xx "answers 200 with an error" Vendor::playing(vec![answer("200 OK", "", r#"{"error":"no"}"#)]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    answers_too_much "answers more than 1 MiB"
        Vendor::playing(vec![answer("200 OK", "", &format!("{GOOD}{}", " ".repeat(1 << 20)))]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    redirects "redirects" Vendor::playing(vec![answer("302 Found", "location: /login\r\n", "")]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";
    speaks_no_http "speaks no HTTP" Vendor::playing(vec![Act::Then("220 mail ESMTP\r\n".to_owned(), End::Close)]).await, PLAIN
        => "502 | vendor_bad_response | unknown | – | 1 | at once | 1";

    half_closed_while_idle "half-closed a kept connection while it was idle"
        Vendor::playing(vec![good_then(End::HalfClose), good()]).await, WARM
        => "200 | – | applied | – | 1 | at once | 1";
    closed_under_the_request "closed a kept connection when the next request came"
        Vendor::playing(vec![good(), silence(End::Close), good()]).await, WARM
        => "200 | – | applied | – | 1 | at once | 2";
    has_a_clock_of_its_own "says 429 with a date 2 s ahead by a clock that is 25 years behind, once"
        Vendor::playing(vec![long_ago(), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | 2 s | 2";
    has_a_date_that_is_past "says 429 with a date that is past, once"
        Vendor::playing(vec![status(429, "retry-after: Mon, 01 Jan 2001 00:00:00 GMT\r\n", ""), good()]).await, PLAIN
        => "200 | – | applied | – | 2 | at once | 2";
}

/// A 429 whose date is ahead of its own `Date` by 2 s.
fn dated() -> Act {
    let now = std::time::SystemTime::now();
    let [date, until] = [now, now + Duration::from_secs(2)].map(httpdate::fmt_http_date);
    status(429, &format!("date: {date}\r\nretry-after: {until}\r\n"), "")
}

fn long_ago() -> Act {
    status(429, "date: Mon, 01 Jan 2001 00:00:00 GMT\r\nretry-after: Mon, 01 Jan 2001 00:00:02 GMT\r\n", "")
}

const BEGIN: &str = "<!-- fault matrix: written by tests/upstream/reliability, do not edit -->\n";
const END: &str = "<!-- end of the fault matrix -->\n";

#[test]
fn the_table_in_the_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/reliability.md has no place for the table");
    let (found, after) = rest.split_once(END).expect("the table has no end");
    let rows: String = ROWS.iter().map(|(fault, seen)| format!("| {fault} | {seen} |\n")).collect();
    let table = format!("{HEAD}{rows}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run the tests with UPDATE_DOCS=1");
}
