//! Whole loads, from texts and variables to settings or rendered problems.

mod callbacks;
mod clients;
mod layers;
mod messages;
mod names;
mod postgres;
mod routes;
mod samples;
mod scale;
mod secrets;
mod store;
mod telemetry;
mod vendors;

use std::path::PathBuf;

use super::{Environment, Problems, Settings, load};

/// A folder with a configuration in it.
struct Setup {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Setup {
    fn new(config: &str) -> Self {
        let setup = Self { folder: tempfile::tempdir().expect("a folder"), variables: Vec::new() };
        setup.file("c.toml", config)
    }

    fn file(self, name: &str, content: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, content).expect("written");
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Result<Settings, Problems> {
        let token = ("T".to_owned(), "1|abc".to_owned());
        let environment: Environment = self.variables.iter().cloned().chain([token]).collect();
        load(Some(&self.path("c.toml")), &environment)
    }

    fn settings(&self) -> Settings {
        match self.load() {
            Ok(settings) => settings,
            Err(problems) => panic!("{problems}"),
        }
    }

    /// The rendered errors, the folder left out of the paths.
    fn errors(&self) -> String {
        match self.load() {
            Ok(settings) => panic!("loaded: {settings:#?}"),
            Err(problems) => self.render(problems.errors()),
        }
    }

    fn warnings(&self) -> String {
        self.render(self.settings().warnings.warnings())
    }

    fn render<'p>(&self, problems: impl Iterator<Item = &'p super::Problem>) -> String {
        let rendered: Vec<String> = problems.map(ToString::to_string).collect();
        let folder = format!("{}/", self.folder.path().display());
        rendered.join("\n").replace(&folder, "")
    }
}

/// The files that a watcher has to watch.
fn paths(settings: &Settings) -> Vec<PathBuf> {
    settings.files.iter().map(|file| file.path().to_owned()).collect()
}

/// A certificate and its key, as PEM.
fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Compares line by line, so that a difference is easy to find.
#[track_caller]
fn assert_text(actual: &str, expected: &str) {
    let expected = expected.trim_matches('\n');
    assert!(actual == expected, "\n--- actual\n{actual}\n--- expected\n{expected}");
}
