//! A bulk replay: how far it is, and what became of each change.

use maud::{Markup, html};

use crate::admin::records::{JobDocument, JobState, job, jobs};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::{Visit, link};

use super::pieces::address;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        let job = job(&visit.operator, Some(&visit.query_with(&[])))?;
        let content = progress(&job);
        Ok(html! {
            @if job.state == JobState::Running {
                (parts::live(visit, &content))
                (parts::write_button(visit, "cancel-job", "Stop it", &html! { input type="hidden" name="job" value=(job.job); }))
            } @else { (content) }
            p { a href={ "dead?" (job.filter) } { "To these dead letters" } }
            (others(&jobs(&visit.operator), &job))
        })
    })
}

pub(super) fn badge(state: JobState) -> Markup {
    match state {
        JobState::Running => parts::badge(Tone::Warning, "running"),
        JobState::Done => parts::badge(Tone::Good, "done"),
        JobState::Canceled => parts::badge(Tone::Plain, "canceled"),
        JobState::Stopped => parts::badge(Tone::Bad, "stopped: the gateway shuts down"),
    }
}

/// The other jobs that are kept.
fn others(jobs: &[JobDocument], shown: &JobDocument) -> Markup {
    let others: Vec<_> = jobs.iter().filter(|job| job.job != shown.job).collect();
    html! {
        @if !others.is_empty() {
            h2 { "Other bulk replays of this process" }
            ul {
                @for job in others {
                    li { a href=(link("job", "id", &job.job)) { (job.started_at) } " " (badge(job.state)) " " (job.replayed) " of " (job.count) " sent again" }
                }
            }
        }
    }
}

pub(super) fn progress(job: &JobDocument) -> Markup {
    let tried = job.count.saturating_sub(job.not_tried);
    let results = job.results.as_deref().unwrap_or_default();
    html! {
        p role="status" {
            (badge(job.state)) " " (tried) " of " (job.count) " tried, at most " (job.rate_per_second) " a second"
            @if let Some(code) = job.waits_for { ", waits while " code { (code) } }
        }
        progress max=(job.count) value=(tried) aria-label="tried" {}
        dl.figures {
            (parts::figure("sent again", job.replayed))
            (parts::figure("superseded by newer changes", job.superseded))
            (parts::figure("refused", job.refused))
            (parts::figure("not tried", job.not_tried))
        }
        p.hint { "It ends with this process. What it has sent again are ordinary records, and go on." }
        @if !results.is_empty() {
            (parts::table(
                "Results",
                html! { "What became of each, newest first" @if let Some(left @ 1..) = job.results_left_off { "; " (left) " older ones stand in the audit log" } },
                &["Dead letter", "Result", "Why not, or as which record"],
                &html! {
                    @for one in results {
                        tr {
                            td { a href=(address(&one.update)) data-id=(one.update) { (one.assistant.as_deref().unwrap_or(&one.update)) } }
                            td { (parts::badge(tone(one.result), one.result)) }
                            td {
                                @if let Some(replay) = &one.replayed_as { a href=(address(replay)) { code { (replay) } } }
                                @if let Some(code) = one.code { code { (code) } " " }
                                @if let Some(detail) = &one.detail { (detail) }
                            }
                        }
                    }
                },
            ))
        }
    }
}

fn tone(result: &str) -> Tone {
    match result {
        "replayed" => Tone::Good,
        "superseded" => Tone::Plain,
        _ => Tone::Bad,
    }
}
