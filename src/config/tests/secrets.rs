//! Secrets and files: where they are read from, and that messages never show them.

use super::{Setup, assert_text, identity, paths};

#[test]
fn literal_secrets_are_refused_and_not_shown() {
    let setup = Setup::new(
        r#"[vendors.autocalls]
token = { env = "1|hush" }
[vendors.sondos]
token = "1|hush" # hush
[admin]
token = 12345
[vendors]
famulor = { token = "hush", timeout = 5 }
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `vendors.autocalls.token.env` is not the name of an environment variable
  --> c.toml:2:17
  help: name the variable that holds the secret, not the secret itself
error: `vendors.sondos.token` holds the secret itself
  --> c.toml:4:9
  help: keep secrets out of the file: write `{ env = "NAME" }` to read an environment variable, or `{ file = "PATH" }` to read a file
error: `admin.token` must be `{ env = "NAME" }` or `{ file = "PATH" }`, not an integer
  --> c.toml:6:9
error: `vendors.famulor.token` holds the secret itself
  --> c.toml:8:21
  help: keep secrets out of the file: write `{ env = "NAME" }` to read an environment variable, or `{ file = "PATH" }` to read a file
error: `vendors.famulor.timeout` must be a duration such as "500ms", "30s" or "1m30s", not an integer
  --> c.toml:8:39
  help: did you mean "5s"?
"#,
    );
}

