//! What operators see of assistants: how one is routed, what an account lists, and one of them.

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Reply, Stage};

const CLIENTS: &str = r#"
[auth]
mode = "keys"

[clients.crm]
key_sha256 = "KEY crm"
vendors = ["sondos"]
handling = "lenient"

[clients.web]
key_sha256 = "KEY web"
assistants = ["sales-*", "nowhere"]
operations = ["read"]

[clients.plain]
key_sha256 = "KEY plain"

[routing]

[[routing.rules]]
client = "crm"
assistant = "7*"
vendor = "sondos"

[[routing.rules]]
client = "*"
assistant = "8*"
vendor = "autocalls"

[assistants.sales-bot]
vendor = "sondos"
id = 789
handling = "lenient"

[assistants.quiet]
vendor = "sondos"
id = 790
"#;

async fn stage() -> Stage {
    let clients = ["crm", "web", "plain"].into_iter().fold(CLIENTS.to_owned(), |text, name| {
        let key: String = Sha256::digest(format!("key-{name}")).iter().map(|byte| format!("{byte:02x}")).collect();
        text.replace(&format!("KEY {name}"), &key)
    });
    let vendor = "[vendors.autocalls]\n";
    Stage::of(&["sondos", "autocalls"], &clients, |text| {
        text.replace(vendor, &format!("{vendor}handling = \"strict\"\n"))
    })
    .await
}

async fn get(stage: &Stage, path: &str) -> Reply {
    stage.admin(Method::GET, path).await
}

