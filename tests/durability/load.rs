//! Callers, one for each assistant, whose updates are numbered; what they were told, and whether it was the truth.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use crate::gateway::{Gateway, name, path};
use crate::support::{PATIENCE, Reply, eventually};
use crate::vendor::Vendor;

/// How a change is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Asynchronous,
    Keyed,
    Plain,
    AsynchronousKeyed,
}

/// The one caller of an assistant.
pub(crate) struct Caller {
    id: u64,
    number: u64,
    /// The request with a key that the gateway's end has cut off.
    cut_off: Option<(u64, Kind)>,
    /// The records that were promised.
    promised: Vec<(u64, String)>,
    /// The answers under keys, by number.
    answers: BTreeMap<u64, (Kind, Reply)>,
    /// The newest change that the caller knows to be applied or promised.
    newest: u64,
    /// The newest change that may have been applied.
    most: u64,
}

impl Caller {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, number: 0, cut_off: None, promised: Vec::new(), answers: BTreeMap::new(), newest: 0, most: 0 }
    }

    /// Sends so many updates, or fewer if the gateway ends: then `Err`.
    pub(crate) async fn run(&mut self, gateway: &Gateway, count: u64) -> Result<(), String> {
        if let Some((number, kind)) = self.cut_off {
            self.ask(gateway, number, kind).await?;
        }
        for _ in 0..count {
            self.number += 1;
            let kind = match self.number % 7 {
                4 => Kind::Keyed,
                5 => Kind::Plain,
                6 => Kind::AsynchronousKeyed,
                _ => Kind::Asynchronous,
            };
            self.ask(gateway, self.number, kind).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, gateway: &Gateway, number: u64, kind: Kind) -> Result<(), String> {
        self.most = self.most.max(number);
        self.cut_off = matches!(kind, Kind::Keyed | Kind::AsynchronousKeyed).then_some((number, kind));
        let reply = self.send(gateway, number, kind).await?;
        self.cut_off = None;
        match (kind, reply.status.as_u16()) {
            (Kind::Asynchronous | Kind::AsynchronousKeyed, 202) => {
                self.promised.push((number, reply.json()["update"].as_str().unwrap().to_owned()));
            }
            (Kind::Keyed | Kind::Plain | Kind::AsynchronousKeyed, 200) => {}
            _ => panic!("{} {number} {kind:?}: {reply:?}", self.id),
        }
        self.newest = self.newest.max(number);
        if kind == Kind::Keyed {
            self.answers.insert(number, (kind, reply));
            self.same_answer(gateway, number).await?;
        }
        Ok(())
    }

    /// One request. While the first one with its key is under way, the same is asked again.
    async fn send(&self, gateway: &Gateway, number: u64, kind: Kind) -> Result<Reply, String> {
        let key = format!("{}-{number}", self.id);
        let mut headers = Vec::new();
        if matches!(kind, Kind::Keyed | Kind::AsynchronousKeyed) {
            headers.push(("idempotency-key", &*key));
        }
        if matches!(kind, Kind::Asynchronous | Kind::AsynchronousKeyed) {
            headers.push(("prefer", "respond-async"));
        }
        eventually(PATIENCE, async || {
            let reply = gateway.try_call(Method::PUT, &path(self.id), &headers, &name(number)).await;
            let waits = reply.as_ref().is_ok_and(|reply| reply.status == 409);
            if waits {
                assert_eq!(reply.as_ref().unwrap().code(), "idempotency_in_progress");
            }
            (!waits).then_some(reply)
        })
        .await
    }

    async fn same_answer(&self, gateway: &Gateway, number: u64) -> Result<(), String> {
        let Some((kind, first)) = self.answers.get(&number) else { return Ok(()) };
        let again = self.send(gateway, number, *kind).await?;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{} {number}", self.id);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
        Ok(())
    }

    /// All records of the assistant, oldest first, for people.
    async fn records(&self, gateway: &Gateway) -> String {
        let path = format!("/v1/updates?assistant=sondos:{}&limit=500", self.id);
        let page = gateway.get(&path).await.json();
        let lines = page["data"].as_array().unwrap().iter().rev().map(|record| {
            let told = |member: &str| record[member].to_string();
            let number =
                self.promised.iter().find(|(_, update)| record["update"] == **update).map(|(number, _)| *number);
            format!(
                "{number:?} {} {} attempts {} created {} updated {} sent with {}\n",
                told("update"),
                told("state"),
                told("attempts"),
                told("created_at"),
                told("updated_at"),
                told("sent_with")
            )
        });
        lines.collect()
    }

    /// Proves that everything that was promised has become true; at most `crashes` times a change was sent once more.
    pub(crate) async fn check(&mut self, gateway: &Gateway, vendor: &Vendor, crashes: usize) {
        self.run(gateway, 0).await.unwrap();
        for (number, update) in &self.promised {
            let record = gateway.end(update).await;
            let state = record["state"].as_str().unwrap();
            assert!(matches!(state, "applied" | "superseded"), "{} {number}: {record:#}", self.id);
        }
        for number in self.answers.keys() {
            self.same_answer(gateway, *number).await.unwrap();
        }
        let waiting = format!("/v1/updates?assistant=sondos:{}&state=queued", self.id);
        eventually(PATIENCE, async || gateway.get(&waiting).await.json()["data"].as_array()?.is_empty().then_some(()))
            .await;
        let sending = format!("/v1/updates?assistant=sondos:{}&state=sending", self.id);
        eventually(PATIENCE, async || gateway.get(&sending).await.json()["data"].as_array()?.is_empty().then_some(()))
            .await;
        let (arrived, applied) = (vendor.numbers(self.id), vendor.applied(self.id));
        if !arrived.is_sorted() || !applied.is_sorted() {
            let records = self.records(gateway).await;
            panic!("{}: {arrived:?} have arrived, {applied:?} are applied\n{records}", self.id);
        }
        let mut repeats = BTreeMap::<u64, usize>::new();
        for number in &applied {
            *repeats.entry(*number).or_default() += 1;
        }
        let more: usize = repeats.values().map(|count| count - 1).sum();
        assert!(more <= crashes, "{}: {more} repeats after {crashes} crashes: {applied:?}", self.id);
        let last = applied.last().copied().unwrap_or_default();
        assert!((self.newest..=self.most).contains(&last), "{}: {last}, not {}", self.id, self.newest);
    }
}

/// Asks for a new assistant under a key; an error if the gateway ends.
pub(crate) async fn create(gateway: &Gateway, key: &str) -> Result<Reply, String> {
    let headers = [("idempotency-key", key)];
    eventually(PATIENCE, async || {
        let body = new_assistant(key);
        let reply = gateway.try_call(Method::POST, "/v1/assistants?vendor=sondos", &headers, &body).await;
        let waits = reply.as_ref().is_ok_and(|reply| reply.status == 409);
        (!waits).then_some(reply)
    })
    .await
}

/// All that a new assistant needs.
pub(crate) fn new_assistant(name: &str) -> String {
    let body = json!({
        "name": name, "type": "inbound", "mode": "pipeline", "timezone": "Europe/Berlin", "language": "English",
        "voice_id": 1, "llm_model": "GPT-4.1-mini", "initial_message": "Hello", "system_prompt": "Be kind",
    });
    body.to_string()
}
