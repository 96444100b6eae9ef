//! Any sequence of statements does in a store what it does in the model, though the store is closed and opened in between.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::store::conformance::model::Model;
use crate::store::conformance::samples::*;
use crate::store::{
    Admission, Answer, CallbackTried, Created, Ending, Filter, KeyEnd, KeySource, KeyUse, Line, Postponement, Record,
    RecordsOf, Sqlite, State, Store, Timestamp, UpdateId,
};
use crate::value::AssistantOperation;

#[derive(Clone, Debug)]
enum Step {
    Admit { key: Option<(u8, u8)>, again: Option<Index>, kind: u8 },
    LookUp((u8, u8)),
    Start(Vec<Index>),
    Postpone(Vec<Index>, bool),
    Finish(Vec<(Index, End)>),
    Note(u8, u8),
    Cancel(Index),
    Discard(Index),
    Newer(u8, Index),
    Callback(Index, u8),
    Sweep(i64),
    Pass(i64),
    Reopen,
}

#[derive(Clone, Debug)]
struct End {
    state: u8,
    key: bool,
    callback: bool,
    body: bool,
    created: bool,
    doubted: bool,
}

const FINAL: [State; 8] = [
    State::Applied,
    State::Dead,
    State::Unknown,
    State::Refused,
    State::Failed,
    State::Expired,
    State::Superseded,
    State::Dead,
];

fn end() -> impl Strategy<Value = End> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (any::<u8>(), flags).prop_map(|(state, (key, callback, body, created, doubted))| End {
        state,
        key,
        callback,
        body,
        created,
        doubted,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let some = || proptest::collection::vec(any::<Index>(), 0..3);
    let key = || (0_u8..3, 0_u8..5);
    prop_oneof![
        6 => (proptest::option::of(key()), proptest::option::of(any::<Index>()), any::<u8>())
            .prop_map(|(key, again, kind)| Step::Admit { key, again, kind }),
        2 => key().prop_map(Step::LookUp),
        4 => some().prop_map(Step::Start),
        2 => (some(), any::<bool>()).prop_map(|(ids, doubted)| Step::Postpone(ids, doubted)),
        5 => proptest::collection::vec((any::<Index>(), end()), 0..3).prop_map(Step::Finish),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(kind, state)| Step::Note(kind, state)),
        2 => any::<Index>().prop_map(Step::Cancel),
        1 => any::<Index>().prop_map(Step::Discard),
        1 => (any::<u8>(), any::<Index>()).prop_map(|(kind, number)| Step::Newer(kind, number)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(id, tried)| Step::Callback(id, tried)),
        1 => (0_i64..3_000).prop_map(Step::Sweep),
        2 => (-300_i64..1_200).prop_map(Step::Pass),
        1 => Just(Step::Reopen),
    ]
}

/// Where a store is.
enum At {
    Sqlite(PathBuf),
    Postgres(private_postgres::Database),
}

impl At {
    async fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Sqlite(path) => Box::new(Sqlite::open(path, KeySource::FileBeside).unwrap()),
            Self::Postgres(database) => Box::new(crate::store::postgres::tests::open(database).await),
        }
    }
}

/// The model, the store, and what the steps have made so far.
struct Pair {
    model: Model,
    store: Box<dyn Store>,
    at: At,
    now: i64,
    records: Vec<Record>,
}

/// A statement of both stores has the same answer.
macro_rules! same {
    ($pair:expr, $store:ident => $statement:expr) => {{
        let $store = &$pair.model;
        let expected = $statement.await;
        let $store = &$pair.store;
        let found = $statement.await;
        assert_eq!(found, expected, "{}", stringify!($statement));
        expected
    }};
}

fn key_of((client, key): (u8, u8), now: i64) -> KeyUse {
    let client = [None, Some("crm".to_owned()), Some("shop".to_owned())][usize::from(client)].clone();
    // The last two names are one key of two requests.
    let (name, fingerprint) = if key == 4 { (3, 1) } else { (key, 0) };
    KeyUse { client, key: format!("key {name}"), fingerprint: [fingerprint; 32], now: at(now) }
}

impl Pair {
    fn id(&self, index: &Index) -> UpdateId {
        match self.records.len() {
            0 => UpdateId::generate(),
            len => self.records[index.index(len)].id,
        }
    }