#[test]
fn references_to_nothing_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "SONDOS_TOKN" }
[vendors.famulor]
token = { file = "gone" }
[vendors.autocalls]
token = {}
[vendors.gloriagent]
token = { env = "T", file = "gone" }
[vendors.intellixent]
token = { path = "gone" }
[admin]
token = { env = "NOBODY_HAS_THIS" }
"#,
    )
    .variable("SONDOS_TOKEN", "hush");
    assert_text(
        &setup.errors(),
        r#"
error: the environment variable `SONDOS_TOKN` for `vendors.sondos.token` is not set
  --> c.toml:2:17
2 | token = { env = "SONDOS_TOKN" …
  |                 ^^^^^^^^^^^^^
  help: did you mean `SONDOS_TOKEN`?
error: cannot read `gone` for `vendors.famulor.token`: No such file or directory (os error 2)
  --> c.toml:4:18
4 | token = { file = "gone" …
  |                  ^^^^^^
  help: the file has to exist and be readable by the user the gateway runs as; a relative path starts from the folder of the file it stands in
error: `vendors.autocalls.token` says neither `env` nor `file`
  --> c.toml:6:9
6 | token = {}
  |         ^^
  help: write `{ env = "NAME" }` or `{ file = "PATH" }`
error: `vendors.gloriagent.token` has both `env` and `file`
  --> c.toml:8:22
  help: keep one of the two
error: unknown key `vendors.intellixent.token.path`
  --> c.toml:10:11
10 | token = { path …
   |           ^^^^
  help: the keys here are `env`, `file`
error: the environment variable `NOBODY_HAS_THIS` for `admin.token` is not set
  --> c.toml:12:17
12 | token = { env = "NOBODY_HAS_THIS" …
   |                 ^^^^^^^^^^^^^^^^^
  help: set NOBODY_HAS_THIS, or name another one
"#,
    );
}

#[test]
fn invalid_secrets_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "EMPTY" }
[vendors.famulor]
token = { file = "blank" }
[vendors.autocalls]
token = { file = "two-lines" }
"#,
    )
    .variable("EMPTY", "")
    .file("blank", " \n")
    .file("two-lines", "hush\nhush\n");
    assert_text(
        &setup.errors(),
        r#"
error: the secret for `vendors.sondos.token` is empty
  --> c.toml:2:17
2 | token = { env = "EMPTY" …
  |                 ^^^^^^^
  help: put the secret, and nothing else, into the environment variable `EMPTY`
error: the secret for `vendors.famulor.token` is empty
  --> c.toml:4:18
4 | token = { file = "blank" …
  |                  ^^^^^^^
  help: put the secret, and nothing else, into the file `blank`
error: the secret for `vendors.autocalls.token` holds a character that no header can carry (only visible ASCII can)
  --> c.toml:6:18
6 | token = { file = "two-lines" …
  |                  ^^^^^^^^^^^
  help: put the secret, and nothing else, into the file `two-lines`
"#,
    );
}

#[test]
fn unusable_certificate_files_are_reported() {
    let setup = Setup::new(
        r#"[server.tls]
cert = "gone.pem"
key = "cert.pem"
[vendors.sondos]
token = { env = "T" }
ca_file = "text"
client_certificate = { cert = "cert.pem", key = "encrypted.pem" }
[vendors.famulor]
token = { env = "T" }
client_certificate = { cert = "cert.pem" }
"#,
    )
    .file("cert.pem", &identity().0)
    .file("text", "hush")
    .file("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    assert_text(
        &setup.errors(),
        r#"
error: cannot read `gone.pem` for `server.tls.cert`: No such file or directory (os error 2)
  --> c.toml:2:8
2 | cert = "gone.pem"
  |        ^^^^^^^^^^
  help: the file has to exist and be readable by the user the gateway runs as; a relative path starts from the folder of the file it stands in
error: `cert.pem` holds no private key
  --> c.toml:3:7
3 | key = "cert.pem"
  |       ^^^^^^^^^^
  help: the file has to hold an unencrypted PEM key, as in `-----BEGIN PRIVATE KEY-----`
error: `text` holds no certificate
  --> c.toml:6:11
6 | ca_file = "text"
  |           ^^^^^^
  help: the file has to hold PEM that starts with `-----BEGIN CERTIFICATE-----`
error: `encrypted.pem` holds an encrypted private key
  --> c.toml:7:49
7 | client_certificate = { cert = "cert.pem", key = "encrypted.pem" …
  |                                                 ^^^^^^^^^^^^^^^
  help: the file has to hold an unencrypted PEM key, as in `-----BEGIN PRIVATE KEY-----`
error: `vendors.famulor.client_certificate` lacks `key`
  --> c.toml:10:22
10 | client_certificate = { cert = "cert.pem" }
   |                      ^^^^^^^^^^^^^^^^^^^^^
  help: add `key`: The private key, unencrypted (PEM).
"#,
    );
}

#[test]
fn certificates_that_the_tls_library_rejects_are_reported() {
    let setup = Setup::new(
        r#"[server.tls]
cert = "cert.pem"
key = "another.key"
client_ca = "cut.pem"
[vendors.sondos]
token = { env = "T" }
ca_file = "no.pem"
client_certificate = { cert = "no.pem", key = "no.key" }
"#,
    )
    .file("cert.pem", &identity().0)
    .file("another.key", &identity().1)
    .file("cut.pem", identity().0.split_at(300).0)
    .file("no.pem", "-----BEGIN CERTIFICATE-----\naHVzaA==\n-----END CERTIFICATE-----\n")
    .file("no.key", "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n");
    let errors = setup.errors();
    for expected in [
        "`another.key` is not the key of `cert.pem`\n  --> c.toml:3:7",
        "`cut.pem` cannot be read as certificates: ",
        "certificate 1 of `no.pem` cannot be used: ",
        "`no.pem` and `no.key` cannot be used: ",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    assert!(!errors.contains("hush") && !errors.contains("aHVz"), "{errors}");
}

#[test]
fn syntax_errors_beside_secrets_do_not_show_them() {
    let setup = Setup::new(
        r#"[admin]
token = "hush
[a]
token = hush
[vendors.sondos]
token = { env = "T" ] # hush
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: not TOML: invalid basic string, expected `"`
  --> c.toml:2:14
error: not TOML: string values must be quoted, expected literal string
  --> c.toml:4:9
  help: texts stand in quotes
error: not TOML: invalid inline table element, expected `,`
  --> c.toml:6:21
error: not TOML: unclosed inline table, expected `}`
  --> c.toml:6:22
"#,
    );
}

#[test]
fn secrets_are_read_from_variables_and_files() {
    let setup = Setup::new(
        r#"
[vendors.sondos]
token = { file = "token" }
[admin]
token = { env = "T" }
"#,
    )
    .file("token", "12|xyz\n");
    let settings = setup.settings();
    assert_eq!(settings.vendors["sondos"].token.expose(), "12|xyz");
    assert_eq!(settings.admin.token.as_ref().map(crate::config::Secret::expose), Some("1|abc"));
    assert_eq!(paths(&settings), [setup.path("c.toml"), setup.path("token")]);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("12|xyz") && !shown.contains("1|abc"), "{shown}");
}

#[test]
fn certificates_in_other_forms_are_named() {
    let (certificate, key) = identity();
    let setup = |text: &[u8]| {
        let setup = Setup::new("[auth]\nmode = \"none\"\n[server.tls]\ncert = \"cert\"\nkey = \"key.pem\"\n")
            .file("key.pem", &key);
        std::fs::write(setup.path("cert"), text).expect("written");
        setup
    };
    assert!(setup(format!("\u{feff}{certificate}").as_bytes()).settings().server.tls.is_some());
    let der = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate").cert.der().to_vec();
    let errors = setup(&der).errors();
    assert!(errors.contains("it is DER or PKCS #12") && errors.contains("openssl x509"), "{errors}");
    let rsa = Setup::new("[auth]\nmode = \"none\"\n[server.tls]\ncert = \"cert\"\nkey = \"key\"\n")
        .file("cert", include_str!("rsa1024/cert.pem"))
        .file("key", include_str!("rsa1024/key.pem"));
    let errors = rsa.errors();
    assert!(errors.contains("error: `cert` is for an RSA key of 1024 bits"), "{errors}");
    assert!(errors.contains("make a key of at least 2048 bits"), "{errors}");
}

#[test]
fn texts_about_secrets_and_files_open_to_others_are_reported_and_not_shown() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let setup = Setup::new(
        "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"QUOTED\" }\n[vendors.famulor]\ntoken = { file = \"token\" }\n",
    )
    .variable("QUOTED", "\"hush\"")
    .file("token", "FAMULOR_TOKEN=hush\n");
    let folder = setup.path("token").parent().expect("a folder").to_owned();
    set_permissions(setup.path("token"), Permissions::from_mode(0o644)).expect("changed");
    set_permissions(&folder, Permissions::from_mode(0o700)).expect("changed");
    let hidden = setup.warnings();
    assert!(!hidden.contains("every user"), "other users cannot enter the folder: {hidden}");
    set_permissions(&folder, Permissions::from_mode(0o755)).expect("changed");
    let warnings = setup.warnings();
    for expected in [
        "warning: the secret for `vendors.sondos.token` stands in quotes, which are sent too\n  --> c.toml:4:17",
        "help: in the environment variable `QUOTED`: write it without the quotes",
        "warning: the secret for `vendors.famulor.token` looks like a line `NAME=…` of an environment file",
        "warning: every user of this machine can read `token` for `vendors.famulor.token`\n  --> c.toml:6:18",
    ] {
        assert!(warnings.contains(expected), "{expected}\n{warnings}");
    }
    assert!(!warnings.contains("hush"), "{warnings}");
    set_permissions(setup.path("token"), Permissions::from_mode(0o640)).expect("changed");
    assert!(!setup.warnings().contains("every user"));
    let bearer = Setup::new("[vendors.sondos]\ntoken = { env = \"B\" }\n").variable("B", "Bearer hush");
    assert_text(
        &bearer.errors(),
        r#"
error: the secret for `vendors.sondos.token` begins with `Bearer`, which the gateway adds itself: write only what follows
  --> c.toml:2:17
2 | token = { env = "B" …
  |                 ^^^
  help: put the secret, and nothing else, into the environment variable `B`
"#,
    );
}

#[test]
fn a_certificate_that_has_ended_or_ends_soon_has_a_warning() {
    let key = rcgen::KeyPair::generate().expect("a key");
    for (year, expected) in [(2020, Some("the certificate in `cert` expired at 2020-01-01T00:00:00Z")), (4000, None)] {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("valid");
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let setup = Setup::new("[auth]\nmode = \"none\"\n[server.tls]\ncert = \"cert\"\nkey = \"key\"\n")
            .file("cert", &parameters.self_signed(&key).expect("a certificate").pem())
            .file("key", &key.serialize_pem());
        let warnings = setup.warnings();
        match expected {
            Some(expected) => assert!(warnings.contains(expected), "{warnings}"),
            None => assert!(!warnings.contains("certificate"), "{warnings}"),
        }
    }
}

#[test]
fn a_secret_that_is_two_tokens_of_administration_at_once_is_refused() {
    let setup = Setup::new(
        "[admin]\ntoken = { env = \"A\" }\nviewer_token = { file = \"b\" }\nmetrics_token = { env = \"C\" }\n",
    );
    let setup = setup.variable("A", "one-secret").file("b", "one-secret\n").variable("C", "one-secret");
    let errors = setup.errors();
    for name in ["viewer_token", "metrics_token"] {
        let expected = format!("error: `admin.{name}` is the same secret as `admin.token`");
        assert!(errors.contains(&expected) && !errors.contains("one-secret"), "{errors}");
    }
    let errors = setup.variable("A", "other").errors();
    assert!(errors.contains("`admin.metrics_token` is the same secret as `admin.viewer_token`"), "{errors}");
    let text = "[server]\nadmin_listen = \"0.0.0.0:9090\"\n[admin]\nviewer_token = { env = \"T\" }\n";
    let errors = Setup::new(text).errors();
    assert!(
        errors.contains("there is no `admin.token`, which `server.admin_listen` needs on 0.0.0.0:9090"),
        "{errors}"
    );
    assert!(!errors.contains("open to anyone"), "{errors}");
}
