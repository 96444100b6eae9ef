//! What `{:?}` shows of everything that holds a secret.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use switchboard::account::CatalogReader;
use switchboard::config::{self, Environment};
use switchboard::gateway::Gateway;
use switchboard::reload::{Source, tls_material};
use switchboard::upstream::{Tasks, VendorRequest, VendorResponse};
use tokio::time::Instant;

use super::gateway::Folder;
use super::reloading::nowhere;

#[tokio::test]
async fn nothing_that_holds_a_secret_shows_it() {
    let folder = Folder::new();
    folder.write("switchboard.toml", &folder.configuration(&nowhere(), true));
    let environment: Environment = folder.environment.iter().cloned().collect();
    let path = folder.directory.path().join("switchboard.toml");
    let source = Source { path: Some(path.clone()), environment };
    let settings = config::load(Some(&path), &source.environment).unwrap();
    let absent = |what: &str, shown: String| folder.canaries.assert_absent(what, shown.as_bytes());
    absent("Source", format!("{source:?} {source:#?}"));
    absent("Settings", format!("{settings:?} {settings:#?} {}", settings.redacted()));
    let tls = settings.server.tls.as_ref().unwrap();
    absent("Tls", format!("{tls:?} {:?}", tls_material(tls)));
    let secure = &settings.vendors["secure"];
    let identity = secure.tls.client_certificate.as_ref().unwrap();
    absent("Vendor", format!("{secure:?} {:?} {:?} {:?}", secure.token, identity, identity.key.signing_key()));
    absent("Admin", format!("{:?} {:?}", settings.admin, settings.clients));
    let gateway = Gateway::build(settings, None, &Tasks::default()).unwrap();
    absent("Gateway", format!("{gateway:?} {gateway:#?}"));
    absent("what operators are shown", gateway.redacted_settings.to_string());
    for account in gateway.routes.accounts.values() {
        absent("Account", format!("{account:?} {:?} {:?} {:?}", account.token, account.stack, account.live));
        let headers = account.headers(HeaderValue::from_static("id"), HeaderValue::from_static("trace"));
        absent("headers", format!("{headers:?}"));
        let mut outgoing = VendorRequest::new(Method::PUT, account.stack.uri("/x").unwrap(), Instant::now());
        outgoing.body = headers["authorization"].as_bytes().to_vec().into();
        outgoing.headers = headers.clone();
        absent("Outgoing", format!("{outgoing:?}"));
        let repeated = HeaderMap::from_iter([(http::header::SET_COOKIE, headers["authorization"].clone())]);
        let answer =
            VendorResponse::new(StatusCode::OK, repeated, Bytes::copy_from_slice(headers["authorization"].as_bytes()));
        absent("Answer", format!("{answer:?}"));
        let (dialect, stack) = (account.dialect, std::sync::Arc::clone(&account.stack));
        let (drift, token) = (std::sync::Arc::clone(&account.drift), account.token.clone());
        let reader = CatalogReader { dialect, stack: stack.clone(), headers, drift, token };
        absent("Reader", format!("{:?} {:?} {:?}", reader.headers, reader.token, reader.drift));
        absent("Update", format!("{:?}", stack.update(outgoing)));
    }
}
