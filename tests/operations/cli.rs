//! The real binary: the output and the exit code of each command.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::raw::{self, RawReply};

fn switchboard(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(args).env_remove("SWITCHBOARD_CONFIG").env("NO_COLOR", "1").current_dir(std::env::temp_dir());
    command
}

fn run(args: &[&str]) -> Output {
    switchboard(args).stdin(Stdio::null()).output().unwrap()
}

fn fed(args: &[&str], input: &str) -> Output {
    let mut command = switchboard(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A command that runs until it is stopped; it is killed if the test fails first.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Everything up to the first line that holds `mark`, that line included.
    fn until(&mut self, mark: &str) -> String {
        let mut text = String::new();
        loop {
            let before = text.len();
            let count = self.lines.read_line(&mut text).unwrap();
            assert!(count > 0, "it ended without `{mark}`: {text}");
            if text[before..].contains(mark) {
                return text;
            }
        }
    }

    /// Sends SIGTERM, waits for the process to exit and returns its exit code.
    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Different free ports, released just before the command binds them.
fn ports<const N: usize>() -> [SocketAddr; N] {
    let taken: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    std::array::from_fn(|index| taken[index].local_addr().unwrap())
}

fn ask(address: SocketAddr, request: &str) -> RawReply {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(raw::exchange(address, request.as_bytes()))
}

fn get(address: SocketAddr, path: &str) -> RawReply {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"))
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> RawReply {
    let length = body.len();
    ask(
        address,
        &format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ),
    )
}

#[test]
fn each_command_explains_itself() {
    let commands = [
        "demo", "serve", "simulate", "check", "explain", "coverage", "compare", "keygen", "health", "queue", "history",
    ];
    let whole = run(&["--help"]);
    assert_eq!(whole.status.code(), Some(0));
    for command in commands {
        assert!(out(&whole).contains(&format!("  {command} ")), "{command}: {}", out(&whole));
        let help = run(&[command, "--help"]);
        assert_eq!(help.status.code(), Some(0));
        let text = out(&help);
        assert!(text.contains("Usage: switchboard") && text.contains(command), "{text}");
        assert!(help.stderr.is_empty());
    }
    let version = run(&["--version"]);
    assert_eq!(out(&version), concat!("switchboard ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let lines: [&[&str]; 9] = [
        &[],
        &["frobnicate"],
        &["serve", "--nonsense"],
        &["explain"],
        &["compare", "sondos"],
        &["coverage", "--format", "xml"],
        &["simulate", "sondos"],
        &["simulate", "sondos", "--listen", "127.0.0.1:0", "--fault", "explode"],
        &["demo", "--once", "--listen", "127.0.0.1:0"],
    ];
    for line in lines {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {}", err(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn the_demonstration_shows_one_update_becoming_five_requests() {
    let output = run(&["demo", "--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal");
    assert!(text.contains("One canonical update goes in:"));
    for vendor in simulators::NAMES {
        let part = text.split(&format!("── {vendor} ──")).nth(1).unwrap();
        let part = part.split("── ").next().unwrap();
        assert!(part.contains("the vendor received  PUT /api/user/assistant/789"), "{part}");
        assert!(part.contains(&format!("authorization: Bearer sim-{vendor}")), "{part}");
        assert!(part.contains("the caller got back  200 OK"), "{part}");
        assert!(part.contains(&format!("\"vendor\": \"{vendor}\"")), "{part}");
        assert!(part.contains("1.10"), "numbers keep their text: {part}");
    }
    let sondos = text.split("── sondos ──").nth(1).unwrap();
    for wire in
        ["\"assistant_name\"", "\"calls_direction\": \"make\"", "\"who_speaks_first\": \"Customer\"", "end_call_tool"]
    {
        assert!(sondos.contains(wire), "{wire}: {sondos}");
    }
    assert!(sondos.contains("switchboard-dropped: ambient_sound"), "{sondos}");
}

/// One printed curl line as `(method, url, headers, body)`, read as a shell reads it.
fn curl(line: &str) -> (String, String, String, String) {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.replace("\\\n", " ").chars() {
        match c {
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut method, mut url, mut headers, mut body) = ("GET".to_owned(), String::new(), String::new(), String::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => method = words.next().unwrap(),
            "-H" => headers = headers + &words.next().unwrap() + "\r\n",
            "-d" => body = words.next().unwrap(),
            _ => url = word,
        }
    }
    (method, url, headers, body)
}

#[test]
fn the_demonstration_serves_and_its_printed_commands_work() {
    let [listen, admin] = ports();
    let mut demo = Running::start(&mut switchboard(&[
        "demo",
        "--listen",
        &listen.to_string(),
        "--admin-listen",
        &admin.to_string(),
    ]));
    let text = demo.until("In a browser: ");
    let lines: Vec<_> = text.replace("\\\n", "\\\u{0}").lines().map(|line| line.replace('\u{0}', "\n")).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line.starts_with("curl ")).map(|line| curl(line)).collect();
    assert!(lines.len() >= 6, "{text}");
    let mut statuses = Vec::new();
    for (method, url, headers, body) in lines {
        let rest = url.strip_prefix("http://").unwrap();
        let (address, path) = rest.split_at(rest.find('/').unwrap());
        let reply = send(address.parse().unwrap(), &method, path, &headers, &body);
        let _json: Value = reply.json();
        statuses.push(reply.status);
    }
    assert_eq!(
        statuses,
        [200, 200, 422, 202, 200, 200, 200, 200, 200],
        "the third shows refusals, the fourth is for later"
    );
    let console = text.split("The console: http://").nth(1).unwrap().split_once('/').unwrap().0;
    let overview = get(console.parse().unwrap(), "/console/");
    assert_eq!((overview.status, overview.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let people = text.split("In a browser: http://").nth(1).unwrap().trim();
    let docs = get(people.split_once('/').unwrap().0.parse().unwrap(), "/docs");
    assert_eq!((docs.status, docs.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(demo.terminate(), Some(0));
}

#[test]
fn a_demonstration_on_a_taken_port_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let output = run(&["demo", "--listen", &listen, "--admin-listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(&listen) && err(&output).contains("--listen"), "{}", err(&output));
}

fn written(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn config(listen: &str, admin: &str, vendor: &str) -> String {
    format!(
        "[server]\nlisten = \"{listen}\"\nadmin_listen = \"{admin}\"\n[auth]\nmode = \"keys\"\n\
             [clients.crm]\nkey_sha256 = \"{}\"\n\
             [vendors.sondos]\nbase_url = \"{vendor}\"\ntoken = {{ env = \"SONDOS_TOKEN\" }}\n\
             [assistants.sales-bot]\nvendor = \"sondos\"\nid = \"789\"\n",
        hex(&Sha256::digest(b"sb_test"))
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn simulate_serve_and_health_work_together_and_end_on_sigterm() {
    let mut vendor =
        Running::start(&mut switchboard(&["simulate", "sondos", "--listen", "127.0.0.1:0", "--token", "tok"]));
    let line = vendor.until("listens at");
    let base = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(',');
    assert!(line.contains("tok"), "{line}");

    let directory = tempfile::tempdir().unwrap();
    let [listen, admin] = ports();
    let file = written(directory.path(), "gateway.toml", &config(&listen.to_string(), &admin.to_string(), base));
    let mut command = switchboard(&["serve", "--config", file.to_str().unwrap()]);
    let mut command = command.env("SONDOS_TOKEN", "tok").stderr(Stdio::piped());
    command = command.env("SWITCHBOARD_LOG__FORMAT", "json");
    let mut gateway = Running::start(command);
    let mut log = BufReader::new(gateway.child.stderr.take().unwrap());
    let mut first = String::new();
    // The line comes once both listeners accept; it goes to one of the two streams.
    let log_to_stderr = log.read_line(&mut first).unwrap() > 0;
    assert!(log_to_stderr && first.contains("listening"), "{first}");

    let health = |url: &str| run(&["health", "--url", url]);
    for path in ["livez", "readyz"] {
        let output = health(&format!("http://{admin}/{path}"));
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    }
    let nothing = health(&format!("http://{admin}/nothing"));
    assert_eq!(nothing.status.code(), Some(1));
    assert!(out(&nothing).ends_with("/nothing answered 404 Not Found\n"), "{}", out(&nothing));
    // The API is not the admin listener, and both commands say so in the same words.
    for command in ["health", "status"] {
        let api = run(&[command, "--url", &listen.to_string()]);
        assert_eq!(api.status.code(), Some(1), "{command}");
        let said = "it is a gateway's API, or an older gateway; administration is at `server.admin_listen`";
        assert!(err(&api).contains(said), "{command}: {}", err(&api));
    }

    let authorized = "content-type: application/json\r\nauthorization: Bearer sb_test\r\n";
    let reply = send(listen, "PUT", "/v1/assistants/sales-bot", authorized, r#"{"name":"Night desk"}"#);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["data"]["name"], "Night desk");
    assert_eq!(get(listen, "/v1/vendors").status, 401);

    assert_eq!(gateway.terminate(), Some(0));
    let mut rest = first;
    log.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("\"tok\"") && !rest.contains("Bearer tok") && !rest.contains("sb_test"), "{rest}");
    let gone = run(&["health", "--url", &format!("http://{admin}/livez"), "--timeout", "1"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(err(&gone).contains("does not answer"), "{}", err(&gone));
    assert_eq!(vendor.terminate(), Some(0));
}

#[test]
fn a_simulator_applies_the_faults_of_its_command_line() {
    let mut vendor = Running::start(&mut switchboard(&[
        "simulate",
        "famulor",
        "--listen",
        "127.0.0.1:0",
        "--fault",
        "status=503*1",
        "--strict",
    ]));
    let line = vendor.until("listens at");
    assert!(line.contains("sim-famulor"), "{line}");
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let headers = "content-type: application/json\r\naccept: application/json\r\nauthorization: Bearer sim-famulor\r\n";
    let update = || send(address, "PUT", "/api/user/assistant/1", headers, r#"{"name":"x"}"#).status;
    assert_eq!((update(), update()), (503, 200));
    assert_eq!(vendor.terminate(), Some(0));
    let unknown = run(&["simulate", "nobody", "--listen", "127.0.0.1:0"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("sondos"), "the vendors there are: {}", err(&unknown));
}

#[test]
fn a_vendor_with_an_api_of_its_own_is_simulated_at_its_origin() {
    for name in simulators::FAMILIES {
        let mut vendor = Running::start(&mut switchboard(&["simulate", name, "--listen", "127.0.0.1:0"]));
        let line = vendor.until("listens at");
        let base = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(',');
        assert!(line.contains(&format!("sim-{name}")), "{line}");
        let address = base.strip_prefix("http://").unwrap().parse().expect("an origin without a path");
        assert_eq!(send(address, "GET", "/nothing", "", "").status, 404, "{name}");
        assert_eq!(vendor.terminate(), Some(0));
    }
}

#[test]
fn check_confirms_a_configuration_or_lists_every_problem() {
    let directory = tempfile::tempdir().unwrap();
    let good = written(directory.path(), "good.toml", &config("127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1:1/api"));
    let check = |file: &Path| {
        let mut command = switchboard(&["check", "--config", file.to_str().unwrap()]);
        command.env("SONDOS_TOKEN", "tok").output().unwrap()
    };
    let output = check(&good);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output), "configuration is valid: 1 vendor, 1 named assistant, 1 client\n");
    assert_eq!(err(&output), format!("read {}\n", good.display()));

    let bad = "[server]\nlisten = \"nowhere\"\nmax_body_bite = 1\n[auth]\nmode = \"keys\"\n\
                   [vendors.sondos]\ntoken = { env = \"UNSET_TOKEN\" }\nhandling = \"loose\"\n\
                   [assistants.sales-bot]\nvendor = \"sondoss\"\nid = \"789\"\n[routing]\ndefault_vendor = \"nobody\"\n";
    let bad = written(directory.path(), "bad.toml", bad);
    let output = check(&bad);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    for part in ["listen", "max_body_bytes", "UNSET_TOKEN", "loose", "sondoss", "nobody", "bad.toml:3", "bad.toml:7"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(output.stdout.is_empty());
    for missing in [directory.path().join("missing.toml"), directory.path().to_owned()] {
        let output = check(&missing);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        assert!(err(&output).contains(missing.to_str().unwrap()), "{}", err(&output));
    }
    let serve = switchboard(&["serve", "--config", bad.to_str().unwrap()]).output().unwrap();
    assert_eq!((serve.status.code(), err(&serve)), (Some(1), text), "serve refuses what check refuses");
    let schema: Value = serde_json::from_slice(&run(&["check", "--schema"]).stdout).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
}

const UPDATE: &str =
    r#"{"name":"x","type":"inbound","speech_speed":0.70,"min_interrupt_words":null,"ringing_time":20}"#;

#[test]
fn explain_prints_the_wire_body_or_what_happens_to_each_field() {
    let body = fed(&["explain", "sondos", "--handling", "lenient", "--format", "body"], UPDATE);
    assert_eq!(body.status.code(), Some(0), "{}", err(&body));
    let wire =
        r#"{"assistant_name":"x","calls_direction":"receive","speech_speed":0.70,"use_min_interrupt_words":false}"#;
    assert_eq!(out(&body), format!("{wire}\n"));

    let text = fed(&["explain", "sondos", "-", "--handling", "lenient", "--id", "12"], UPDATE);
    let shown = out(&text);
    for part in [
        "PUT https://app.sondos-ai.com/api/user/assistant/12",
        wire,
        "renamed to assistant_name",
        "calls_direction",
        "dropped",
        "ringing_time",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = written(directory.path(), "update.json", UPDATE);
    let path = file.to_str().unwrap();
    assert_eq!(out(&run(&["explain", "sondos", path, "--handling", "lenient", "--format", "body"])), out(&body));
}

#[test]
fn explain_says_what_goes_to_another_object_than_the_assistant() {
    let shown = out(&fed(&["explain", "elevenlabs"], r#"{"name":"x","phone_number_id":"phnum_1"}"#));
    assert!(
        shown.contains("{\"name\":\"x\"}\n") && shown.contains("given to the phone number, as agent_id"),
        "{shown}"
    );
    let alone = out(&fed(&["explain", "elevenlabs"], r#"{"phone_number_id":"phnum_1"}"#));
    assert!(alone.contains("Nothing is sent to the assistant itself.") && !alone.contains("PATCH"), "{alone}");
}

#[test]
fn explain_refuses_what_the_gateway_would_refuse() {
    let refused = fed(&["explain", "sondos"], UPDATE);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty() && err(&refused).contains("#/ringing_time"), "{}", err(&refused));
    assert!(err(&refused).contains("unsupported_field"));
    let broken = fed(&["explain", "sondos"], "{");
    assert_eq!(broken.status.code(), Some(1));
    assert!(err(&broken).contains("not valid JSON"), "{}", err(&broken));
    // It exits before it reads its input, so there must be no writer.
    let unknown = run(&["explain", "nobody"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("gloriagent"), "{}", err(&unknown));
    assert_eq!(fed(&["explain", "sondos", "--id", "../x"], "{}").status.code(), Some(1));
    let missing = run(&["explain", "sondos", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(err(&missing).contains("/no/such/file"));
}

#[test]
fn explain_shows_operators_the_line_that_adds_a_name() {
    for (update, line) in [
        (r#"{"language_id":404}"#, r#"write "404" = "<name>" under [vendors.sondos.catalog.languages]"#),
        ("\u{feff}{\"voice\":\"Bertold\"}", r#"write "<id>" = "Bertold" under [vendors.sondos.catalog.voices]"#),
        (r#"{"language":"ko"}"#, r#"write "<id>" = "Korean" under [vendors.sondos.catalog.languages]"#),
    ] {
        let refused = fed(&["explain", "sondos"], update);
        assert!(err(&refused).contains(line), "{}", err(&refused));
    }
}

#[test]
fn explain_uses_the_catalogs_and_policies_of_a_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let text = config("127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1:1/api")
        + "[vendors.sondos.catalog.languages]\n\"4\" = \"German\"\n[vendors.sondos.fields]\nringing_time = \"drop\"\nambient_sound = \"send\"\n";
    let file = written(directory.path(), "gateway.toml", &text);
    let mut command = switchboard(&["explain", "sondos", "--format", "body", "--config", file.to_str().unwrap()]);
    let update = written(directory.path(), "update.json", r#"{"language_id":4,"ringing_time":9}"#);
    let output = command.arg(&update).env("SONDOS_TOKEN", "tok").output().unwrap();
    assert_eq!(out(&output), "{\"language\":\"German\"}\n", "{}", err(&output));

    let mut command = switchboard(&["explain", "sondos", "--config", file.to_str().unwrap()]);
    let output = command.arg(&update).env("SONDOS_TOKEN", "tok").output().unwrap();
    let first = "PUT http://127.0.0.1:1/api/user/assistant/789\n";
    assert!(out(&output).starts_with(first), "{}{}", out(&output), err(&output));

    let update = written(directory.path(), "update.json", r#"{"ambient_sound":"office"}"#);
    let mut command = switchboard(&["explain", "sondos", "--config", file.to_str().unwrap()]);
    let output = command.arg(&update).env("SONDOS_TOKEN", "tok").output().unwrap();
    let sent = "sent although Sondos does not document this field\n";
    assert!(out(&output).contains(sent), "{}{}", out(&output), err(&output));
}

#[test]
fn a_policy_for_a_field_by_name_covers_it_by_id() {
    let directory = tempfile::tempdir().unwrap();
    let update = written(directory.path(), "update.json", r#"{"language_id":4,"name":"x"}"#);
    for fields in ["language = \"drop\"", "language_id = \"drop\""] {
        let text = config("127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1:1/api");
        let text = format!(
            "{text}[vendors.sondos.catalog.languages]\n\"4\" = \"German\"\n[vendors.sondos.fields]\n{fields}\n"
        );
        let file = written(directory.path(), "gateway.toml", &text);
        let mut command = switchboard(&["explain", "sondos", "--format", "body", "--config", file.to_str().unwrap()]);
        let output = command.arg(&update).env("SONDOS_TOKEN", "tok").output().unwrap();
        assert_eq!(out(&output), "{\"assistant_name\":\"x\"}\n", "{fields}: {}", err(&output));
    }
}

#[test]
fn coverage_is_printed_as_table_markdown_and_json() {
    let table = run(&["coverage"]);
    let markdown = run(&["coverage", "--format", "markdown"]);
    let json: Value = serde_json::from_slice(&run(&["coverage", "--format", "json"]).stdout).unwrap();
    for text in [out(&table), out(&markdown)] {
        for word in simulators::NAMES.into_iter().chain(["ambient_sound", "assistant_name"]) {
            assert!(text.contains(word), "{word}: {text}");
        }
        for field in vendors::Field::ALL {
            assert!(text.contains(field.name()), "{}", field.name());
        }
    }
    assert!(out(&markdown).contains("|---") || out(&markdown).contains("| ---"));
    assert_eq!(json["fields"].as_array().unwrap().len(), vendors::Field::ALL.len());
}

#[test]
fn coverage_fits_the_terminal_and_names_every_field() {
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
    let cut = |columns: &str| out(&switchboard(&["coverage"]).env("COLUMNS", columns).output().unwrap());
    let whole = out(&switchboard(&["coverage"]).env_remove("COLUMNS").output().unwrap());
    for (columns, limit) in [("60", 60), ("80", 80), ("160", 160)] {
        let text = cut(columns);
        assert!(widest(&text) <= limit, "{text}");
        assert_eq!(text.lines().count(), vendors::Field::ALL.len() + 1, "a line for each field: {text}");
        for (line, field) in text.lines().skip(1).zip(vendors::Field::ALL) {
            assert_eq!(line.split_whitespace().next(), Some(field.name()), "{text}");
        }
    }
    assert!(cut("80").contains('…') && !cut("80").starts_with("field  type") && !whole.contains('…'));
    assert_eq!((cut("2000"), cut("0")), (whole.clone(), whole), "columns are cut only where they do not fit");
}

#[test]
fn coverage_shows_chosen_vendors_and_fields() {
    let table = out(&run(&["coverage", "sondos", "famulor", "--differs", "--field", "voice*", "--field", "mode"]));
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["field", "type", "sondos", "famulor"]);
    let names: Vec<_> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["mode", "voice_mail_message"], "{table}");
    let json = run(&["coverage", "sondos", "--field", "mode", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["vendors"], serde_json::json!(["sondos"]));
    assert_eq!(json["fields"].as_array().unwrap().len(), 1);
    assert_eq!(run(&["coverage", "nobody"]).status.code(), Some(1));
    for (pattern, said) in [
        ("nmae", "error: no field matches `nmae`; did you mean `name`?\n"),
        ("zzz*", "error: no field matches `zzz*`; `switchboard coverage` lists all fields\n"),
    ] {
        let typo = run(&["coverage", "--field", "voice*", "--field", pattern]);
        assert_eq!((typo.status.code(), &*err(&typo), &*out(&typo)), (Some(1), said, ""), "{pattern}");
    }
}

#[test]
fn compare_says_each_sentence_once_and_wraps_it() {
    let text = out(&switchboard(&["compare", "autocalls", "sondos"]).env("COLUMNS", "60").output().unwrap());
    assert_eq!(text.matches("Sondos does not document this field.").count(), 1, "{text}");
    assert!(text.lines().skip(1).all(|line| line.chars().count() <= 60 || line.starts_with("To be")), "{text}");
    assert!(text.contains("\n      One tool of type `end_call`"), "{text}");
    assert!(text.contains("\n      most 500 characters"), "the second line hangs: {text}");
    let document: Value =
        serde_json::from_slice(&run(&["compare", "autocalls", "sondos", "--format", "json"]).stdout).unwrap();
    let losses = document["lost"].as_array().unwrap();
    assert!(text.contains(&format!("from Autocalls to Sondos: {}", losses.len())), "{text}");
    assert!(losses.iter().all(|loss| loss["field"].is_string() && loss["detail"].is_string()));
    assert_eq!((&document["from"], &document["to"]), (&Value::from("autocalls"), &Value::from("sondos")));
    assert!(document["look_up_again"].as_array().unwrap().contains(&Value::from("voice_id")));
    let update = fed(&["compare", "sondos", "autocalls", "-", "--format", "json"], r#"{"ambient_sound":"office"}"#);
    let document: Value = serde_json::from_slice(&update.stdout).unwrap();
    assert_eq!(document["gained"], serde_json::json!(["#/ambient_sound"]));
}

#[test]
fn compare_lists_the_fields_that_a_move_would_lose() {
    let output = run(&["compare", "autocalls", "sondos"]);
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    for part in ["from Autocalls to Sondos", "ambient_sound", "max_silence_duration", "mode", "Gained: 0", "voice_id"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(out(&run(&["compare", "sondos", "autocalls"])).contains("from Sondos to Autocalls: 0"));
    assert_eq!(run(&["compare", "autocalls", "nobody"]).status.code(), Some(1));
}

#[test]
fn a_client_with_a_key_from_keygen_is_authenticated() {
    let output = run(&["keygen", "crm"]);
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    let key = text.lines().find(|line| line.starts_with("sb_")).unwrap();
    let table = text.split("[clients.crm]").nth(1).unwrap().trim();
    assert_eq!(table, format!("key_sha256 = \"{}\"", hex(&Sha256::digest(key.as_bytes()))));
    assert_ne!(out(&run(&["keygen", "crm"])), text, "each key is another one");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let extra = format!("[auth]\nmode = \"keys\"\n[clients.crm]\n{table}\n");
        let stage = crate::support::Stage::with(&extra).await;
        let authorization = format!("Bearer {key}");
        let reply = stage.put_with("sondos:1", &[("authorization", &authorization)], "{}").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(stage.put("sondos:1", "{}").await.status, 401);
        stage.stop().await;
    });
    assert!(out(&run(&["keygen", "crm.eu"])).contains("[clients.\"crm.eu\"]\n"));
    for bad in ["", "CRM", "a b", "1crm", "crm\n", &"a".repeat(65)] {
        assert_eq!(run(&["keygen", bad]).status.code(), Some(1), "{bad:?}");
    }
}

#[test]
fn a_key_for_a_store_goes_with_the_lines_that_keygen_prints() {
    let output = run(&["keygen", "--store"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    let key = text.lines().find(|line| line.len() == 44 && line.ends_with('=')).unwrap();
    let (_, lines) = text.split_once("[store]").unwrap();
    assert_ne!(out(&run(&["keygen", "--store"])), text, "each key is another one");
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = {{ env = \"T\" }}\n[store]{lines}");
    std::fs::write(folder.path().join("switchboard.toml"), &config).unwrap();
    let check = |key: &str| {
        let mut command = switchboard(&["check", "--config", "switchboard.toml"]);
        command.current_dir(folder.path()).env("T", "1|abc").env("SWITCHBOARD_STORE_KEY", key).output().unwrap()
    };
    let valid = check(key);
    assert_eq!(valid.status.code(), Some(0), "{}{}", out(&valid), err(&valid));
    // The name is left alone as well where nothing refers to it.
    std::fs::write(
        folder.path().join("switchboard.toml"),
        "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"T\" }\n",
    )
    .unwrap();
    let without = check(key);
    assert_eq!(without.status.code(), Some(0), "{}{}", out(&without), err(&without));
    std::fs::write(folder.path().join("switchboard.toml"), config).unwrap();
    let cut = check(&key[..40]);
    let said = out(&cut) + &err(&cut);
    assert_eq!(cut.status.code(), Some(1));
    assert!(said.contains("has 30 bytes instead of 32") && !said.contains(&key[..40]), "{said}");
    assert!(!folder.path().join("data").exists(), "a check makes nothing");
    for line in [&["keygen"][..], &["keygen", "crm", "--store"]] {
        assert_eq!(run(line).status.code(), Some(2), "{line:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_the_environment_sets_is_named_as_not_used_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("switchboard.toml"),
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let environment =
        [("HTTPS_PROXY", "http://user:secret@proxy:3128"), ("all_proxy", "socks5://p"), ("NO_PROXY", "x")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut process = crate::support::process::Process::serve(folder.path(), &environment).await;
    let line = process.logged("are not used").await;
    assert!(line.contains("HTTPS_PROXY, all_proxy") && !line.contains("secret"), "{line}");
    assert_eq!(process.lines("are not used"), 1);
}

#[test]
fn check_without_a_configuration_fails_and_names_the_file_that_lies_there() {
    let directory = tempfile::tempdir().unwrap();
    let check = |variables: &[(&str, &str)]| {
        let mut command = switchboard(&["check"]);
        command.current_dir(directory.path()).envs(variables.iter().copied()).output().unwrap()
    };
    let nothing = check(&[("SWITCHBOARD_ADMIN_PORT", "tcp://10.0.0.1:80")]);
    assert_eq!(nothing.status.code(), Some(1), "{}", out(&nothing));
    assert!(err(&nothing).contains("there is no configuration to check"), "{}", err(&nothing));
    written(directory.path(), "switchboard.toml", &config("127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1:1/api"));
    let beside = check(&[]);
    assert_eq!(beside.status.code(), Some(1));
    assert!(err(&beside).contains("add `--config switchboard.toml`"), "{}", err(&beside));
    let variables = check(&[("SWITCHBOARD_LOG__LEVEL", "info")]);
    assert_eq!(variables.status.code(), Some(0), "{}", err(&variables));
    assert!(err(&variables).contains("add `--config switchboard.toml`"), "{}", err(&variables));
}

#[test]
fn the_start_is_logged_whatever_the_filter_says_and_no_vendor_means_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let file = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\nfilter = \"off\"\n";
    let file = written(directory.path(), "gateway.toml", file);
    let mut gateway =
        Running::start(switchboard(&["serve", "--config", file.to_str().unwrap()]).stderr(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(gateway.child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["message"], &line["files"]), (&"listening".into(), &file.to_str().unwrap().into()), "{line}");
    let ready = get(line["admin"].as_str().unwrap().parse().unwrap(), "/readyz");
    assert_eq!((ready.status, &ready.json()["status"]), (503, &"no_vendors".into()));
    assert_eq!(gateway.terminate(), Some(0));
}

#[test]
fn a_port_that_is_taken_or_an_address_of_another_machine_comes_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (listen, help) in [
        (taken.local_addr().unwrap().to_string(), "another program listens there; `ss -ltnp"),
        ("192.0.2.1:8080".to_owned(), "this machine has no such address"),
    ] {
        let file = written(directory.path(), "c.toml", &config(&listen, "127.0.0.1:0", "http://127.0.0.1:1/api"));
        let mut command = switchboard(&["serve", "--config", file.to_str().unwrap()]);
        let output = command.env("SONDOS_TOKEN", "tok").stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(&listen) && err(&output).contains(help), "{}", err(&output));
    }
}
