//! What may stand in `Host`, and whose scripts may call the API.

use super::Setup;

#[test]
fn origins_are_kept_as_browsers_write_them() {
    let settings = Setup::new(
        "[server]\npublic_url = \"https://gw.example/x/\"\nhosts = [\"voice.internal\"]\n\
         cors_origins = [\"https://App.Example:443/\", \"http://localhost:3000\", \"http://[::1]:80\"]\n\
         [admin]\nhosts = [\"gateway.internal\"]\n",
    )
    .settings();
    assert_eq!(settings.server.cors_origins, ["https://app.example", "http://localhost:3000", "http://[::1]"]);
    assert_eq!(settings.server.public_url.unwrap().as_str(), "https://gw.example/x");
    assert_eq!(
        (settings.server.hosts, settings.admin.hosts),
        (vec!["voice.internal".to_owned()], vec!["gateway.internal".to_owned()])
    );
}

#[test]
fn what_is_no_name_and_no_origin_is_reported() {
    for (text, key) in [
        ("[server]\nhosts = [\"voice.internal:8080\"]", "server.hosts"),
        ("[server]\nhosts = [\"https://voice.internal\"]", "server.hosts"),
        ("[server]\nhosts = [\"*\"]", "server.hosts"),
        ("[admin]\nhosts = [\"\"]", "admin.hosts"),
        ("[server]\ncors_origins = [\"*\"]", "server.cors_origins"),
        ("[server]\ncors_origins = [\"app.example\"]", "server.cors_origins"),
        ("[server]\ncors_origins = [\"https://app.example/path\"]", "server.cors_origins"),
        ("[server]\npublic_url = \"gw.example\"", "server.public_url"),
    ] {
        let errors = Setup::new(text).errors();
        assert!(errors.starts_with(&format!("error: `{key}")), "{errors}");
    }
}
