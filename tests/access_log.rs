//! The access log: one line for each request, however it ends.

#[cfg(test)]
mod support;

#[cfg(test)]
mod access_log {
    use http::Method;
    use serde_json::{Value, json};
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    use crate::support::Stage;
    use crate::support::events::Events;

    /// Asserts what a line holds; `null` stands for a member that is not there.
    #[track_caller]
    fn assert_holds(line: &Value, members: Value) {
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&line[name], value, "{name}: {line:#}");
        }
    }

    #[tokio::test]
    async fn an_update_is_one_line_that_says_what_came_of_it() {
        let events = Events::hear();
        let stage = Stage::new().await;
        let update = r#"{"name":"hush-hush","ambient_sound":"office"}"#;
        let reply = stage.put_with("sondos:7", &[("prefer", "handling=lenient")], update).await;
        let lines = events.requests(1).await;
        assert_eq!(lines.len(), 1);
        assert_holds(
            &lines[0],
            json!({
                "level": "INFO", "message": "request", "request_id": reply.header("x-request-id"), "method": "PUT",
                "route": "/v1/assistants/{assistant}", "assistant": "sondos:7", "vendor": "sondos", "status": 200,
                "reason": "ok", "code": null, "fault": null, "outcome": "applied", "attempts": 1, "applied": 1,
                "dropped": 1, "dry_run": null, "client": null,
                "request_bytes": update.len(), "answer_bytes": reply.body.len(),
            }),
        );
        let millis = |name: &str| lines[0][name].as_f64().unwrap();
        assert!(millis("vendor_ms") > 0.0 && millis("queue_ms") >= 0.0);
        assert!(millis("total_ms") >= millis("vendor_ms") + millis("queue_ms"));
        assert!(!events.text().contains("hush-hush"));
        stage.stop().await;
    }

    #[tokio::test]
    async fn what_went_wrong_has_its_reason_and_whose_fault_it_is() {
        let events = Events::hear();
        let stage = Stage::with("[vendors.autocalls.retry]\nmax_attempts = 1\n").await;
        stage.fail("autocalls", &["reset"]);
        stage.put("autocalls:7", r#"{"name":"x"}"#).await.problem("vendor_error");
        stage.put("autocalls:7", "{").await.problem("invalid_json");
        stage.call(Method::DELETE, "/v1/fields", &[], "").await.problem("method_not_allowed");
        stage.get("/nothing").await.problem("not_found");
        stage.put("autocalls:7?dry_run=true", r#"{"name":"x"}"#).await;
        let lines = events.requests(5).await;
        assert_holds(
            &lines[0],
            json!({
                "level": "WARN", "status": 502, "reason": "vendor_connection_lost", "code": "vendor_error",
                "fault": "vendor", "outcome": "unknown", "attempts": 1,
            }),
        );
        assert!(lines[0]["cause"].as_str().unwrap().starts_with("connection_lost after 1 attempts"));
        let refused = json!({
            "level": "INFO", "status": 400, "reason": "invalid_json", "fault": "caller", "outcome": "not_applied",
            "attempts": 0, "request_bytes": 1, "vendor": "autocalls",
        });
        assert_holds(&lines[1], refused);
        assert_holds(&lines[2], json!({ "status": 405, "route": "/v1/fields", "method": "DELETE", "vendor": null }));
        assert_holds(&lines[3], json!({ "status": 404, "route": "none", "assistant": null }));
        assert_holds(&lines[4], json!({ "status": 200, "dry_run": true, "outcome": null, "applied": 1 }));
        stage.stop().await;
    }

    /// Sends the head of an update of `assistant` and its body, and gives the open connection.
    async fn caller(stage: &Stage, assistant: &str, length: usize, body: &str) -> TcpStream {
        let mut caller = TcpStream::connect(stage.app.api()).await.unwrap();
        let head = format!(
            "PUT /v1/assistants/{assistant} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nx-request-id: gone\r\n\r\n{body}"
        );
        caller.write_all(head.as_bytes()).await.unwrap();
        caller
    }

    #[tokio::test]
    async fn callers_who_leave_are_logged_and_what_may_have_been_applied_is_said() {
        let events = Events::hear();
        let stage = Stage::new().await;
        stage.fail("autocalls", &["hold"]);
        let gone = caller(&stage, "autocalls:7", 12, r#"{"name":"x"}"#).await;
        stage.simulator("autocalls").received_at_least(1).await;
        drop(gone);
        let left = json!({
            "level": "INFO", "request_id": "gone", "status": 499, "reason": "client_closed", "code": null,
            "fault": "caller", "outcome": "unknown", "vendor": "autocalls", "assistant": "autocalls:7",
            "request_bytes": 12, "answer_bytes": 0, "applied": 1,
        });
        assert_holds(&events.requests(1).await[0], left);
        let waits = caller(&stage, "autocalls:7", 12, r#"{"name":"y"}"#).await;
        while stage.admin(Method::GET, "/admin/status").await.json()["vendors"]["autocalls"]["waiting"] == 0 {}
        drop(waits);
        let left = json!({ "status": 499, "reason": "client_closed", "outcome": "not_applied", "applied": 1 });
        assert_holds(&events.requests(2).await[1], left);
        let half = caller(&stage, "autocalls:8", 12, r#"{"name""#).await;
        while stage.admin(Method::GET, "/admin/status").await.json()["in_flight"] == 0 {}
        drop(half);
        assert_holds(&events.requests(3).await[2], json!({ "status": 400, "reason": "invalid_request", "applied": 0 }));
        stage.fail("autocalls", &[]);
        stage.stop().await;
    }

    #[tokio::test]
    async fn who_was_cut_off_by_the_end_of_the_gateway_is_not_called_a_caller_that_left() {
        let events = Events::hear();
        let stage = Stage::edited("", |text| text.replace("[server]", "[server]\ndrain_timeout = \"10ms\"")).await;
        stage.fail("autocalls", &["hold"]);
        let waiting = caller(&stage, "autocalls:7", 12, r#"{"name":"x"}"#).await;
        stage.simulator("autocalls").received_at_least(1).await;
        stage.stop().await;
        let cut =
            json!({ "level": "WARN", "status": 499, "reason": "stopped", "fault": "gateway", "outcome": "unknown" });
        assert_holds(&events.requests(1).await[0], cut);
        drop(waiting);
    }
}
