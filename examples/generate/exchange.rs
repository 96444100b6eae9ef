//! The exchanges in the README: what `switchboard demo --once` sent and received, one fold per vendor.

use clap::Parser;
use switchboard::cli::Cli;
use vendors::json::{Limits, lay_out, read_object};
use vendors::registry::{DIALECTS, dialect};

use super::Failure;

const BEGIN: &str = "<!-- exchanges: written by `just generate` from what `demo --once` prints -->\n";
const END: &str = "<!-- end of exchanges -->\n";

/// What the demo prints before each vendor's part.
const RULE: &str = "\n── ";
const RECEIVED: &str = "the vendor received  ";
const ANSWERED: &str = "the caller got back  ";

/// A head line, the header lines after it, and the body.
struct Message<'a> {
    head: &'a str,
    headers: Vec<&'a str>,
    body: String,
}

/// The README with its exchanges regenerated.
pub(crate) fn within(readme: &str) -> Result<String, Failure> {
    let lacking = || "README.md has no place for the exchanges";
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(lacking)?;
    let (_, after) = rest.split_once(END).ok_or_else(lacking)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", exchanges(&demonstration()?)?))
}

/// Runs the demo in this process.
fn demonstration() -> Result<String, Failure> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let cli = Cli::try_parse_from(["switchboard", "demo", "--once"])?;
    let plain = [("NO_COLOR".to_owned(), "1".to_owned())];
    // An exit code cannot be compared; a failed demo reports on standard error.
    let _code = cli.run(plain.into_iter().collect(), &mut out, &mut err);
    if !err.is_empty() {
        return Err(format!("the demonstration failed: {}", String::from_utf8_lossy(&err)).into());
    }
    Ok(String::from_utf8(out)?)
}

fn exchanges(printed: &str) -> Result<String, Failure> {
    let mut sections = printed.split(RULE);
    let update = sections.next().and_then(|intro| Some(&intro[intro.find('{')?..])).unwrap_or_default();
    let mut page = format!(
        "\nOne canonical update, sent with `Prefer: handling=lenient`:\n\n```json\n{}\n```\n\n",
        lay_out(update.as_bytes())
    );
    let sections: Vec<_> = sections.collect();
    if sections.len() != DIALECTS.len() {
        return Err(format!("the demonstration shows {} vendors of {}", sections.len(), DIALECTS.len()).into());
    }
    let mut folds = Vec::new();
    for section in sections {
        folds.push(fold(section, update)?);
    }
    let most_changed = folds.iter().map(|(changed, _)| *changed).max();
    for (changed, fold) in folds {
        let open = if Some(changed) == most_changed { " open" } else { "" };
        page.push_str(&format!("<details{open}>{fold}</details>\n\n"));
    }
    Ok(page)
}

/// One vendor's fold, and how many names the vendor received that are not in the canonical update.
fn fold(section: &str, update: &str) -> Result<(usize, String), Failure> {
    let (name, text) = section.split_once(" ──\n").ok_or("a vendor's part has no name")?;
    let vendor = dialect(name).ok_or_else(|| format!("no vendor is called `{name}`"))?;
    let message = messages(text);
    let received = message.iter().rfind(|message| message.head.starts_with(RECEIVED) && !message.body.is_empty());
    let received = received.ok_or_else(|| format!("{name} received nothing"))?;
    let answer = message.iter().find(|message| message.head.starts_with(ANSWERED));
    let answer = answer.ok_or_else(|| format!("{name} answered nothing"))?;
    let canonical = read_object(update.as_bytes(), Limits::VENDOR)?;
    let wire = read_object(received.body.as_bytes(), Limits::VENDOR)?;
    let changed = wire.iter().filter(|(key, _)| canonical.iter().all(|(known, _)| known != key)).count();
    let headers: String = answer.headers.iter().map(|header| format!("{}\n", header.trim())).collect();
    Ok((
        changed,
        format!(
            "<summary>{}</summary>\n\nThe vendor received:\n\n```http\n{}\n\n{}\n```\n\nThe caller got back:\n\n\
             ```http\nHTTP/1.1 {}\n{headers}\n{}\n```\n\n",
            vendor.title,
            received.head.trim_start_matches(RECEIVED),
            lay_out(received.body.as_bytes()),
            answer.head.trim_start_matches(ANSWERED),
            without_id(&lay_out(answer.body.as_bytes())),
        ),
    ))
}

/// Replaces ids by an ellipsis, because they differ from run to run.
fn without_id(answer: &str) -> String {
    let shown = |line: &str| match line.split_once("\"request_id\": ") {
        Some((indent, _)) => format!("{indent}\"request_id\": \"…\",\n"),
        None => format!("{line}\n"),
    };
    answer.lines().map(shown).collect::<String>().trim_end().to_owned()
}

/// Splits the printed text: head lines start at the margin, headers and bodies are indented, bodies by two.
fn messages(text: &str) -> Vec<Message<'_>> {
    let mut messages: Vec<Message<'_>> = Vec::new();
    for line in text.lines() {
        if line.starts_with(RECEIVED) || line.starts_with(ANSWERED) {
            messages.push(Message { head: line, headers: Vec::new(), body: String::new() });
        } else if let (Some(message), true) = (messages.last_mut(), line.starts_with("  ")) {
            if message.body.is_empty() && !line.starts_with("  {") {
                message.headers.push(line);
            } else {
                message.body.push_str(line);
            }
        }
    }
    messages
}
