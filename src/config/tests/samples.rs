//! The configuration files that ship with the gateway load, and their comments are true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Setup, identity, paths};
use crate::config::{
    Admin, Audit, Auth, BaseUrl, Console, DEFAULTS, Environment, Idempotency, Journal, Log, Origin, Queue, Routing,
    Secret, Server, Settings, Traces, Vendor, load, schema,
};

/// 32 bytes in base64.
const STORE_KEY: &str = "Key+Key+Key+Key+Key+Key+Key+Key+Key+Key+Kew=";

/// The defaults with every commented setting switched on: lines that start with `#` and no blank. Of the store there are the
/// keys of one kind.
fn everything(kind: &str) -> Setup {
    let lines = DEFAULTS.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    });
    let mut table = "";
    let lines = lines.filter_map(|line| {
        table = if line.starts_with('[') { line } else { table };
        let is_of_postgres = ["[store.postgres]", "[cluster]"].contains(&table);
        let is_of_sqlite = table == "[store]" && ["path ", "sync_intent "].iter().any(|key| line.starts_with(key));
        let is_of_other = if kind == "sqlite" { is_of_postgres } else { is_of_sqlite };
        (!is_of_other).then(|| {
            if table == "[store]" {
                line.replace("kind = \"sqlite\"", &format!("kind = \"{kind}\""))
            } else {
                line.to_owned()
            }
        })
    });
    let names = ["server.pem", "clients.pem", "autocalls-ca.pem", "crm-ca.pem", "collector-ca.pem", "gateway.pem"];
    let (certificate, key) = identity();
    let setup = Setup::new(&lines.collect::<Vec<_>>().join("\n"))
        .file("tls/gateway.key", &key)
        .file("tls/server.key", &key)
        .variable("AUTOCALLS_TOKEN", "1|abc")
        .variable("ELEVENLABS_TOKEN", "sk_abc")
        .variable("RETELL_TOKEN", "key_abc")
        .variable("ADMIN_TOKEN", "abc")
        .variable("VIEWER_TOKEN", "ghi")
        .variable("DATABASE_URL", "postgres://me:hushhush@db/switch")
        .variable("CRM_CALLBACK", "hush-hush-hush-hush-hush")
        .variable("SWITCHBOARD_STORE_KEY", STORE_KEY)
        .variable("METRICS_TOKEN", "def")
        .variable("VIEWER_TOKEN", "ghi")
        .variable("COLLECTOR_KEY", "xyz");
    names.iter().fold(setup, |setup, name| setup.file(&format!("tls/{name}"), &certificate))
}

#[test]
fn the_documented_defaults_are_the_built_in_ones() {
    let settings = Setup::new("").settings();
    let expected = Settings {
        server: Server::default(),
        auth: Auth::default(),
        clients: [].into(),
        vendors: [].into(),
        routing: Routing::default(),
        assistants: [].into(),
        store: None,
        cluster: crate::config::Cluster::default(),
        queue: Queue::default(),
        idempotency: Idempotency::default(),
        journal: Journal::default(),
        admin: Admin::default(),
        log: Log::default(),
        audit: Audit::default(),
        traces: Traces::default(),
        console: Console::default(),
        origins: settings.origins.clone(),
        assistants_files: Vec::new(),
        files: settings.files.clone(),
        warnings: settings.warnings.clone(),
    };
    assert_eq!(settings, expected);
}

#[test]
fn the_documented_vendor_defaults_are_the_built_in_ones() {
    let settings = everything("sqlite").settings();
    assert_eq!(settings.warnings.to_string(), "0 errors, 0 warnings");
    let mut vendor = settings.vendors["autocalls"].clone();
    assert!(vendor.rate_limit.take().is_some());
    assert!(vendor.tls.ca_file.take().is_some());
    assert!(vendor.tls.client_certificate.take().is_some());
    assert_eq!(vendor.tls.server_name.take().as_deref(), Some("api.vendor.example"));
    vendor.fields.clear();
    assert_eq!(vendor.handling.take(), Some(vendors::Handling::default()));
    vendor.catalog = crate::config::Catalog::default();
    let url = BaseUrl::parse("https://app.autocalls.ai/api").expect("valid");
    assert_eq!(vendor, Vendor::new("autocalls", url, Secret::new("1|abc")));
}

#[test]
fn the_documented_defaults_of_postgres_are_the_built_in_ones() {
    let documented = everything("postgres").settings();
    assert_eq!(documented.warnings.to_string(), "0 errors, 0 warnings");
    let text = "[store]\nkind = \"postgres\"\nencryption_key = { env = \"KEY\" }\n\
                [store.postgres]\nurl = { env = \"DATABASE_URL\" }\n";
    let plain =
        Setup::new(text).variable("KEY", STORE_KEY).variable("DATABASE_URL", "postgres://me:hushhush@db/switch");
    let plain = plain.settings();
    assert_eq!((documented.store, documented.cluster), (plain.store, plain.cluster));
}

#[test]
fn every_key_is_documented() {
    fn keys(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            keys(inner, &path, found);
            keys(&inner["additionalProperties"], &format!("{path}.*"), found);
            keys(&inner["items"], &path, found);
            found.insert(path);
        }
    }
    let mut wanted = BTreeSet::new();
    keys(&schema(), "", &mut wanted);
    for key in &wanted {
        let name = key.rsplit('.').next().expect("a name");
        // `file` and `per_second` and similar keys stand in inline tables.
        let documented = DEFAULTS.lines().any(|line| {
            let line = line.trim_start_matches('#');
            line.starts_with(&format!("{name} = "))
                || line.contains(&format!(" {name} = "))
                || line.starts_with('[') && line.trim_matches(['[', ']']).split('.').any(|part| part == name)
        });
        assert!(documented, "{key} is not in switchboard.toml");
    }
    assert!(wanted.len() > 70, "{}", wanted.len());
}

