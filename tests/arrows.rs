//! Which rooms may know of which: the configuration's types stay with those who compose, and telemetry knows none of
//! the sources of its events.

#[cfg(test)]
mod arrows {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Every source file of the gateway, by its path below `src`, with what comes before its tests.
    fn sources() -> Vec<(String, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut folders, mut found) = (vec![root.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            for path in entries {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("\n#[cfg(test)]\n").next().unwrap().to_owned();
                    found.push((path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), code));
                }
            }
        }
        found
    }

    /// What follows `crate::` in code, up to the end of the path.
    fn uses(code: &str) -> impl Iterator<Item = &str> {
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| line.split("crate::").skip(1))
            .map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap())
    }

    /// The uses of files below `room` that none of `allowed` covers.
    fn strangers(room: &str, allowed: &[&str]) -> Vec<String> {
        let inside = |path: &str| path.strip_prefix(room).is_some_and(|rest| rest.starts_with(['/', '.']));
        let files: Vec<_> = sources().into_iter().filter(|(path, _)| inside(path)).collect();
        assert!(!files.is_empty(), "{room}");
        let covered = |used: &str| {
            allowed
                .iter()
                .any(|&room| used.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
        };
        let of = |(path, code): &(String, String)| {
            uses(code).filter(|used| !covered(used)).map(|used| format!("{path}: {used}")).collect::<Vec<_>>()
        };
        files.iter().flat_map(of).collect()
    }

    #[test]
    fn only_those_who_compose_know_the_configuration() {
        let composers = ["config/", "cli/", "verify/", "gateway/build", "reload", "app.rs"];
        let others = sources().into_iter().filter(|(path, _)| !composers.iter().any(|room| path.starts_with(room)));
        let knowing: Vec<_> = others
            .filter(|(_, code)| uses(code).any(|used| used.split(':').next() == Some("config")))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(knowing, <[String; 0]>::default());
    }

    #[test]
    fn telemetry_knows_problems_and_the_words_that_every_room_shares_and_nothing_else() {
        let shared =
            ["telemetry", "value", "edge::problem", "edge::traceparent", "edge::tracestate", "edge::request_id"];
        assert_eq!(strangers("telemetry", &shared), <[String; 0]>::default());
    }

    #[test]
    fn neither_sockets_nor_vendors_know_telemetry() {
        for (room, allowed) in [("edge", &["edge", "value"][..]), ("upstream", &["upstream", "edge", "value"])] {
            assert_eq!(strangers(room, allowed), <[String; 0]>::default());
        }
    }
}