    fn ids(&self, indices: &[Index]) -> Vec<UpdateId> {
        indices.iter().map(|index| self.id(index)).collect()
    }

    fn fresh(&mut self, kind: u8) -> Record {
        let number = self.records.len() as u64 + 1;
        let record = Record {
            created_at: at(self.now),
            updated_at: at(self.now),
            client: [Some("crm".into()), None, Some("shop".into())][usize::from(kind % 3)].clone(),
            vendor_id: (!kind.is_multiple_of(7)).then(|| format!("id {}", kind % 2)),
            vendor: format!("vendor {}", kind % 2),
            operation: if kind.is_multiple_of(11) { AssistantOperation::Delete } else { AssistantOperation::Update },
            fields: [vec![], vec!["name".into()], vec!["name".into(), "voice".into()]][usize::from(kind % 3)].clone(),
            request_id: format!("request {}", kind % 4),
            replay_of: kind.is_multiple_of(5).then(|| self.records.first().map(|record| record.id)).flatten(),
            ..record(number)
        };
        self.records.push(record.clone());
        record
    }

    fn ending(&self, id: UpdateId, end: &End) -> Ending {
        let text = Answer { body: end.body.then(|| Bytes::from("an answer")), ..answer("") };
        Ending {
            key: end.key.then(|| KeyEnd {
                answer: text.clone(),
                kept: Duration::from_millis(500),
                unknown: (end.state % 2 == 1).then_some(7),
            }),
            callback: end.callback,
            body: end.body.then(|| Bytes::from("a body")),
            created: end.created.then(|| Created {
                assistant: "vendor:new".into(),
                line: Line { scope: "vendor".into(), id: "new".into() },
            }),
            doubted_at: end.doubted.then(|| at(self.now)),
            problem: (!end.key).then(|| Bytes::from("{}")),
            answer: Some(text),
            ..ending(&Record { id, ..record(1) }, FINAL[usize::from(end.state) % FINAL.len()], self.now)
        }
    }

    async fn take(&mut self, step: &Step) {
        let now = at(self.now);
        match step {
            Step::Admit { key, again, kind } => {
                let again = again.as_ref().map(|index| self.id(index));
                let key = key.map(|key| key_of(key, self.now));
                let record = self.fresh(*kind);
                if let Some(id) = record.replay_of {
                    // What is replayed was read before.
                    same!(self, store => store.record(id)).unwrap();
                }
                let admission = Admission { key, again, ..admission(&record) };
                same!(self, store => store.admit(admission.clone())).unwrap();
            }
            Step::LookUp(key) => drop(same!(self, store => store.look_up(key_of(*key, self.now)))),
            Step::Start(ids) => drop(same!(self, store => store.start(self.ids(ids), now, None))),
            Step::Postpone(ids, doubted) => {
                let doubted_at = doubted.then_some(now);
                let postponement = Postponement { doubted_at, ..postponement(self.ids(ids), self.now) };
                same!(self, store => store.postpone(postponement.clone())).unwrap();
            }
            Step::Finish(ends) => {
                let ends: Vec<_> = ends.iter().map(|(index, end)| self.ending(self.id(index), end)).collect();
                same!(self, store => store.finish(ends.clone())).unwrap();
            }
            Step::Note(kind, state) => {
                let state = FINAL[usize::from(*state) % FINAL.len()];
                let record = Record { state, answer: Some(answer("a")), ..self.fresh(*kind) };
                let body = (*kind % 2 == 0).then(|| Bytes::from("noted"));
                same!(self, store => store.note(record.clone(), body.clone())).unwrap();
            }
            Step::Cancel(index) => drop(same!(self, store => store.cancel(self.id(index), now, true))),
            Step::Discard(index) => drop(same!(self, store => store.discard(self.id(index), State::Canceled, now))),
            Step::Newer(kind, number) => {
                let line = Line { scope: "main".into(), id: format!("id {}", kind % 2).into() };
                let fields: Vec<String> = if kind % 3 == 0 { vec![] } else { vec!["voice".into()] };
                let number = number.index(self.records.len() + 1) as u64;
                drop(same!(self, store => store.newer(line.clone(), number, fields.clone())));
            }
            Step::Callback(index, tried) => {
                let tried = match tried % 3 {
                    0 => CallbackTried::Delivered(self.id(index)),
                    1 => CallbackTried::Again(self.id(index), at(self.now + i64::from(*tried))),
                    _ => CallbackTried::GivenUp(self.id(index)),
                };
                same!(self, store => store.callback_tried(tried)).unwrap();
            }
            Step::Sweep(age) => {
                let journal = now.before(Duration::from_millis(age.unsigned_abs()));
                self.model.sweep(now, journal).await.unwrap();
                while self.store.sweep(now, journal).await.unwrap() {}
            }
            Step::Pass(millis) => self.now += millis,
            Step::Reopen => {
                self.store.close().await.unwrap();
                self.store = self.at.open().await;
                self.compare().await;
            }
        }
    }