async fn tested(stage: &Stage, query: &str) -> Value {
    let reply = get(stage, &format!("/admin/routing?{query}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["tested"].clone()
}

fn results(tested: &Value) -> Vec<(&str, &str, &str)> {
    let steps = tested["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            let text = |name: &str| step[name].as_str().unwrap_or_default();
            (text("rule"), text("result"), text("why"))
        })
        .collect()
}

#[tokio::test]
async fn each_rule_is_matched_not_matched_or_not_reached() {
    let stage = stage().await;
    let without = ("vendor:id", "not_matched", "it is written without a vendor");
    let no_name = ("assistants", "not_matched", "no assistant has that name");
    let [first, second, default] = ["routing.rules[0]", "routing.rules[1]", "routing.default_vendor"];
    let matched = |rule| (rule, "matched", "");
    let unreached = |rule| (rule, "not_reached", "");
    let others = "it is for other clients";
    let ids = "its pattern does not cover this id";
    for (query, expected) in [
        ("assistant=789&client=crm", [without, no_name, matched(first), unreached(second), unreached(default)]),
        (
            "assistant=89&client=crm",
            [without, no_name, (first, "not_matched", ids), matched(second), unreached(default)],
        ),
        (
            "assistant=89&client=plain",
            [without, no_name, (first, "not_matched", others), matched(second), unreached(default)],
        ),
        (
            "assistant=789",
            [
                without,
                no_name,
                (first, "not_matched", "it is for certain clients, and there is no client"),
                (second, "not_matched", ids),
                (default, "not_matched", "there is no default vendor"),
            ],
        ),
        (
            "assistant=sales-bot",
            [without, matched("assistants"), unreached(first), unreached(second), unreached(default)],
        ),
        (
            "assistant=sondos%3A1",
            [matched("vendor:id"), unreached("assistants"), unreached(first), unreached(second), unreached(default)],
        ),
        (
            "assistant=sondoz:1",
            [
                ("vendor:id", "matched", "no vendor has that name"),
                unreached("assistants"),
                unreached(first),
                unreached(second),
                unreached(default),
            ],
        ),
    ] {
        let tested = tested(&stage, query).await;
        assert_eq!(results(&tested), expected, "{query}");
    }
    let tested = tested(&stage, "assistant=89&client=plain").await;
    assert_eq!(tested["steps"][2]["clients"], "crm");
    assert_eq!((&tested["steps"][2]["assistants"], &tested["steps"][2]["vendor"]), (&json!("7*"), &json!("sondos")));
    stage.stop().await;
}

#[tokio::test]
async fn each_of_the_five_levels_decides_the_handling() {
    let stage = stage().await;
    for (query, by, value) in [
        ("assistant=sales-bot&client=crm&handling=strict", "request", "strict"),
        ("assistant=sales-bot&client=plain", "assistant", "lenient"),
        ("assistant=quiet&client=crm", "client", "lenient"),
        ("assistant=autocalls:1&client=plain", "vendor", "strict"),
        ("assistant=sondos:1&client=plain", "default", "strict"),
    ] {
        let handling = tested(&stage, query).await["handling"].clone();
        assert_eq!((&handling["by"], &handling["value"]), (&json!(by), &json!(value)), "{query}: {handling}");
        let levels = handling["levels"].as_array().unwrap();
        let names: Vec<_> = levels.iter().map(|level| level["level"].as_str().unwrap()).collect();
        assert_eq!(names, ["request", "assistant", "client", "vendor", "default"]);
        let first = levels.iter().find(|level| !level["value"].is_null()).unwrap();
        assert_eq!((&first["level"], &first["value"]), (&json!(by), &json!(value)), "{query}: {handling}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_tester_says_what_the_api_says_to_each_client() {
    let stage = stage().await;
    let assistants = [
        "sales-bot",
        "sales-bto",
        "quiet",
        "789",
        "89",
        "x9",
        "nowhere",
        "sondos:789",
        "autocalls:1",
        "sondos:x",
        "b:1",
        "A B",
    ];
    for client in ["crm", "web", "plain"] {
        for assistant in assistants {
            let key = format!("Bearer key-{client}");
            let segment = assistant.replace(' ', "%20");
            let path = format!("/v1/assistants/{segment}/route");
            let told = stage.call(Method::GET, &path, &[("authorization", &key)], "").await;
            let tested = tested(&stage, &format!("assistant={segment}&client={client}")).await;
            let case = format!("{client} {assistant}: {tested:#}");
            if told.status == 200 {
                let told = told.json();
                assert_eq!(tested["problem"], Value::Null, "{case}");
                assert_eq!(tested["permission"]["may"], true, "{case}");
                for member in ["vendor", "id", "rule"] {
                    assert_eq!(tested["target"][member], told[member], "{case}");
                }
                assert_eq!(tested["target"]["order_scope"], told["vendor"], "{case}");
                assert_eq!(tested["handling"]["value"], told["handling"], "{case}");
            } else {
                let told = told.json();
                for member in ["code", "detail", "status", "title"] {
                    assert_eq!(tested["problem"][member], told[member], "{case}");
                }
                assert_ne!(tested["permission"]["may"], true, "{case}");
            }
        }
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_client_that_may_not_learns_nothing_and_the_operator_learns_why() {
    let stage = stage().await;
    let told = tested(&stage, "assistant=autocalls:1&client=crm").await;
    assert_eq!((&told["problem"]["code"], &told["target"]["vendor"]), (&json!("forbidden"), &json!("autocalls")));
    assert_eq!(told["permission"]["why"], "its vendor is not among the client's `vendors`");
    let told = tested(&stage, "assistant=quiet&client=web").await;
    let why = "no pattern of the client's `assistants` covers the name or its `vendor:id`";
    assert_eq!((&told["permission"]["may"], &told["permission"]["why"]), (&json!(false), &json!(why)));
    assert_eq!(told["permission"]["operations"], json!(["read"]));
    let told = tested(&stage, "assistant=sales-bto&client=web").await;
    assert_eq!(told["problem"]["detail"], "no assistant is named `sales-bto`; did you mean `sales-bot`?");
    for (query, detail) in [
        ("assistant=a&client=crn", "no client is named `crn`; did you mean `crm`?"),
        ("handling=maybe", "the query parameter `handling` must be `strict` or `lenient`"),
        ("asistant=a", "the query parameter `asistant` is unknown; did you mean `assistant`?"),
        ("limit=0", "the query parameter `limit` must be an integer from 1 to 1000"),
    ] {
        let problem = get(&stage, &format!("/admin/routing?{query}")).await.problem("invalid_request");
        assert_eq!(problem["detail"], detail, "{query}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn names_come_a_part_at_a_time_and_a_filter_finds_names_and_ids() {
    let stage = stage().await;
    let names = |reply: Reply| {
        let names = reply.json()["names"].clone();
        let data = names["data"].as_array().unwrap().iter().map(|name| name["assistant"].as_str().unwrap().to_owned());
        (data.collect::<Vec<_>>(), names["next_cursor"].as_str().map(str::to_owned), names["matching"].clone())
    };
    let (first, next, matching) = names(get(&stage, "/admin/routing?limit=1").await);
    assert_eq!((first, matching), (vec!["quiet".to_owned()], json!(2)));
    let (second, end, _) = names(get(&stage, &format!("/admin/routing?limit=1&cursor={}", next.unwrap())).await);
    assert_eq!((second, end), (vec!["sales-bot".to_owned()], None));
    let all = get(&stage, "/admin/routing").await.json();
    assert_eq!(all["names"]["data"][1]["origin"], "file", "{all:#}");
    assert!(all["names"]["data"][1]["line"].as_u64().unwrap() > 1, "{all:#}");
    for (q, expected) in [("SALES", "sales-bot"), ("sondos:790", "quiet")] {
        let (found, _, matching) = names(get(&stage, &format!("/admin/routing?q={q}")).await);
        assert_eq!((found, matching), (vec![expected.to_owned()], json!(1)), "{q}");
    }
    stage.stop().await;
}

/// 789 has a name, as have 2 and 999, which the vendor does not have.
const NAMED: &str = "[assistants]\nsales-bot = { vendor = \"sondos\", id = 2 }\nbot = { vendor = \"sondos\", id = 2 }\n\
                     gone = { vendor = \"sondos\", id = 999 }\nother = { vendor = \"autocalls\", id = 1 }\n";

#[tokio::test]
async fn without_a_vendor_the_configured_assistants_are_listed_and_no_vendor_is_asked() {
    let stage = Stage::listing(3, &["sondos", "autocalls"], NAMED, |text| text).await;
    let body = get(&stage, "/admin/assistants?name=BOT").await.json();
    assert_eq!((&body["vendor"], &body["data"]), (&Value::Null, &Value::Null));
    let found: Vec<_> = body["configured"]["data"].as_array().unwrap().iter().map(|name| &name["assistant"]).collect();
    assert_eq!(found, [&json!("bot"), &json!("sales-bot")]);
    let accounts = json!([
        { "vendor": "autocalls", "dialect": "autocalls", "lists": true, "configured": 1 },
        { "vendor": "sondos", "dialect": "sondos", "lists": true, "configured": 3 },
    ]);
    assert_eq!(body["accounts"], accounts);
    for (query, detail) in [
        (
            "status=active",
            "the query parameter `status` must stand with `vendor`: without one no vendor is asked, and no configuration knows it",
        ),
        ("vendor=sondoz", "no vendor is named `sondoz`; did you mean `sondos`?"),
        ("vendor=sondos&type=x", "the query parameter `type` must be `inbound` or `outbound`"),
    ] {
        let problem = get(&stage, &format!("/admin/assistants?{query}")).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().starts_with(&detail[..detail.len().min(60)]), "{problem:#}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn an_account_is_listed_as_the_api_lists_it_with_all_names_and_what_is_missing() {
    let stage = Stage::listing(3, &["sondos", "autocalls"], NAMED, |text| text).await;
    for query in ["vendor=sondos", "vendor=sondos&limit=2", "vendor=sondos&type=outbound&name=a"] {
        let body = get(&stage, &format!("/admin/assistants?{query}")).await.json();
        let told = stage.get(&format!("/v1/assistants?{query}")).await.json();
        assert_eq!((&body["data"], &body["next_cursor"]), (&told["data"], &told["next_cursor"]), "{query}");
        assert_eq!((&body["problem"], &body["configured"]), (&Value::Null, &Value::Null), "{query}");
    }
    let first = get(&stage, "/admin/assistants?vendor=sondos&limit=2").await.json();
    assert_eq!(first["names"], json!({ "sondos:2": ["bot", "sales-bot"] }));
    assert_eq!(first["not_listed"], Value::Null, "the rest may have them");
    let next = first["next_cursor"].as_str().unwrap();
    let rest = get(&stage, &format!("/admin/assistants?vendor=sondos&limit=2&cursor={next}")).await.json();
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["not_listed"]), (1, &Value::Null));
    let whole = get(&stage, "/admin/assistants?vendor=sondos").await.json();
    assert_eq!(whole["not_listed"], json!(["gone"]));
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_that_refuses_is_told_as_the_api_tells_it_beside_what_is_configured() {
    let stage = Stage::listing(3, &["sondos", "autocalls"], NAMED, |text| text).await;
    stage.fail("sondos", &["shape=401-unauthenticated@list"]);
    let told = stage.get("/v1/assistants?vendor=sondos").await.problem("vendor_credentials_rejected");
    let body = get(&stage, "/admin/assistants?vendor=sondos").await.json();
    assert_eq!(body["data"], Value::Null);
    for member in ["code", "detail", "fault", "vendor", "vendor_response"] {
        assert_eq!(body["problem"][member], told[member], "{member}");
    }
    assert_eq!(body["configured"]["matching"], 3);
    let one = get(&stage, "/admin/assistant?name=bot").await.json();
    assert_eq!((&one["state"], &one["problem"]["code"]), (&Value::Null, &json!("vendor_credentials_rejected")));
    assert_eq!((&one["problem"]["vendor"], &one["target"]["id"]), (&json!("sondos"), &json!("2")));
    for path in ["/console/assistants?vendor=sondos", "/console/assistant?name=bot"] {
        let reply = get(&stage, path).await;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(reply.status == 200 && text.contains("<code>vendor_credentials_rejected</code>"), "{path}: {text}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn an_assistant_is_read_as_the_api_reads_it() {
    let stage = Stage::listing(3, &["sondos", "autocalls"], NAMED, |text| text).await;
    let told = stage.get("/v1/assistants/bot?include=vendor").await;
    let body = get(&stage, "/admin/assistant?name=bot").await.json();
    assert_eq!(body["etag"].as_str(), told.header("etag"));
    let told = told.json();
    for (member, value) in told.as_object().unwrap() {
        if !["request_id", "attempts"].contains(&&**member) {
            assert_eq!(&body["state"][member], value, "{member}");
        }
    }
    assert!(body["state"]["vendor_fields"].is_object());
    assert_eq!((&body["explicit"], &body["names"]), (&json!("sondos:2"), &json!(["bot", "sales-bot"])));
    assert_eq!((&body["changes"], &body["target"]["rule"]), (&Value::Null, &json!("assistants")));
    assert!(
        body["dry_run"]
            .as_str()
            .unwrap()
            .starts_with("curl -X PUT \"$SWITCHBOARD_URL/v1/assistants/bot?dry_run=true\"")
    );
    let problem = get(&stage, "/admin/assistant?name=bott").await.problem("unknown_assistant");
    assert_eq!(problem["detail"], "no assistant is named `bott`; did you mean `bot`?");
    let missing = get(&stage, "/admin/assistant").await.problem("invalid_request");
    assert!(missing["detail"].as_str().unwrap().starts_with("the query parameter `name` is missing"));
    assert_eq!(get(&stage, "/admin/assistant?name=gone").await.json()["problem"]["code"], "assistant_not_found");
    stage.stop().await;
}

#[tokio::test]
async fn changes_come_from_the_store_under_all_names_of_the_assistant() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("[store]\nkind = \"sqlite\"\npath = \"{}\"\n{NAMED}", folder.path().join("store.db").display());
    let stage = Stage::listing(3, &["sondos", "autocalls"], &store, |text| text).await;
    for (assistant, name) in [("bot", "one"), ("sondos:2", "two"), ("sondos:1", "not this one")] {
        assert_eq!(stage.put(assistant, json!({ "name": name }).to_string()).await.status, 200);
    }
    let changes = crate::support::eventually(crate::support::PATIENCE, async || {
        let changes = get(&stage, "/admin/assistant?name=sales-bot").await.json()["changes"].clone();
        (changes.as_array().unwrap().len() == 2).then_some(changes)
    })
    .await;
    let named: Vec<_> =
        changes.as_array().unwrap().iter().map(|change| (&change["assistant"], &change["state"])).collect();
    let applied = json!("applied");
    assert_eq!(named, [(&json!("sondos:2"), &applied), (&json!("bot"), &applied)]);
    stage.stop().await;
}

#[tokio::test]
async fn hostile_names_stay_text_on_every_page() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'&";
    let stage = Stage::listing(3, &["sondos"], NAMED.split("other").next().unwrap(), |text| text).await;
    assert_eq!(stage.put("sondos:2", json!({ "name": HOSTILE }).to_string()).await.status, 200);
    let encoded: String = HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for page in [
        "assistants?vendor=sondos".to_owned(),
        "assistant?name=bot".to_owned(),
        format!("assistant?name={encoded}"),
        format!("assistants?name={encoded}"),
        format!("assistants?vendor={encoded}"),
        format!("assistants?vendor=sondos&status={encoded}&type={encoded}"),
        format!("routing?assistant={encoded}&client=&handling=&q={encoded}"),
        format!("routing?assistant=a&client={encoded}"),
        format!("routing?handling={encoded}&cursor={encoded}"),
    ] {
        let reply = get(&stage, &format!("/console/{page}")).await;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{page}: {text}");
        assert!(!text.contains("<script>alert"), "{page}: {text}");
        assert!(text.contains("&lt;script&gt;alert(1)"), "{page}: {text}");
    }
    let told = tested(&stage, &format!("assistant={encoded}")).await;
    assert_eq!((&told["problem"]["code"], &told["target"]), (&json!("invalid_request"), &Value::Null));
    stage.stop().await;
}
