//! Callbacks of clients: where they go, what signs them, and that no message shows a secret.

use super::{Setup, identity};

/// A configuration with a store and a client that is called back.
fn called_back(callback: &str) -> Setup {
    Setup::new(&format!(
        "[store]\nkind = \"sqlite\"\n[clients.crm]\nkey_sha256 = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n[clients.crm.callback]\n{callback}\n"
    ))
    .variable("S", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    .variable("OLD", "hush, hush, hush, hush, hush")
    .variable("SHORT", "hush-hush")
    .file("ca.pem", &identity().0)
}

#[test]
fn callbacks_have_a_url_and_secrets_that_all_sign() {
    let secret = "secret = [{ env = \"S\" }, { env = \"OLD\" }]";
    let setup = called_back(&format!("url = \"https://crm.example/hooks/?k=hush\"\n{secret}\nca_file = \"ca.pem\""));
    let callback = setup.settings().clients["crm"].callback.clone().expect("a callback");
    assert_eq!(callback.url.uri(), "https://crm.example/hooks/?k=hush");
    assert_eq!(callback.secret.iter().map(|secret| secret.expose().len()).collect::<Vec<_>>(), [24, 28]);
    assert_eq!(callback.roots, crate::value::PublicRoots::None);
    assert!(callback.ca_file.is_some());
    let shown = setup.settings().redacted()["clients"]["crm"]["callback"].to_string();
    assert!(!shown.contains("hush") && !shown.contains("MfKQ") && !format!("{callback:?}").contains("hush"), "{shown}");
    for url in ["http://127.0.0.1:9/x", "http://localhost", "http://[::1]:9"] {
        let setup = called_back(&format!("url = \"{url}\"\nsecret = {{ env = \"S\" }}"));
        assert!(setup.settings().clients["crm"].callback.is_some(), "{url}");
    }
    // A comma is part of a secret in a variable.
    let setup = called_back("url = \"https://crm.example\"")
        .variable("SWITCHBOARD_CLIENTS__CRM__CALLBACK__SECRET", "hush, hush, hush, hush, hush");
    assert_eq!(setup.settings().clients["crm"].callback.clone().expect("a callback").secret[0].expose().len(), 28);
}

#[test]
fn callbacks_that_cannot_be_made_are_reported() {
    let (secret, https) = ("secret = { env = \"S\" }", "url = \"https://crm.example\"");
    for (text, message) in [
        (
            format!("url = \"http://crm.example/hush\"\n{secret}"),
            "error: `clients.crm.callback.url` would send records unencrypted to another machine",
        ),
        (
            format!("url = \"crm.example/hush\"\n{secret}"),
            "error: `clients.crm.callback.url` does not start with `https://` or `http://`",
        ),
        (
            format!("url = \"https://hush@crm.example\"\n{secret}"),
            "error: `clients.crm.callback.url` holds a user name or password",
        ),
        (
            format!("url = \"http://127.0.0.1:8080/hush\"\n{secret}"),
            "error: `clients.crm.callback.url` leads back to this gateway: `server.listen` is 127.0.0.1:8080",
        ),
        (
            format!("url = \"http://localhost:9090/hush\"\n{secret}"),
            "error: `clients.crm.callback.url` leads back to this gateway: `server.admin_listen`",
        ),
        (secret.to_owned(), "error: `clients.crm.callback` lacks `url`"),
        (https.to_owned(), "error: `clients.crm.callback` lacks `secret`"),
        (
            format!("{https}\nsecret = {{ env = \"SHORT\" }}"),
            "error: the secret for `clients.crm.callback.secret` has 9 bytes; 24 are the least",
        ),
        (format!("{https}\nsecret = []"), "error: `clients.crm.callback.secret` must not be empty"),
        (
            format!("{https}\nsecret = \"hush-hush-hush-hush-hush-hush\""),
            "error: `clients.crm.callback.secret` holds the secret itself",
        ),
        (
            format!("{https}\n{secret}\nroots = \"none\""),
            "error: `clients.crm.callback.roots` is \"none\" and there is no `ca_file`",
        ),
        (
            format!("{https}\n{secret}\nca_file = \"gone.pem\""),
            "error: cannot read `gone.pem` for `clients.crm.callback.ca_file`",
        ),
        (format!("{https}\n{secret}\ntimeout = \"1s\""), "error: unknown key `clients.crm.callback.timeout`"),
    ] {
        let errors = called_back(&text).errors();
        assert!(errors.starts_with(message) && errors.matches("error:").count() == 1, "{text}: {errors}");
        assert!(!errors.contains("hush"), "{errors}");
    }
    let plain =
        called_back(&format!("url = \"http://127.0.0.1:9\"\n{secret}\nca_file = \"ca.pem\"")).settings().warnings;
    assert!(plain.to_string().contains("`clients.crm.callback.ca_file` has no effect on a plain `http://` address"));
}