    /// Everything that can be read is the same.
    async fn compare(&self) {
        for record in &self.records {
            same!(self, store => store.record(record.id)).unwrap();
            same!(self, store => store.replay_of(record.id)).unwrap();
        }
        let ids: Vec<_> = self.records.iter().map(|record| record.id).collect();
        same!(self, store => store.bodies(ids.clone())).unwrap();
        same!(self, store => store.tickets()).unwrap();
        same!(self, store => store.unsettled(at(0))).unwrap();
        for client in same!(self, store => store.callback_clients()).unwrap() {
            same!(self, store => store.callbacks_of(client.clone(), 3)).unwrap();
        }
        for (client, key) in (0..3).flat_map(|client| (0..5).map(move |key| (client, key))) {
            same!(self, store => store.look_up(key_of((client, key), self.now))).unwrap();
        }
        for request in 0..4 {
            same!(self, store => store.record_of_request(RecordsOf::Client(None), format!("request {request}")))
                .unwrap();
        }
        // Where several processes share the store, the next number is the database's.
        if matches!(self.at, At::Sqlite(_)) {
            assert_eq!(self.model.next_number(), self.store.next_number());
        }
        assert_eq!(self.model.figures().callbacks_waiting, self.store.figures().callbacks_waiting);
        for filter in filters(self.now) {
            let expected = all(&self.model, &filter).await;
            assert_eq!(all(&*self.store, &filter).await, expected, "{filter:?}");
        }
    }
}

fn filters(now: i64) -> Vec<Filter> {
    let none = Filter { limit: 3, ..Filter::default() };
    let crm = RecordsOf::Client(Some("crm".into()));
    let line = Line { scope: "main".into(), id: "id 1".into() };
    vec![
        Filter { limit: 100, ..none.clone() },
        none.clone(),
        Filter { owner: crm.clone(), ..none.clone() },
        Filter { owner: RecordsOf::Client(None), states: vec![State::Queued, State::Applied], ..none.clone() },
        Filter { line: Some(line.clone()), ..none.clone() },
        Filter { line: Some(line), states: vec![State::Dead, State::Canceled], owner: crm, ..none.clone() },
        Filter { states: vec![State::Dead, State::Unknown, State::Failed], ..none.clone() },
        Filter { states: vec![State::Dead], replayed: Some(false), ..none.clone() },
        Filter { replayed: Some(true), ..none.clone() },
        Filter { vendor: Some("vendor 1".into()), field: Some("voice".into()), ..none.clone() },
        Filter { since: Some(at(now / 2)), ..none.clone() },
        Filter { until: Some(at(now / 2)), since: Some(Timestamp(0)), ..none },
    ]
}

async fn all(store: &dyn Store, filter: &Filter) -> Vec<Record> {
    let (mut records, mut below) = (Vec::new(), None);
    loop {
        let page = store.list(Filter { below, ..filter.clone() }).await.unwrap();
        assert!(page.records.len() <= filter.limit);
        records.extend(page.records);
        below = page.next;
        if below.is_none() {
            return records;
        }
    }
}

/// Takes all steps, and compares at the end and once more after another start.
async fn take_all(at: At, steps: &[Step]) {
    let store = at.open().await;
    let mut pair = Pair { model: Model::default(), store, at, now: 0, records: Vec::new() };
    for step in steps {
        pair.take(step).await;
    }
    pair.compare().await;
    pair.take(&Step::Reopen).await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_the_model_does(steps in proptest::collection::vec(step(), 1..40)) {
        runtime().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            take_all(At::Sqlite(folder.path().join("switchboard.db")), &steps).await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn postgres_does_what_the_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        runtime().block_on(async {
            if let Some(database) = private_postgres::database().await {
                take_all(At::Postgres(database), &steps).await;
            }
        });
    }
}
