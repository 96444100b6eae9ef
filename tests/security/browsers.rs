//! What websites make a browser send to a gateway on the same machine: under names of their own, and across sites.

use http::{HeaderName, Method, StatusCode};

use crate::support::{Reply, Stage, raw};

const DIGEST: &str = include_str!("../support/key.sha256");

async fn ask(address: std::net::SocketAddr, method: &str, path: &str, host: &str, headers: &str) -> Reply {
    let body = if method == "GET" { "" } else { "{\"name\":\"x\"}" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let reply = raw::exchange(address, request.as_bytes()).await;
    let headers =
        reply.headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    let status = StatusCode::from_u16(reply.status).unwrap();
    Reply { status, headers: headers.collect(), body: reply.body.into() }
}

const FOREIGN: [&str; 6] =
    ["evil.example", "evil.example:9090", "localhost.evil.example", "127.0.0.1.evil.example", "user@localhost", ""];

const ADMIN: [(&str, &str); 9] = [
    ("GET", "/admin/status"),
    ("GET", "/admin/config"),
    ("GET", "/metrics"),
    ("POST", "/admin/reload"),
    ("GET", "/admin/history"),
    ("POST", "/admin/queue/x/cancel"),
    ("POST", "/admin/dead/x/replay"),
    ("GET", "/admin/nowhere"),
    ("PUT", "/admin/config"),
];

#[tokio::test]
async fn the_admin_listener_is_served_under_its_own_names_only() {
    let stage = Stage::with("[admin]\nhosts = [\"gateway.internal\"]\n").await;
    let admin = stage.app.admin();
    for (method, path) in ADMIN {
        for host in FOREIGN {
            ask(admin, method, path, host, "").await.problem("invalid_request");
        }
        for host in ["127.0.0.1", "[::1]:9090", "localhost:9090", "Gateway.Internal:9090"] {
            let reply = ask(admin, method, path, host, "").await;
            assert_ne!(reply.status, 400, "{method} {path} under {host}: {reply:?}");
        }
    }
    for path in ["/livez", "/readyz"] {
        for host in ["evil.example", "gateway", "pod-7.default.svc"] {
            assert_eq!(ask(admin, "GET", path, host, "").await.status, 200, "{path} under {host}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_valid_token_is_served_under_every_name_and_a_wrong_one_counts_under_every_name() {
    let stage = Stage::with(
        "[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\nmetrics_token = { env = \"TOKEN_FAMULOR\" }\n\
         [auth]\nmode = \"none\"\nfailed_attempts = { per_minute = 1, burst = 3 }\n",
    )
    .await;
    let admin = stage.app.admin();
    let (token, metrics) = ("authorization: Bearer sim-sondos\r\n", "authorization: Bearer sim-famulor\r\n");
    for host in ["evil.example", "gateway.internal", "127.0.0.1"] {
        assert_eq!(ask(admin, "GET", "/admin/status", host, token).await.status, 200, "{host}");
        assert_eq!(ask(admin, "GET", "/metrics", host, metrics).await.status, 200, "{host}");
    }
    let wrong = "authorization: Bearer wrong\r\n";
    ask(admin, "GET", "/admin/status", "evil.example", wrong).await.problem("invalid_request");
    ask(admin, "GET", "/admin/status", "evil.example", "").await.problem("invalid_request");
    ask(admin, "GET", "/admin/status", "127.0.0.1", wrong).await.problem("unauthenticated");
    ask(admin, "GET", "/admin/status", "evil.example", wrong).await.problem("rate_limited");
    stage.stop().await;
}

#[tokio::test]
async fn a_write_from_another_website_is_forbidden_on_the_admin_listener() {
    let stage = Stage::with("[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\n").await;
    let (admin, token) = (stage.app.admin(), "authorization: Bearer sim-sondos\r\n");
    for from in [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
        "origin: http://localhost:3000\r\n",
    ] {
        for token in ["", token] {
            let headers = format!("{from}{token}");
            let reply = ask(admin, "POST", "/admin/reload", "localhost:9090", &headers).await;
            assert_eq!(reply.problem("forbidden")["status"], 403, "{from}");
        }
        assert_eq!(ask(admin, "GET", "/admin/status", "localhost:9090", &format!("{from}{token}")).await.status, 200);
    }
    for from in ["", "sec-fetch-site: same-origin\r\n", "origin: http://localhost:9090\r\n"] {
        // There is no file to read again.
        let reply = ask(admin, "POST", "/admin/reload", "localhost:9090", &format!("{from}{token}")).await;
        assert_eq!(reply.status, 422, "{from}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn without_a_token_a_browser_changes_nothing_and_a_program_does() {
    let stage = Stage::new().await;
    let admin = stage.app.admin();
    for from in ["sec-fetch-site: same-origin\r\n", "sec-fetch-site: none\r\n", "origin: http://localhost:9090\r\n"] {
        ask(admin, "POST", "/admin/reload", "localhost:9090", from).await.problem("forbidden");
        assert_eq!(ask(admin, "GET", "/admin/status", "localhost:9090", from).await.status, 200, "{from}");
    }
    // There is no file to read again.
    assert_eq!(ask(admin, "POST", "/admin/reload", "localhost:9090", "").await.status, 422);
    stage.stop().await;
}

#[tokio::test]
async fn an_api_without_keys_is_served_under_its_own_names_only_and_one_with_keys_under_all() {
    let hosts = "public_url = \"https://gw.example/api\"\nhosts = [\"voice.internal\"]\n";
    let open = Stage::edited("[admin]\nhosts = [\"gateway.internal\"]\n", |text| {
        text.replacen("[server]\n", &format!("[server]\n{hosts}"), 1)
    })
    .await;
    let paths = [("PUT", "/v1/assistants/sondos:789"), ("GET", "/v1/vendors"), ("GET", "/docs"), ("GET", "/nowhere")];
    for (method, path) in paths {
        for host in FOREIGN {
            let problem = ask(open.app.api(), method, path, host, "").await.json();
            assert_eq!(problem["code"], "invalid_request", "{method} {path} under {host}");
        }
        for host in ["localhost:8080", "127.0.0.1", "[::1]", "gw.example", "voice.internal:8080", "gateway.internal"] {
            let status = ask(open.app.api(), method, path, host, "").await.status;
            assert_eq!(status, if path == "/nowhere" { 404 } else { 200 }, "{method} {path} under {host}");
        }
    }
    assert_eq!(open.updates("sondos").len(), 6);
    open.stop().await;
    let keyed =
        Stage::with(&format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\n", DIGEST.trim())).await;
    for (method, path) in paths {
        let reply = ask(keyed.app.api(), method, path, "evil.example", "authorization: Bearer sb_test\r\n").await;
        assert_eq!(reply.status, if path == "/nowhere" { 404 } else { 200 }, "{method} {path}");
    }
    keyed.stop().await;
}

#[tokio::test]
async fn scripts_of_other_websites_may_call_the_api_only_if_their_origin_is_configured() {
    let closed = Stage::new().await;
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "PUT")];
    let path = "/v1/assistants/sondos:789";
    let refused = closed.call(Method::OPTIONS, path, &preflight, "").await;
    refused.problem("method_not_allowed");
    assert!(refused.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{refused:?}");
    closed.stop().await;

    let origins = "[server]\ncors_origins = [\"https://App.example:443\", \"http://localhost:3000\"]\n";
    let open = Stage::edited("", |text| text.replacen("[server]\n", origins, 1)).await;
    for origin in ["https://app.example", "http://localhost:3000"] {
        let asked = [("origin", origin), ("access-control-request-method", "PUT")];
        let reply = open.call(Method::OPTIONS, path, &asked, "").await;
        assert_eq!(reply.status, 204, "{reply:?}");
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-methods"), Some("GET, HEAD, PUT, PATCH, DELETE"));
        assert!(reply.header("access-control-allow-headers").unwrap().contains("authorization"));
        for (reply, status) in [
            (open.put_with("sondos:789", &[("origin", origin)], "{}").await, 200),
            (open.put_with("sondos:789", &[("origin", origin)], "{").await, 400),
        ] {
            assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (status, Some(origin)));
            assert_eq!(
                (reply.header("vary"), reply.header("access-control-allow-credentials")),
                (Some("origin"), None)
            );
            assert!(reply.header("access-control-expose-headers").unwrap().contains("x-request-id"));
        }
        open.call(Method::OPTIONS, "/nowhere", &asked, "").await.problem("not_found");
        open.call(Method::OPTIONS, path, &[("origin", origin)], "").await.problem("method_not_allowed");
    }
    for origin in [
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil.example",
        "null",
        "https://app.example:444",
    ] {
        let asked = [("origin", origin), ("access-control-request-method", "PUT")];
        let reply = open.call(Method::OPTIONS, path, &asked, "").await;
        reply.problem("method_not_allowed");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
    }
    open.stop().await;
}
