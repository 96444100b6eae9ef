//! Configurations that are refused, with secrets where they do not belong.

use super::gateway::{Folder, Gateway, Log, Vendors};
use super::secret::core;

/// Mistakes, made in a configuration that is right otherwise: `SECRET` stands for a secret.
pub(crate) const MISTAKES: [&str; 39] = [
    "[vendors.x]\ndialect = \"sondos\"\ntoken = \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\ntokn = \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\napi_key = \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\npassword = 'SECRET'\n",
    "[vendors.x]\ndialect = \"sondos\"\n\"SECRET\" = 1\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = \"SECRET\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = SECRET\n",
    "[vendors.x]\ndialect = \"sondos\"\nkey = SECRET\n",
    "[vendors.x]\ndialect = \"sondos\"\nx = \"a\" \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\nSECRET\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"SECRET\" }\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { file = \"SECRET\" ]\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"SECRET\", file = \"SECRET\" }\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { value = \"SECRET\" }\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = [\"SECRET\"]\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = [\"SECRET\"] }\n",
    "[vendors.x]\ndialect = \"SECRET\"\ntoken = { env = \"PARROT_TOKEN\" }\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\nbase_url = \"https://user:SECRET@host/\"\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\nbase_url = \"https://host/?key=SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\nbase_url = \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\ntimeout = \"SECRET\"\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\nfields = { SECRET = \"drop\" }\n",
    "[vendors.x]\ndialect = \"sondos\"\ntoken = { env = \"PARROT_TOKEN\" }\nfields = { voice = \"SECRET\" }\n",
    "[vendors.SECRET]\ndialect = \"sondos\"\n",
    "[clients.x]\nkey_sha256 = \"SECRET\"\n",
    "[clients.x]\nkey_sha256 = [\"SECRET\"]\n",
    "[clients.x]\nkey = \"SECRET\"\n",
    "[clients.SECRET]\nkey_sha256 = 1\n",
    "[clients.\"SECRET?\"]\nkey_sha256 = 1\n",
    "[assistants.x]\nvendor = \"SECRET\"\nid = \"SECRET\"\n",
    "[[routing.rules]]\nassistant = \"*\"\nclient = \"SECRET\"\nvendor = \"SECRET\"\n",
    "[server.tls]\ncert = \"client.key\"\nkey = \"client.pem\"\n",
    "[server.tls]\ncert = \"server.pem\"\nkey = \"client.key\"\nclient_ca = \"client.key\"\n",
    "[admin]\ntoken = \"SECRET\"\n",
    "[traces.headers]\nx-api-key = \"SECRET\"\n",
    "[traces.headers]\nx-api-key = { value = \"SECRET\" }\n",
    "[traces.headers]\n\"x SECRET\" = { env = \"COLLECTOR_KEY\" }\n",
    "[traces]\nendpoint = \"http://user:SECRET@127.0.0.1:9\"\n",
    "[traces]\nendpoint = \"http://127.0.0.1:9/?key=SECRET\"\n",
];

/// A configuration with a mistake in the place of the section where it is made: what is given twice is a mistake, too, but
/// another one.
pub(crate) fn mistaken(good: &str, mistake: &str, secret: &str) -> String {
    let (section, mut inside) = (mistake.lines().next(), false);
    let kept = good.lines().filter(|line| {
        if line.starts_with('[') {
            inside = Some(*line) == section;
        }
        !inside
    });
    kept.chain(mistake.replace("SECRET", secret).lines()).map(|line| format!("{line}\n")).collect()
}

/// What people's credentials look like.
pub(crate) fn credentials() -> [String; 4] {
    let letters = core("a secret where it does not belong");
    [format!("12|{letters}"), format!("sb_{letters}"), letters.clone(), format!("cal_live_{}", &letters[..24])]
}

pub(crate) fn nowhere() -> Vendors {
    let port = ([127, 0, 0, 1], 9).into();
    Vendors { plain: port, secure: 9, closing: 9, collector: port }
}

#[tokio::test]
async fn a_refused_configuration_is_reported_without_its_secrets() {
    let mut folder = Folder::new();
    folder.canaries.bytes("a secret where it does not belong", core("a secret where it does not belong").as_bytes());
    let good = folder.configuration(&nowhere(), false);
    folder.write("switchboard.toml", &good);
    let mut gateway = Gateway::start(folder, Log::File).await;
    let token = gateway.folder.admin.clone();
    let reload = format!(
        "POST /admin/reload HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    let mistakes = || MISTAKES.iter().chain(MISTAKES.iter().rev());
    for (mistake, secret) in mistakes().zip(credentials().iter().cycle()) {
        gateway.folder.write("switchboard.toml", &mistaken(&good, mistake, secret));
        let answer = gateway.ask_admin(&reload).await;
        assert!(answer.starts_with("HTTP/1.1 422"), "{mistake}: {answer}");
    }
    gateway.ask_for_everything().await;
    for (file, content) in [("by_file.token", "two\nLINES"), ("server.key", "LINES"), ("admin.token", "LINES ü")] {
        gateway.folder.write("switchboard.toml", &good);
        gateway.folder.write(file, &content.replace("LINES", &credentials().join("\n")));
        gateway.ask_admin(&reload).await;
    }
    gateway.end().await;
}
