//! Whatever was answered is there after `kill -9`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::open;
use crate::store::conformance::samples::*;
use crate::store::{State, Store, UpdateId};

const FILE: &str = "switchboard.db";
const ROUNDS: usize = 20;

/// What [`a_process_that_is_killed`] says about a change once it is answered.
fn say(word: &str, id: UpdateId) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{word} {id}").and_then(|()| out.flush()).unwrap();
}

/// Stores and ends changes in the working folder until it is killed. It is no test of its own: without a word on its standard
/// input it does nothing.
#[tokio::test]
#[ignore = "it is the process that another test kills"]
async fn a_process_that_is_killed() {
    let mut word = String::new();
    std::io::stdin().read_line(&mut word).unwrap();
    if word != "go\n" {
        return;
    }
    let store = Arc::new(open(Path::new(FILE)));
    let number = Arc::new(std::sync::atomic::AtomicU64::new(store.next_number()));
    let callers = (0..8).map(|caller| {
        let (store, number) = (store.clone(), number.clone());
        async move {
            // It ends by itself if it is not killed.
            for _ in 0..10_000 {
                let row = record(number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
                let use_ = key(&row.id.to_string(), 0);
                store.admit(keyed(&row, &use_)).await.unwrap();
                say("admitted", row.id);
                if caller % 2 == 0 {
                    store.finish(vec![keeping(&row, State::Applied, 1)]).await.unwrap();
                    say("finished", row.id);
                }
            }
        }
    });
    callers.collect::<tokio::task::JoinSet<()>>().join_all().await;
}

fn start(folder: &Path) -> Child {
    let name = "store::sqlite::tests::killed::a_process_that_is_killed";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]).current_dir(folder);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    child
}

/// Kills it after so many lines; all that it said until then.
fn run_and_kill(folder: &Path, lines: usize) -> Vec<(State, UpdateId)> {
    let mut child = start(folder);
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The last line may be cut.
        let Ok(line) = line else { break };
        let Some((word, id)) = line.split_once(' ') else { continue };
        let (Some(state), Ok(id)) = (state_of(word), id.parse()) else { continue };
        said.push((state, id));
        if said.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(said.len() >= lines, "it ended after {} lines", said.len());
    said
}

fn state_of(word: &str) -> Option<State> {
    match word {
        "admitted" => Some(State::Queued),
        "finished" => Some(State::Applied),
        _ => None,
    }
}

#[tokio::test]
async fn whatever_was_answered_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    for round in 0..ROUNDS {
        said.extend(run_and_kill(folder.path(), 1 + round * 13 % 97));
        let store = open(&folder.path().join(FILE));
        for (state, id) in &said {
            let row = store.record(*id).await.unwrap().unwrap_or_else(|| panic!("{id} is lost in round {round}"));
            // What ended in a commit that was not answered any more has ended all the same.
            assert!(row.state == *state || row.state == State::Applied, "{id} is {:?} after {state:?}", row.state);
            let use_ = key(&id.to_string(), 0);
            assert!(store.look_up(use_).await.unwrap().is_some(), "the key of {id} is lost");
            assert!(row.number < store.next_number());
        }
        store.close().await.unwrap();
    }
    assert!(said.len() > ROUNDS);
}