#[test]
fn the_production_example_loads_without_a_warning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let path = folder.join("production.example.toml");
    let variables = [
        "ADMIN_TOKEN",
        "METRICS_TOKEN",
        "AUTOCALLS_TOKEN",
        "AUTOCALLS_TRIAL_TOKEN",
        "FAMULOR_TOKEN",
        "GLORIAGENT_TOKEN",
        "INTELLIXENT_TOKEN",
        "SONDOS_TOKEN",
    ];
    let environment: Environment =
        variables.iter().map(|name| ((*name).to_owned(), format!("secret-{name}"))).collect();
    let settings = load(Some(&path), &environment).expect("a valid example");
    assert_eq!(settings.warnings.to_string(), "0 errors, 0 warnings");
    assert_eq!(settings.vendors.len(), 6);
    assert_eq!(settings.assistants["survey-bot"].vendor, "gloriagent");
    assert_eq!(settings.assistants["support-bot"].id, "42");
    let files: Vec<PathBuf> =
        ["assistants.example.csv", "production.example.toml"].iter().map(|name| folder.join(name)).collect();
    assert_eq!(paths(&settings), files);
}

#[test]
fn the_redacted_settings_read_like_the_file_and_hold_no_secret() {
    let settings = everything("sqlite").settings().redacted();
    assert_eq!(settings["server"]["request_timeout"], "30s");
    assert_eq!(settings["vendors"]["autocalls"]["token"], "[redacted]");
    assert_eq!(settings["admin"]["token"], "[redacted]");
    assert_eq!(settings["clients"]["crm"]["callback"]["secret"], serde_json::json!(["[redacted]"]));
    assert_eq!(settings["clients"]["crm"]["callback"]["url"], "https://crm.example/hooks/switchboard");
    assert_eq!(settings["store"]["encryption_key"], serde_json::json!(["[redacted]"]));
    assert_eq!(settings["store"]["kind"], "sqlite");
    assert_eq!(settings["queue"]["max_age"], "1day");
    assert_eq!(settings["admin"]["metrics_token"], "[redacted]");
    assert_eq!(settings["traces"]["headers"]["x-api-key"], "[redacted]");
    assert_eq!(settings["traces"]["endpoint"], "http://127.0.0.1:4318");
    assert_eq!(settings["clients"]["crm"]["key_sha256"][0], "00000000…");
    assert_eq!(settings["clients"]["crm"]["rate_limit"]["per_second"], 50);
    assert_eq!(settings["vendors"]["autocalls"]["handling"], "strict");
    assert_eq!(settings["vendors"]["autocalls"]["fields"]["folder_id"], "drop");
    assert_eq!(settings["clients"]["crm"]["handling"], "lenient");
    assert!(!settings.to_string().contains("1|abc"));
    assert!(!settings.to_string().contains("BEGIN"));
    assert!(!settings.to_string().contains("Key+") && !settings.to_string().contains("hush"));
}

/// Every key that the file writes is found again under the name that operators see. Three are not among its lines, besides
/// those of the two accounts that show only what their dialects have of their own.
#[test]
fn what_a_file_sets_has_its_place_in_the_file() {
    let settings = everything("sqlite").settings();
    let listed = settings.origins.settings(&settings.redacted());
    let unset = |value: &Value| value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
    let is_partial = |key: &str| key.starts_with("vendors.elevenlabs-eu.") || key.starts_with("vendors.retell-eu.");
    let (partial, whole): (Vec<_>, Vec<_>) = listed.iter().partition(|setting| is_partial(&setting.key));
    let written = partial.iter().filter(|setting| setting.origin != Origin::Default).map(|setting| &*setting.key);
    assert_eq!(
        written.collect::<Vec<_>>(),
        [
            "vendors.elevenlabs-eu.dialect",
            "vendors.elevenlabs-eu.token",
            "vendors.elevenlabs-eu.branch",
            "vendors.retell-eu.dialect",
            "vendors.retell-eu.token",
            "vendors.retell-eu.publish",
        ]
    );
    let defaults = whole.iter().filter(|setting| setting.origin == Origin::Default && !unset(&setting.value));
    let defaults: Vec<_> = defaults.map(|setting| &*setting.key).collect();
    assert_eq!(defaults, ["server.admin_tls.min_version", "vendors.autocalls.publish", "cluster.session_ttl"]);
    let secrets = listed.iter().filter(|setting| setting.value == "[redacted]" && setting.reads.is_none());
    assert_eq!(secrets.map(|setting| &*setting.key).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_schema_knows_types_defaults_and_names() {
    let schema = schema();
    let server = &schema["properties"]["server"];
    assert_eq!(server["additionalProperties"], false);
    assert_eq!(server["properties"]["max_in_flight"]["default"], 1024);
    let vendor = &schema["properties"]["vendors"]["additionalProperties"];
    assert_eq!(vendor["required"], serde_json::json!(["token"]));
    assert_eq!(vendor["properties"]["dialect"]["enum"][6], "sondos");
    let names = &schema["properties"]["assistants"]["propertyNames"];
    assert_eq!(names["pattern"], "^[a-z][a-z0-9._-]{0,127}$");
}
