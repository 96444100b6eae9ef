//! Sends dead changes again and withdraws waiting ones, one after another; one that is refused does not stop the others.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::admin_client::{AdminClient, Refusal, path_with};
use crate::cli::records::{Format, printable, read_list};
use crate::cli::{Failure, Terminal};

use super::ReplayArgs;
use super::progress::Progress;

/// What became of each record.
#[derive(Default)]
struct Moved {
    done: Vec<(String, Value)>,
    refused: Vec<(String, Refusal)>,
    /// Why the rest was not tried.
    stopped: Option<(String, usize)>,
}

/// `queue replay`.
pub(super) async fn replay(
    client: &AdminClient,
    args: &ReplayArgs,
    format: Format,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, Failure> {
    let updates = if args.all { dead(client, args).await? } else { args.updates.clone() };
    let remaining = args.remaining.then_some("remaining");
    let parameters = [("fields", remaining), ("force", args.force.then_some("true"))];
    let path = |update: &str| path_with(&format!("/admin/dead/{}/replay", segment(update)), &parameters);
    let mut progress = Progress::new("replayed", updates.len(), args.all);
    let moved = each(client, updates, path, &mut progress, terminal).await;
    moved.print(format, "replayed", terminal, |update, record| {
        format!("{update} is sent again as {}", record["update"].as_str().unwrap_or("?"))
    })
}

/// `queue cancel`.
pub(super) async fn cancel(
    client: &AdminClient,
    updates: &[String],
    format: Format,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, Failure> {
    let path = |update: &str| format!("/admin/queue/{}/cancel", segment(update));
    let mut progress = Progress::new("canceled", updates.len(), false);
    let moved = each(client, updates.to_vec(), path, &mut progress, terminal).await;
    moved.print(format, "canceled", terminal, |update, _| format!("{update} is canceled"))
}

/// The dead changes that were not sent again, newest first. The replay of one that is dead, too, stands for it.
async fn dead(client: &AdminClient, args: &ReplayArgs) -> Result<Vec<String>, Failure> {
    let parameters = [("vendor", args.vendor.as_deref()), ("assistant", args.assistant.as_deref())];
    let list = read_list(client, "/admin/dead", &parameters, usize::MAX).await?;
    let records = list["data"].as_array().into_iter().flatten().filter(|record| record["replay"].is_null());
    Ok(records.filter_map(|record| record["update"].as_str().map(str::to_owned)).collect())
}

/// Moves each record. A gateway that does not answer ends it.
async fn each(
    client: &AdminClient,
    updates: Vec<String>,
    path: impl Fn(&str) -> String,
    progress: &mut Progress,
    terminal: &mut Terminal<'_>,
) -> Moved {
    let (mut moved, total) = (Moved::default(), updates.len());
    for (index, update) in updates.into_iter().enumerate() {
        match client.post(&path(&update)).await {
            Ok(Ok(record)) => moved.done.push((update, record)),
            Ok(Err(refusal)) => moved.refused.push((update, refusal)),
            Err(failure) => {
                moved.stopped = Some((failure.to_string(), total - index));
                break;
            }
        }
        progress.show(moved.done.len(), moved.refused.len(), terminal.err);
    }
    progress.end(terminal.err);
    moved
}

impl Moved {
    /// Says what became of each; of many only what was refused, and how many for which reason.
    fn print(
        &self,
        format: Format,
        verb: &str,
        terminal: &mut Terminal<'_>,
        line: impl Fn(&str, &Value) -> String,
    ) -> Result<ExitCode, Failure> {
        match format {
            Format::Json => writeln!(terminal.out, "{:#}", self.json(verb))?,
            Format::Table => self.print_lines(verb, terminal, line)?,
        }
        if let Some((why, left)) = &self.stopped {
            return Err(format!("{why}; {left} were not tried").into());
        }
        Ok(if self.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn print_lines(
        &self,
        verb: &str,
        terminal: &mut Terminal<'_>,
        line: impl Fn(&str, &Value) -> String,
    ) -> Result<(), Failure> {
        const SHOWN: usize = 20;
        if self.done.len() <= SHOWN {
            for (update, record) in &self.done {
                writeln!(terminal.out, "{}", line(&printable(update), record))?;
            }
        }
        for (update, Refusal { code, detail }) in self.refused.iter().take(SHOWN) {
            writeln!(terminal.out, "{} is refused ({code}): {}", printable(update), printable(detail))?;
        }
        if self.refused.len() > SHOWN {
            writeln!(terminal.out, "… and {} more are refused; --format json has all", self.refused.len() - SHOWN)?;
        }
        let mut reasons = BTreeMap::<&str, usize>::new();
        self.refused.iter().for_each(|(_, refusal)| *reasons.entry(&refusal.code).or_default() += 1);
        let reasons: Vec<_> = reasons.iter().map(|(code, count)| format!("{count} {code}")).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        writeln!(terminal.out, "{} {verb}, {} refused{why}", self.done.len(), self.refused.len())?;
        Ok(())
    }

    fn json(&self, verb: &str) -> Value {
        let done: Vec<_> =
            self.done.iter().map(|(update, record)| json!({ "update": update, "record": record })).collect();
        let refused = self
            .refused
            .iter()
            .map(|(update, refusal)| json!({ "update": update, "code": refusal.code, "detail": refusal.detail }));
        let refused: Vec<_> = refused.collect();
        let left = self.stopped.as_ref().map_or(0, |(_, left)| *left);
        json!({ verb: done, "refused": refused, "not_tried": left })
    }
}

/// The text as a segment of a path.
fn segment(update: &str) -> String {
    percent_encoding::utf8_percent_encode(update, percent_encoding::NON_ALPHANUMERIC).to_string()
}
