//! From `{assistant}` to a vendor and an id, and the explanation of it.

use std::fmt::Write;

use crate::support::Stage;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Two accounts of one dialect, rules and names; `URL` is replaced by the address of the `autocalls` simulator.
const ROUTES: &str = r#"
[vendors.trial]
dialect = "autocalls"
base_url = "URL"
token = { env = "TOKEN_AUTOCALLS" }
handling = "lenient"

[routing]
default_vendor = "famulor"

[[routing.rules]]
client = "crm"
assistant = "7*"
vendor = "sondos"

[[routing.rules]]
client = "c*"
assistant = "7?"
vendor = "gloriagent"

[[routing.rules]]
assistant = "77"
vendor = "trial"

[assistants.sales-bot]
vendor = "trial"
id = "41"
handling = "strict"

[assistants.a]
vendor = "sondos"
id = 42
"#;

async fn stage(extra: &str) -> Stage {
    let routes = format!("{extra}{ROUTES}");
    Stage::edited(&routes, |text| {
        let url = text.lines().skip_while(|line| *line != "[vendors.autocalls]").nth(1).unwrap().to_owned();
        text.replace("base_url = \"URL\"", &url)
    })
    .await
}

async fn route(stage: &Stage, assistant: &str, key: &str) -> Value {
    let headers = [("authorization", format!("Bearer {key}"))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/v1/assistants/{assistant}/route");
    stage.call(http::Method::GET, &path, &headers, "").await.json()
}

fn client(name: &str) -> String {
    let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[clients.{name}]\nkey_sha256 = \"{digest}\"\n")
}

