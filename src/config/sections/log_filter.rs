//! `log.filter`: which targets it may name, and whether it lets any line of the gateway through.

use vendors::nearest;

use crate::config::validate::problem::ProblemKind;
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

use super::log::LEVELS;

const CRATE: &str = "switchboard";

/// The rooms of this crate, and three targets that lines of several rooms share.
const ROOMS: &[&str] = &[
    "access",
    "account",
    "admin",
    "api",
    "app",
    "authentication",
    "cli",
    "config",
    "gateway",
    "http",
    "net",
    "problem",
    "reload",
    "routing",
    "start",
    "sharing",
    "store",
    "telemetry",
    "upstream",
    "value",
];

/// The modules in rooms that write lines; what is below them may be named too.
const MODULES: &[&str] = &[
    "account::catalog_reader",
    "account::catalogs",
    "admin::records::jobs",
    "account::drift",
    "api::endpoint",
    "api::exchange",
    "api::middleware",
    "api::records",
    "cli::commands",
    "cli::open_files",
    "cli::proxy_variables",
    "http::body",
    "net::connection",
    "net::listener",
    "net::signals",
    "reload::collector",
    "reload::watch",
    "sharing::catalogs",
    "sharing::desk",
    "store::postgres",
    "store::sqlite",
    "telemetry::append_file",
    "telemetry::audit",
    "telemetry::background_writer",
    "telemetry::log",
    "telemetry::metrics",
    "telemetry::traces",
    "upstream::breaker",
    "upstream::client",
    "upstream::detached",
    "upstream::layers",
    "upstream::retry",
    "upstream::stack",
];

/// The libraries that write lines, and the simulators of `switchboard demo`.
const LIBRARIES: &[&str] = &[
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "opentelemetry",
    "opentelemetry_http",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "rustls",
    "simulators",
    "tokio",
    "tokio_util",
    "tower",
    "tower_http",
];

/// One part of a filter, such as `info` or `switchboard::upstream=debug`.
struct Directive<'f> {
    /// `None` for all targets.
    target: Option<&'f str>,
    is_off: bool,
    /// Whether it applies within spans only, of which the gateway has none.
    in_spans: bool,
}

/// Reports targets that no line has, and a filter that silences the gateway. The filter has the right syntax.
pub(crate) fn check(filter: &str, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
    let directives: Vec<Directive<'_>> = parts(filter).map(Directive::of).collect();
    let mut unknown = false;
    for target in directives.iter().filter_map(|directive| directive.target).filter(|target| !is_target(target)) {
        unknown = true;
        let wrong = format_args!("names \"{target}\", which writes no lines");
        let diagnostic = reader.error("filter", ProblemKind::UnknownName, wrong);
        let otherwise = "write levels by module, as in \"info,switchboard::upstream=debug\"; the modules are those of \
                         `switchboard`, and libraries such as `hyper`, `h2` and `rustls`";
        let names = targets();
        let names = LEVELS.iter().copied().chain(names.iter().map(String::as_str));
        validator.report(diagnostic.nearest(nearest(target, names), otherwise));
    }
    if !unknown && !ROOMS.iter().any(|room| is_let_through(&directives, &format!("{CRATE}::{room}"))) {
        let wrong = "lets no line of the gateway through but the first";
        let help = "add a level for the gateway, as in \"switchboard=info\"";
        validator.report(reader.warning("filter", ProblemKind::Unused, wrong).help(help));
    }
}

