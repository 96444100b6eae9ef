//! The page for people: what it shows is true here, it can be linked into, and it loads nothing from elsewhere.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::support::Stage;

const DIGEST: &str = include_str!("../support/key.sha256");
const KEY: (&str, &str) = ("authorization", "Bearer sb_test");

async fn page(stage: &Stage, headers: &[(&str, &str)]) -> String {
    let reply = stage.call(Method::GET, "/docs", headers, "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    page.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The snippet with this label, without its escapes.
fn snippet(page: &str, label: &str) -> String {
    let (_, rest) = page.split_once(&format!("aria-label=\"{label}\"><code>")).unwrap_or_else(|| panic!("{label}"));
    let (text, _) = rest.split_once("</code></pre>").unwrap();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[tokio::test]
async fn sections_fields_and_problems_can_be_linked_and_every_link_leads_somewhere() {
    let stage = Stage::new().await;
    let page = page(&stage, &[]).await;
    let ids = values(&page, "id");
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for section in ["call", "answers", "endpoints", "handling", "headers", "repeating", "fields", "problems"] {
        assert!(unique.contains(section), "{section}");
    }
    for field in vendors::Field::ALL {
        assert!(unique.contains(field.name()), "{}", field.name());
    }
    for code in switchboard::problem::Code::ALL {
        assert!(unique.contains(format!("problem-{}", code.as_str()).as_str()));
        let row = page.lines().find(|line| line.contains(&format!("id=\"problem-{}\"", code.as_str()))).unwrap();
        assert!(row.contains(&switchboard::problem::code_spans(code.kind().when)), "{row}");
    }
    for link in values(&page, "href").into_iter().collect::<BTreeSet<_>>() {
        match link.strip_prefix('#') {
            Some(id) => assert!(unique.contains(id), "{link}"),
            None => assert_eq!(stage.get(link).await.status, 200, "{link}"),
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn pages_load_their_own_style_and_icon_under_a_policy_that_allows_nothing_else() {
    let stage = Stage::new().await;
    for path in ["/docs", "/problems", "/problems/internal"] {
        let reply = stage.get(path).await;
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:;"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        for loaded in text.split("<link ").skip(1) {
            let (target, _) = loaded.split_once("href=\"").unwrap().1.split_once('"').unwrap();
            let asset = stage.get(target).await;
            let media = if loaded.contains("stylesheet") { "text/css; charset=utf-8" } else { "image/svg+xml" };
            assert_eq!((asset.status.as_u16(), asset.header("content-type")), (200, Some(media)), "{path}: {target}");
        }
        assert_eq!(text.matches("<link ").count(), 2, "{path}");
        for outside in ["<style", "style=\"", "<script", "src=", "onclick"] {
            assert!(!text.contains(outside), "{path}: {outside}");
        }
        assert_eq!(
            text.matches("<table").count(),
            text.matches("<div class=\"table\"").count(),
            "{path}: tables scroll"
        );
    }
    let style = String::from_utf8(stage.get("/docs.css").await.body.to_vec()).unwrap();
    assert!(style.contains(".table { overflow-x: auto; }") && style.contains("prefers-color-scheme: dark"));
    assert_eq!(stage.get("/favicon.ico").await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn the_table_of_fields_has_a_column_for_each_vendor() {
    let stage = Stage::new().await;
    let page = page(&stage, &[]).await;
    for dialect in vendors::registry::DIALECTS {
        let experimental = if dialect.experimental { "<br><small>experimental</small>" } else { "" };
        assert!(page.contains(&format!("<th>{}{experimental}</th>", dialect.title)));
    }
    let row = |field: &str| page.lines().find(|line| line.starts_with(&format!("<tr id=\"{field}\">"))).unwrap();
    assert!(row("name").contains("assistant_name"), "{}", row("name"));
    assert!(row("folder_id").contains("<td>—</td>"), "{}", row("folder_id"));
    let cells: BTreeSet<_> = vendors::Field::ALL.iter().map(|field| row(field.name()).matches("<td").count()).collect();
    assert_eq!(cells, BTreeSet::from([4 + vendors::registry::DIALECTS.len()]));
    stage.stop().await;
}

#[tokio::test]
async fn the_sample_answers_are_what_the_gateway_answers() {
    let stage = Stage::new().await;
    let page = page(&stage, &[]).await;
    let shown = |label: &str| serde_json::from_str::<Value>(&snippet(&page, label)).unwrap();
    let lenient = [("prefer", "handling=lenient")];
    let sent = stage.put_with("sondos:789", &lenient, r#"{"name": "Sales", "ringing_time": 20}"#).await.json();
    let sample = shown("An answer, 200");
    for member in ["message", "assistant", "vendor", "attempts", "report"] {
        assert_eq!(sent[member], sample[member], "{member}");
    }
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!((names(&sent), names(&sent["data"])), (names(&sample), names(&sample["data"])));
    let mut refused = stage.put("sondos:789", r#"{"nmae": "Sales", "speech_speed": 9}"#).await.json();
    let sample = shown("A problem, 422");
    refused["request_id"] = sample["request_id"].clone();
    assert_eq!(refused, sample);
    stage.stop().await;
}

#[tokio::test]
async fn the_examples_work_where_they_are_read() {
    let bots = "[assistants.zeta]\nvendor = \"sondos\"\nid = 7\n[assistants.beta]\nvendor = \"famulor\"\nid = 8\n";
    for (extra, assistant) in [("", "autocalls:789"), (bots, "beta")] {
        let stage = Stage::with(extra).await;
        let page = page(&stage, &[]).await;
        let target = stage.url(&format!("/v1/assistants/{assistant}"));
        for language in ["curl", "Python", "TypeScript"] {
            assert!(snippet(&page, language).contains(&target), "{language}: {}", snippet(&page, language));
        }
        let curl = snippet(&page, "curl");
        let body = curl.split("-d '").nth(1).unwrap().trim_end_matches('\'').to_owned();
        assert_eq!(stage.put(assistant, body).await.status, 200);
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_gateway_with_keys_shows_only_what_the_reader_may_use() {
    let extra = format!(
        "[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\nvendors = [\"sondos\"]\n\
         [assistants.alpha]\nvendor = \"famulor\"\nid = 7\n[assistants.omega]\nvendor = \"sondos\"\nid = 8\n",
        DIGEST.trim()
    );
    let stage = Stage::with(&extra).await;
    for headers in [&[][..], &[("authorization", "Bearer sb_other")]] {
        let stranger = page(&stage, headers).await;
        assert!(snippet(&stranger, "curl").contains("/v1/assistants/ASSISTANT"));
        assert!(!stranger.contains("alpha") && !stranger.contains("omega"));
    }
    let own = page(&stage, &[KEY]).await;
    assert!(snippet(&own, "curl").contains("/v1/assistants/omega'") && !own.contains("alpha"));
    // Whatever stands in `Host` stays text.
    let host = page(&stage, &[("host", "gw.example:8443")]).await;
    assert!(snippet(&host, "curl").contains("'http://gw.example:8443/v1/"));
    stage.stop().await;
    let public =
        Stage::edited("", |text| text.replacen("[server]\n", "[server]\npublic_url = \"https://gw.example/x\"\n", 1))
            .await;
    assert!(snippet(&page(&public, &[]).await, "curl").contains("'https://gw.example/x/v1/assistants/"));
    assert_eq!(public.put("sondos:1", "{").await.json()["type"], json!("https://gw.example/x/problems/invalid_json"));
    public.stop().await;
}
