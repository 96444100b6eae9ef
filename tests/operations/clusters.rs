//! `check` accepts the configurations for several gateways: those in deploy/, with the secrets that their pages make, and the example.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Where Kubernetes and Compose mount the secrets. Here they are in a folder beside the configuration.
const MOUNTED: &str = "/run/secrets/switchboard";
/// 32 bytes in base64.
const STORE_KEY: &str = "Key+Key+Key+Key+Key+Key+Key+Key+Key+Key+Kew=";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes the files into a folder, checks its switchboard.toml with these variables, and expects a store on PostgreSQL and nothing to
/// complain about.
#[track_caller]
fn is_accepted(files: &[(&str, &str)], variables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }
    let path = folder.path().join("switchboard.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    assert!(configuration.contains("kind = \"postgres\""));
    let mut check = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    check.arg("check").arg("--config").arg(path).env_clear().envs(variables.iter().copied());
    let output = check.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("warning:"), "{said}");
}

fn secrets(url: &str) -> [(&'static str, &str); 6] {
    [
        ("secrets/admin.token", "abc"),
        ("secrets/metrics.token", "def"),
        ("secrets/store.key", STORE_KEY),
        ("secrets/database.url", url),
        ("secrets/autocalls.token", "1|abc"),
        ("secrets/sondos.token", "1|abc"),
    ]
}

/// The URL that a page makes, with a password in place of what its shell inserts.
fn url_of(page: &str) -> String {
    let text = read(page);
    let url = &text[text.find("postgres://").unwrap()..];
    url[..url.find(['}', '\'']).unwrap()].replace("%s", "0123456789abcdef")
}

#[test]
fn the_configurations_for_kubernetes_compose_and_the_chart_are_accepted_with_the_secrets_of_their_pages() {
    let places = [
        ("deploy/kubernetes/config", "deploy/kubernetes/README.md"),
        ("deploy/helm/switchboard/files", "deploy/kubernetes/README.md"),
        ("deploy/compose/config", "deploy/compose/README.md"),
    ];
    for (folder, page) in places {
        let (url, assistants) = (url_of(page), read(&format!("{folder}/assistants.csv")));
        let configuration = read(&format!("{folder}/switchboard.toml")).replace(MOUNTED, "secrets");
        let own = [("switchboard.toml", &*configuration), ("assistants.csv", &*assistants)];
        is_accepted(&[&own[..], &secrets(&url)].concat(), &[]);
    }
}

#[test]
fn the_configuration_of_the_cluster_on_one_machine_is_accepted_with_what_its_script_sets() {
    let url = "postgres://switchboard:0123@/switchboard?host=/tmp/switchboard-cluster-0/postgres&sslmode=disable";
    let (configuration, digest) = (read("deploy/cluster/switchboard.toml"), "1".repeat(64));
    let variables = [
        ("SWITCHBOARD_SERVER__LISTEN", "127.0.0.1:8081"),
        ("SWITCHBOARD_SERVER__ADMIN_LISTEN", "127.0.0.1:9091"),
        ("SWITCHBOARD_CLIENTS__DEMO__KEY_SHA256", &*digest),
        ("SWITCHBOARD_VENDORS__SONDOS__BASE_URL", "http://127.0.0.1:7001/api"),
    ];
    is_accepted(&[&[("switchboard.toml", &*configuration)][..], &secrets(url)].concat(), &variables);
    let script = read("deploy/cluster/run");
    for (name, _) in variables {
        assert!(script.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn the_example_of_a_cluster_is_accepted() {
    let url = "postgres://switchboard:PASSWORD@db1,db2/switchboard?sslmode=verify-full&target_session_attrs=read-write";
    let configuration = read("config/cluster.example.toml");
    assert!(configuration.contains(url));
    let variables = [
        ("DATABASE_URL", url),
        ("SWITCHBOARD_STORE_KEY", STORE_KEY),
        ("ADMIN_TOKEN", "abc"),
        ("METRICS_TOKEN", "def"),
        ("AUTOCALLS_TOKEN", "1|abc"),
        ("SONDOS_TOKEN", "1|abc"),
    ];
    let assistants = read("config/assistants.example.csv").replace("famulor", "sondos").replace("gloriagent", "sondos");
    is_accepted(&[("switchboard.toml", &configuration), ("assistants.example.csv", &assistants)], &variables);
}