#[tokio::test]
async fn the_explanation_names_the_rule() {
    let stage = stage(&format!("[auth]\nmode = \"keys\"\n{}{}{}", client("crm"), client("cms"), client("web"))).await;
    for (assistant, key, vendor, id, rule) in [
        ("sales-bot", "web", "trial", "41", "assistants"),
        ("a", "web", "sondos", "42", "assistants"),
        ("intellixent:7", "crm", "intellixent", "7", "vendor:id"),
        ("trial:7", "crm", "trial", "7", "vendor:id"),
        ("789", "crm", "sondos", "789", "routing.rules[0]"),
        ("77", "crm", "sondos", "77", "routing.rules[0]"),
        ("77", "cms", "gloriagent", "77", "routing.rules[1]"),
        ("77", "web", "trial", "77", "routing.rules[2]"),
        ("789", "cms", "famulor", "789", "routing.default_vendor"),
        ("8", "web", "famulor", "8", "routing.default_vendor"),
    ] {
        let shown = route(&stage, assistant, key).await;
        let said = ["assistant", "vendor", "id", "rule"].map(|member| shown[member].as_str().unwrap_or_default());
        assert_eq!(said, [assistant, vendor, id, rule], "{key}: {shown:#}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn the_explanation_tells_the_handling_and_updates_go_where_it_says() {
    let stage = stage(&(client("crm") + &client("cms"))).await;
    for (assistant, vendor, handling) in [
        ("sales-bot", "trial", "strict"),
        ("trial:41", "trial", "lenient"),
        ("77", "trial", "lenient"),
        ("a", "sondos", "strict"),
        ("9", "famulor", "strict"),
    ] {
        let shown = route(&stage, assistant, "none").await;
        assert_eq!((&shown["vendor"], &shown["handling"]), (&json!(vendor), &json!(handling)), "{shown:#}");
        let reply = stage.put(assistant, r#"{"name": "x"}"#).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["vendor"]), (200, &json!(vendor)), "{assistant}");
    }
    // The second account of a dialect is reached at its own address with its own token.
    let paths: Vec<_> = stage.updates("autocalls").into_iter().map(|update| update.path).collect();
    let expected = ["41", "41", "77"].map(|id| format!("/api/user/assistant/{id}"));
    assert_eq!(paths, expected);
    stage.stop().await;
}

#[tokio::test]
async fn what_leads_nowhere_is_unknown_and_what_cannot_be_an_id_is_invalid() {
    let stage = Stage::with("[routing]\n[assistants.bot]\nvendor = \"sondos\"\nid = 1\n").await;
    for (assistant, code) in [
        ("nobody", "unknown_assistant"),
        ("nowhere:1", "unknown_assistant"),
        ("1", "unknown_assistant"),
        ("sondos:abc", "invalid_request"),
        ("sondos:", "invalid_request"),
        ("Bot", "unknown_assistant"),
        ("sondos:1:2", "invalid_request"),
        ("..", "invalid_request"),
        ("%2e%2e", "invalid_request"),
        ("bot%20", "invalid_request"),
    ] {
        stage.put(assistant, r#"{"name": "x"}"#).await.problem(code);
        stage.get(&format!("/v1/assistants/{assistant}/route")).await.problem(code);
        stage.get(&format!("/v1/assistants/{assistant}")).await.problem(code);
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

/// The detail of a refusal as `unknown_assistant`, which is the same for an update and for `/route`.
async fn unknown(stage: &Stage, assistant: &str, key: &str) -> String {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/v1/assistants/{assistant}");
    let update = stage.call(http::Method::PUT, &path, &headers, "{}").await.problem("unknown_assistant");
    let route = stage.call(http::Method::GET, &format!("{path}/route"), &headers, "").await;
    assert_eq!(route.problem("unknown_assistant")["detail"], update["detail"]);
    update["detail"].as_str().unwrap().to_owned()
}

const BOTS: &str = r#"
[assistants.sales-bot]
vendor = "sondos"
id = 1
[assistants.sales-bit]
vendor = "famulor"
id = 2
[assistants.sales-bat]
vendor = "famulor"
id = 3
[assistants.sales-boat]
vendor = "famulor"
id = 4
[assistants.support]
vendor = "sondos"
id = 5
"#;

#[tokio::test]
async fn a_mistyped_name_is_answered_with_the_nearest_names_whether_there_is_a_default_vendor_or_not() {
    for routing in ["", "[routing]\n", "[routing]\n[[routing.rules]]\nassistant = \"*\"\nvendor = \"sondos\"\n"] {
        let stage = Stage::with(&format!("{routing}{BOTS}")).await;
        for (assistant, detail) in [
            ("Sales-Bot", "no assistant is named `Sales-Bot`; did you mean `sales-bot`, `sales-bat` or `sales-bit`?"),
            ("sales_bot", "no assistant is named `sales_bot`; did you mean `sales-bot`, `sales-bat` or `sales-bit`?"),
            ("SUPPORT", "no assistant is named `SUPPORT`; did you mean `support`?"),
            ("suport", "no assistant is named `suport`; did you mean `support`?"),
            ("frobnicate", "no assistant is named `frobnicate`"),
            ("Frobnicate", "no assistant is named `Frobnicate`"),
            ("sondso:7", "no vendor is named `sondso`; did you mean `sondos:7`?"),
        ] {
            assert_eq!(unknown(&stage, assistant, "none").await, detail, "{routing}");
        }
        // With `vendor:id` the caller says that it is an id.
        stage.put("sondos:Sales-Bot", "{}").await.problem("invalid_request");
        stage.assert_nothing_sent();
        stage.stop().await;
    }
}

#[tokio::test]
async fn only_names_that_the_client_may_use_are_proposed() {
    let limited =
        format!("{}vendors = [\"famulor\"]\n{}assistants = [\"sondos:1\", \"s*\"]\n", client("crm"), client("cms"));
    let other = format!("{}assistants = [\"support\"]\n", client("web"));
    let stage = Stage::with(&format!("[auth]\nmode = \"keys\"\n{limited}{other}{BOTS}")).await;
    let own = "no assistant is named `Sales-Bot`; did you mean `sales-bat`, `sales-bit` or `sales-boat`?";
    assert_eq!(unknown(&stage, "Sales-Bot", "crm").await, own);
    let all = "no assistant is named `sales-bott`; did you mean `sales-boat`, `sales-bot` or `sales-bat`?";
    assert_eq!(unknown(&stage, "sales-bott", "cms").await, all);
    assert_eq!(unknown(&stage, "Sales-Bot", "web").await, "no assistant is named `Sales-Bot`");
    assert_eq!(unknown(&stage, "Support", "web").await, "no assistant is named `Support`; did you mean `support`?");
    stage.stop().await;
}

#[tokio::test]
async fn ten_thousand_names_are_found() {
    let mut names = String::new();
    for number in 1..=10_000 {
        write!(names, "[assistants.bot-{number}]\nvendor = \"sondos\"\nid = \"{number}\"\n").unwrap();
    }
    let stage = Stage::with(&names).await;
    for number in [1, 5_000, 10_000] {
        let shown = stage.get(&format!("/v1/assistants/bot-{number}/route")).await.json();
        assert_eq!((&shown["id"], &shown["rule"]), (&json!(number.to_string()), &json!("assistants")));
    }
    assert_eq!(stage.admin(http::Method::GET, "/admin/status").await.json()["assistants"], 10_000);
    stage.stop().await;
}
