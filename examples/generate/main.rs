//! Writes the pages that are generated from the code: `cargo run --example generate`.
//!
//! With `--check` it writes nothing: it names stale files and exits with status 1, so that CI finds a forgotten page.
//! Generated pages are never edited by hand.

mod coverage;
mod dashboard;
mod errors;
mod exchange;
mod metrics;
mod routes;

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use vendors::document::vendor_markdown;
use vendors::registry::DIALECTS;

/// The error that prevents a page from being generated.
type Failure = Box<dyn Error>;

/// A file, relative to the repository, and its generated text.
struct Page {
    path: String,
    text: String,
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut out = io::stdout();
    match run(check, &mut out) {
        Ok(code) => code,
        Err(failure) => {
            let _unwritable = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = 0;
    for Page { path, text } in pages(root)? {
        let file = root.join(&path);
        if current(&file)? == text {
            continue;
        }
        stale += 1;
        if check {
            writeln!(out, "stale: {path}")?;
            continue;
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text)?;
        writeln!(out, "written: {path}")?;
    }
    if check && stale > 0 {
        writeln!(out, "run `cargo run --example generate`")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn pages(root: &Path) -> Result<Vec<Page>, Failure> {
    let page = |path: &str, text: String| Page { path: path.to_owned(), text };
    let readme = current(&root.join("README.md"))?;
    let dashboard = current(&root.join("deploy/grafana/switchboard.json"))?;
    let operating = current(&root.join("docs/operating.md"))?;
    let exchanges = exchange::Exchanges::run()?;
    let mut pages = vec![
        page("deploy/grafana/switchboard.json", dashboard::renewed(&dashboard)?),
        page("docs/coverage.md", coverage::page()),
        page("docs/errors.md", errors::page()),
        page("docs/exchanges.md", exchanges.page()),
        page("docs/metrics.md", metrics::page()),
        page("docs/operating.md", routes::within_operating(&operating)?),
        page("README.md", routes::within_readme(&exchanges.within(&readme)?)?),
    ];
    pages.extend(
        DIALECTS.iter().map(|dialect| page(&format!("docs/vendors/{}.md", dialect.name), vendor_markdown(dialect))),
    );
    Ok(pages)
}

/// `page` with `text` between its two marks, which are whole lines.
fn replace_between(page: &str, begin: &str, end: &str, text: &str) -> Result<String, Failure> {
    let lacking = || format!("a page lacks the line {}", begin.trim());
    let (before, rest) = page.split_once(begin).ok_or_else(lacking)?;
    let (_, after) = rest.split_once(end).ok_or_else(lacking)?;
    Ok(format!("{before}{begin}\n{text}\n{end}{after}"))
}

/// The text of a file; empty if it does not exist yet.
fn current(file: &Path) -> Result<String, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}
