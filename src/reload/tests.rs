//! What a reload refuses although it is right in itself, and what it leaves in force.

use std::fs::{remove_file, write};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::Origin;

const HEAD: &str = "[vendors.sondos]\ntoken = { file = \"token\" }\n";

struct Running {
    folder: TempDir,
    reloader: Reloader,
}

impl Running {
    fn start(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, text) in files.iter().chain(&[("token", "1|a"), ("c.toml", config)]) {
            write(path(name), text).unwrap();
        }
        std::fs::set_permissions(path("token"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let source = Source { path: Some(path("c.toml")), environment: Environment::default() };
        let settings = source.load().unwrap_or_else(|problems| panic!("{problems}"));
        let (startup, tasks) = (StartupSettings::of(&settings), Tasks::default());
        let gateway = Arc::new(ArcSwap::from_pointee(Gateway::build(settings, None, &tasks).unwrap()));
        let (tls, telemetry) = (ListenersTls::default(), Telemetry::default());
        let reloader = Reloader::new(startup, gateway, Some(source), tasks, tls, telemetry);
        Self { folder, reloader }
    }

    fn write(&self, name: &str, text: &str) {
        write(self.folder.path().join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        remove_file(self.folder.path().join(name)).unwrap();
    }

    #[track_caller]
    fn applies(&self) {
        let outcome = self.reloader.reload("file");
        assert!(outcome.applied, "{outcome:?}");
    }

    #[track_caller]
    fn refuses(&self, expected: &str) {
        let outcome = self.reloader.reload("file");
        let message = outcome.problems.first().map_or("", |problem| &problem.message);
        assert!(!outcome.applied && message.contains(expected), "{outcome:?}");
    }

    fn names(&self) -> usize {
        self.reloader.gateway().routes.assistants.len()
    }

    fn in_force(&self, pointer: &str) -> Value {
        self.reloader.gateway().settings_in_force().pointer(pointer).cloned().unwrap_or_default()
    }
}

fn with_files(files: &str) -> String {
    format!("auth.mode = \"none\"\n{HEAD}[routing]\nassistants_files = [{files}]\n")
}

#[tokio::test]
async fn an_assistants_file_that_became_empty_is_refused_until_it_is_taken_out() {
    let config = with_files("\"a.csv\", \"b.toml\"");
    let files = [
        ("a.csv", "one,sondos,1\ntwo,sondos,2\n"),
        ("b.toml", "[assistants.three]\nvendor = \"sondos\"\nid = \"3\"\n"),
    ];
    let running = Running::start(&config, &files);
    for (name, left) in [("a.csv", ""), ("a.csv", "name,vendor,id\n"), ("b.toml", "# nothing\n")] {
        running.write(name, left);
        let count = if name == "a.csv" { "2 names" } else { "1 name" };
        running.refuses(&format!("{name}` holds no assistants any more"));
        running.refuses(&format!("and {count} would lead nowhere"));
        assert_eq!(running.names(), 3);
        let (name, text) = files.into_iter().find(|(file, _)| *file == name).unwrap();
        running.write(name, text);
    }
    running.write("a.csv", "one,sondos,1\n");
    running.applies();
    assert_eq!(running.names(), 2, "fewer names are no sign of an accident");
    running.write("a.csv", "");
    running.refuses("and 1 name would lead nowhere");
    running.write("c.toml", &with_files("\"b.toml\""));
    running.applies();
    assert_eq!(running.names(), 1);
}

#[tokio::test]
async fn names_that_stand_in_another_file_now_are_not_gone() {
    let running = Running::start(&with_files("\"*.csv\""), &[("a.csv", "one,sondos,1\n")]);
    running.write("c.toml", &with_files("\"a.csv\", \"*.csv\""));
    running.applies();
    running.write("a.csv", "");
    running.write("b.csv", "one,sondos,1\n");
    running.applies();
    assert_eq!(running.names(), 1);
}

#[tokio::test]
async fn a_pattern_from_whose_files_no_assistant_is_left_is_refused() {
    let running = Running::start(
        &with_files("\"*.csv\""),
        &[("a.csv", "one,sondos,1\n"), ("b.csv", "two,sondos,2\n"), ("c.csv", "")],
    );
    running.remove("b.csv");
    running.applies();
    assert_eq!(running.names(), 1, "a file is taken away from beside others on purpose");
    running.remove("a.csv");
    running
        .refuses("no file of \"*.csv\" holds assistants any more, and 1 name would lead nowhere; take the pattern out");
    running.remove("c.csv");
    running.refuses("no file of \"*.csv\" holds assistants any more");
    assert_eq!(running.names(), 1);
    running.write("d.csv", "other,sondos,1\n");
    running.applies();
    running.remove("d.csv");
    running.write("c.toml", &format!("auth.mode = \"none\"\n{HEAD}"));
    running.applies();
    assert_eq!(running.names(), 0);
}

#[tokio::test]
async fn a_file_that_was_cut_off_before_its_clients_is_refused() {
    let client = format!("[clients.crm]\nkey_sha256 = \"{}\"\n", "0".repeat(64));
    let running = Running::start(&format!("{HEAD}{client}"), &[]);
    running.write("c.toml", HEAD);
    running.refuses("has no client any more, so that every caller would be refused, as if `");
    running.write("c.toml", &format!("auth.mode = \"none\"\n{HEAD}"));
    running.applies();
    running.write("c.toml", HEAD);
    running.refuses("has no client any more");
    assert!(running.reloader.gateway().clients.open);
    let none = Running::start(HEAD, &[]);
    none.applies();
}

#[tokio::test]
async fn what_waits_for_a_restart_is_not_shown_as_in_force() {
    let config = |server: &str| format!("auth.mode = \"none\"\n{server}\n{HEAD}");
    let running = Running::start(&config("server.max_connections = 77"), &[]);
    let listed = |key: &str| {
        let listed = running.reloader.gateway().listed_settings();
        listed.into_iter().find(|setting| setting.key == key).unwrap()
    };
    let (first, moved) =
        (listed("server.max_connections"), "server.max_connections = 88\nserver.listen = \"127.0.0.1:1\"");
    let default = running.in_force("/server/listen");
    for more in ["", "\nserver.request_timeout = \"9s\"", "\nserver.request_timeout = \"8s\""] {
        running.write("c.toml", &config(&format!("# A line more.\n{moved}{more}")));
        let outcome = running.reloader.reload("file");
        assert_eq!(outcome.needs_restart, ["server.listen", "server.max_connections"]);
        assert_eq!(
            (running.in_force("/server/max_connections"), running.in_force("/server/listen")),
            (json!(77), default.clone())
        );
        assert_eq!(listed("server.max_connections"), first, "with where it came from");
        assert!(matches!(listed("server.listen").origin, Origin::Default));
    }
    assert_eq!(running.in_force("/server/request_timeout"), json!("8s"));
    assert!(matches!(listed("server.request_timeout").origin, Origin::File { line: 5, .. }));
    running.write("c.toml", &config("server.max_connections = 77"));
    assert!(running.reloader.reload("file").needs_restart.is_empty());
    assert_eq!(running.in_force("/server/max_connections"), json!(77));
}

#[tokio::test]
async fn a_store_or_tls_that_is_added_or_taken_out_is_shown_as_it_is_in_force() {
    let none = format!("auth.mode = \"none\"\n{HEAD}");
    let store = format!("{none}[store]\nkind = \"sqlite\"\nsync_intent = true\n");
    let running = Running::start(&none, &[]);
    running.write("c.toml", &store);
    running.applies();
    assert_eq!(running.in_force("/store"), Value::Null);
    let running = Running::start(&store, &[]);
    let before = running.in_force("/store");
    assert_eq!(before["kind"], "sqlite");
    running.write("c.toml", &format!("{store}path = \"other.db\"\n"));
    running.applies();
    assert_eq!(running.in_force("/store"), before);
    running.write("c.toml", &none);
    running.applies();
    assert_eq!(running.in_force("/store"), before);
}