/// The parts between commas; commas in braces separate the fields of a span.
fn parts(filter: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let parts = filter.split(move |character| {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

impl<'f> Directive<'f> {
    fn of(part: &'f str) -> Self {
        let is_level = |word: &str| {
            LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) || matches!(word.as_bytes(), [b'0'..=b'5'])
        };
        let span = part.find('[');
        let end = span.or_else(|| part.find('=')).unwrap_or(part.len());
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
        let target = part.get(..end).unwrap_or_default().trim();
        let is_for_all = target.is_empty() || end == part.len() && is_level(target);
        Self {
            target: (!is_for_all).then_some(target),
            is_off: level.eq_ignore_ascii_case("off") || level == "0",
            in_spans: span.is_some(),
        }
    }
}

/// Whether some line of the target is written: the directive with the longest target that it starts with decides.
fn is_let_through(directives: &[Directive<'_>], target: &str) -> bool {
    let fitting = directives.iter().filter(|directive| !directive.in_spans);
    let fitting = fitting.filter(|directive| directive.target.is_none_or(|named| target.starts_with(named)));
    // Of two for the same target the later one counts.
    let deciding = fitting.max_by_key(|directive| directive.target.map_or(0, str::len));
    // A more precise one may let some of the room's lines through.
    let within = directives.iter().any(|directive| {
        !directive.is_off && !directive.in_spans && directive.target.is_some_and(|named| named.starts_with(target))
    });
    within || deciding.is_some_and(|directive| !directive.is_off)
}

fn is_target(name: &str) -> bool {
    let Some(path) = name.strip_prefix(CRATE).and_then(|rest| rest.strip_prefix("::")) else {
        return name == CRATE || LIBRARIES.contains(&name.split("::").next().unwrap_or_default()) && is_path(name);
    };
    let in_module = |module: &&str| path.strip_prefix(*module).is_some_and(|rest| rest.starts_with("::"));
    ROOMS.contains(&path) || MODULES.contains(&path) || is_path(path) && MODULES.iter().any(in_module)
}

/// Whether it is written as modules are.
fn is_path(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    name.split("::").all(is_word)
}

/// All targets, for the nearest one.
fn targets() -> Vec<String> {
    let ours = ROOMS.iter().chain(MODULES).map(|path| format!("{CRATE}::{path}"));
    LIBRARIES.iter().map(|name| (*name).to_owned()).chain([CRATE.to_owned()]).chain(ours).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::sections::log_filter::*;

    #[test]
    fn every_module_that_writes_lines_is_a_target() {
        fn collect(folder: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, found);
                } else if path.file_name().is_some_and(|name| name != "tests.rs" && name != "main.rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap();
                    let levels = ["error!(", "warn!(", "info!(", "debug!(", "trace!(", "event!("];
                    if levels.iter().any(|level| code.contains(&format!("tracing::{level}"))) {
                        found.push(path.to_str().unwrap().to_owned());
                    }
                    let named = code.split("target: \"").skip(1).filter_map(|rest| rest.split('"').next());
                    found.extend(named.map(ToOwned::to_owned));
                }
            }
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        collect(&source, &mut found);
        assert!(found.len() > 10, "{found:?}");
        for line in found {
            let path = line.strip_prefix(source.to_str().unwrap()).unwrap_or(&line);
            let module = path.trim_end_matches(".rs").trim_end_matches("/mod").trim_matches('/').replace('/', "::");
            let target = if module.starts_with(CRATE) { module } else { format!("{CRATE}::{module}") };
            // Lines with a target of their own are in modules that may be in no list.
            let has_own = ["switchboard::access::failed_attempts"].contains(&target.as_str());
            assert!(has_own || is_target(&target), "{target} is missing here");
        }
    }

    #[test]
    fn parts_are_targets_and_levels() {
        let targets = |filter| parts(filter).filter_map(|part| Directive::of(part).target).collect::<Vec<_>>();
        assert_eq!(targets("info, Debug,5,off"), [""; 0]);
        assert_eq!(targets("warn,h2=info,switchboard"), ["h2", "switchboard"]);
        assert_eq!(targets("hello world!!"), ["hello world!!"]);
        assert_eq!(targets("tokio[span{a=1,b=2}]=debug,[x]=info"), ["tokio"]);
        assert!(is_target("switchboard::upstream::client::pool") && is_target("hyper::proto"));
        for wrong in
            ["switchbord", "switchboard::upstrem", "switchboard::upstream::retri", "switchboard::", "hyper ::x"]
        {
            assert!(!is_target(wrong), "{wrong}");
        }
    }
}
