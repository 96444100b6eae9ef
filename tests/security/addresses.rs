//! Where requests go: to the configured address and nowhere else, whatever callers and vendors say.

use http::Uri;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use switchboard::config::{self, Environment};
use tokio::runtime::Runtime;

use crate::support::stub::Stub;
use crate::support::{Stage, raw};

const UPDATE: &str = r#"{"name":"x"}"#;

#[tokio::test]
async fn no_redirect_is_followed_whatever_its_status() {
    let elsewhere = Stub::answering("200 OK", "content-type: application/json\r\n", "{}").await;
    let to = format!("location: http://{}/api/user/assistant/789\r\n", elsewhere.address);
    let mut stubs = Vec::new();
    for status in 300..=399 {
        stubs.push((status, Stub::answering(&format!("{status} Elsewhere"), &to, "").await));
    }
    let vendors: String =
        stubs.iter().map(|(status, stub)| stub.vendor(&format!("far{status}"), "autocalls")).collect();
    let stage = Stage::of(&["autocalls"], &vendors, |text| text).await;
    for (status, stub) in &stubs {
        let problem = stage.put(&format!("far{status}:789"), UPDATE).await.problem("vendor_bad_response");
        assert_eq!(problem["retryable"], false, "{problem:#}");
        assert_eq!(stub.requests(), 1, "{status}");
        assert!(!problem.to_string().contains(&elsewhere.address.to_string()), "{problem:#}");
    }
    stage.stop().await;
    assert_eq!(elsewhere.requests(), 0);
}

/// Segments near the grammar's edge: some are ids, most would like to be more.
fn segments() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[0-9]{1,4}",
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        1 => (0_u8..10).prop_map(|digit| format!("%3{digit}")),
        1 => prop::sample::select(vec![
            "..", ".", "/", "//", "%2f", "%2F..%2f", "%2e%2e", "\\", "%5c", "@", "%40", ":", "%3a", "?", "%3f", "#",
            "%23", ";", "&", "=", "%25", "%2525", "evil.example", "@evil.example", "//evil.example/", "%0d%0a", "%00",
            "autocalls:", "sondos:", "%E2%80%AE", "%ff", "+", "*", "~", "-1", "0",
        ]).prop_map(str::to_owned),
    ];
    let glued = prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat());
    (prop::sample::select(vec!["", "autocalls:", "sondos:", "sondos%3a"]), glued)
        .prop_map(|(vendor, rest)| format!("{vendor}{rest}"))
}

#[test]
fn no_segment_changes_host_path_or_query_of_the_vendors_address() {
    let runtime = Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::new());
    let seen = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    let played = runner.run(&segments(), |segment| {
        let target = if segment.contains('?') { segment.clone() } else { format!("{segment}?dry_run=true") };
        let request = format!(
            "PUT /v1/assistants/{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/json\r\n\r\n{UPDATE}",
            UPDATE.len()
        );
        // A `?` in the segment is the end of the path; what comes after is a query of the gateway's own.
        if segment.contains('?') {
            return Ok(());
        }
        let reply = runtime.block_on(raw::exchange(stage.app.api(), request.as_bytes()));
        prop_assert!(reply.status < 500, "{segment}: {reply:?}");
        if reply.status == 200 {
            let shown = reply.json();
            let uri: Uri = shown["request"]["url"].as_str().unwrap().parse().unwrap();
            let vendor = stage.simulator(shown["vendor"].as_str().unwrap());
            let id = uri.path().strip_prefix("/api/user/assistant/").unwrap_or_default();
            prop_assert_eq!(uri.scheme_str(), Some("http"));
            prop_assert_eq!(uri.authority().unwrap().as_str(), vendor.addr().to_string());
            prop_assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()), "{}", uri);
            prop_assert_eq!(uri.query(), None);
            seen.set(seen.get() + 1);
        }
        Ok(())
    });
    played.unwrap_or_else(|error| panic!("{error}"));
    assert!(seen.get() > 100, "only {} of the segments were ids, which tests little", seen.get());
    stage.assert_nothing_sent();
    runtime.block_on(stage.stop());
}

/// What stands against a vendor at this address, if anything.
fn problems(base_url: &str, more: &str) -> Option<String> {
    let text = format!("[vendors.sondos]\ntoken = {{ env = \"T\" }}\nbase_url = '{base_url}'\n{more}\n");
    let environment: Environment = [("T".to_owned(), "1|abc".to_owned())].into_iter().collect();
    config::load_text(&text, &environment).err().map(|problems| problems.to_string())
}

#[test]
fn a_token_travels_unencrypted_only_within_this_machine_or_on_express_wish() {
    for near in [
        "http://127.0.0.1:1",
        "http://127.8.9.10:1/api",
        "http://[::1]:1",
        "http://[::ffff:127.0.0.1]:1",
        "http://localhost:1",
        "http://LocalHost.:1",
    ] {
        assert_eq!(problems(near, ""), None, "{near}");
    }
    for far in [
        "http://vendor.example/api",
        "http://192.0.2.1",
        "http://10.0.0.1:8081",
        "http://169.254.169.254/latest",
        "http://0.0.0.0:1",
        "http://[::]:1",
        "http://[2001:db8::1]:1",
        "http://[::ffff:192.0.2.1]:1",
        "http://[fe80::1]:1",
        "http://localhost.evil.example:1",
        "http://127.0.0.1.nip.io:1",
        "http://127.1:1",
        "http://2130706433:1",
        "http://0x7f000001:1",
        "http://017700000001:1",
    ] {
        let found = problems(far, "").unwrap_or_else(|| panic!("{far} was taken"));
        assert!(found.contains("would send the token unencrypted to another machine"), "{far}: {found}");
        assert_eq!(problems(far, "allow_plain_http = true"), None, "{far}");
        assert_eq!(problems(&far.replacen("http:", "https:", 1), ""), None, "{far} over TLS");
    }
}

#[test]
fn an_address_that_could_be_read_in_two_ways_is_none() {
    for wrong in [
        "http://127.0.0.1@evil.example",
        "https://user@vendor.example",
        "https://user:password@vendor.example",
        "https://vendor.example\\@evil.example",
        "https://vendor.example:443:444",
        "https://vendor.example:99999",
        "https://vendor.example:-1",
        "https://vendor.example:0",
        "https://vendor.example:",
        "https://vendor.example#@evil.example",
        "https://vendor.example?@evil.example",
        "https://vendor.example/api?x=1",
        "https://vendor.example/api/../admin",
        "https://vendor.example//evil.example",
        "https:///api",
        "https://[::1",
        "https://[::1]evil",
        "https://ven dor.example",
        "https://vendor.example/a b",
        "file:///etc/passwd",
        "ftp://vendor.example",
        "unix:/run/vendor.sock",
        "HTTP://vendor.example",
        "//vendor.example",
        "vendor.example",
    ] {
        for more in ["", "allow_plain_http = true"] {
            let found = problems(wrong, more).unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(found.contains("`vendors.sondos.base_url`"), "{wrong}: {found}");
        }
    }
}
