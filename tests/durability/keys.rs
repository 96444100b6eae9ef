//! One answer for one key, whatever happens between two requests with it.

use std::sync::Arc;

use http::Method;
use serde_json::Value;
use simulators::{Options, Simulator};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use crate::gateway::{Gateway, Setup, name, path, slow};
use crate::load::new_assistant;
use crate::support::{PATIENCE, Reply, eventually};
use crate::vendor::{Answer, Gate, Vendor};

const KEY: (&str, &str) = ("idempotency-key", "a");

/// The same request until its first one is no longer under way.
async fn settled(gateway: &Gateway, method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    eventually(PATIENCE, async || {
        let reply = gateway.call(method.clone(), path, headers, body).await;
        let waits = reply.status == 409 && reply.code() == "idempotency_in_progress";
        if waits {
            assert!(reply.header("retry-after").is_some(), "{reply:?}");
        }
        (!waits).then_some(reply)
    })
    .await
}

#[track_caller]
fn same(first: &Reply, again: &Reply) {
    assert_eq!((first.status, &first.body), (again.status, &again.body), "{first:?} {again:?}");
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    assert_eq!(first.header("idempotency-replayed"), None, "{first:?}");
    for header in ["content-type", "location", "etag"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_twins_at_once_one_is_carried_out_and_all_get_its_answer() {
    let vendor = Arc::new(Vendor::start().await);
    let setup = Setup::new(&vendor);
    let mut gateway = Arc::new(Gateway::start(&setup).await);
    let cases = [
        (Method::PUT, path(1), name(1)),
        (Method::DELETE, path(2), String::new()),
        (Method::POST, "/v1/assistants?vendor=sondos".to_owned(), new_assistant("n3")),
    ];
    let mut first = Vec::new();
    for (at, (method, path, body)) in cases.iter().enumerate() {
        let (gate, before) = (Gate::new(), vendor.arrivals().len());
        let held = gate.clone();
        vendor.answers(move |_| Answer::Ok.after(&held));
        let (mut twins, key) = (JoinSet::new(), format!("twin-{at}"));
        for _ in 0..64 {
            let (gateway, key, method, path, body) =
                (Arc::clone(&gateway), key.clone(), method.clone(), path.clone(), body.clone());
            twins.spawn(async move { gateway.call(method, &path, &[("idempotency-key", &key)], &body).await });
        }
        vendor.arrived(before + 1).await;
        // The first is held, so nobody else can have an answer.
        let mut refused = 0;
        while refused < 63 {
            let reply = twins.join_next().await.unwrap().unwrap();
            assert_eq!((reply.status.as_u16(), &*reply.code()), (409, "idempotency_in_progress"), "{reply:?}");
            refused += 1;
        }
        gate.open();
        let answered = twins.join_next().await.unwrap().unwrap();
        assert!(answered.status.is_success(), "{answered:?}");
        let again = gateway.call(method.clone(), path, &[("idempotency-key", &key)], body).await;
        same(&answered, &again);
        assert_eq!(vendor.arrivals().len(), before + 1);
        first.push((key, answered));
    }
    gateway = Arc::new(Arc::into_inner(gateway).unwrap().restarted(&setup).await);
    for ((method, path, body), (key, answered)) in cases.iter().zip(&first) {
        let again = gateway.call(method.clone(), path, &[("idempotency-key", key)], body).await;
        same(answered, &again);
    }
    assert_eq!(vendor.arrivals().len(), cases.len());
    Arc::into_inner(gateway).unwrap().stopped().await;
}

#[tokio::test]
async fn another_request_under_the_key_is_told_so_before_anything_else() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let (first, url) = (name(1), path(1));
    let one = gateway.put(1, &[KEY], &first);
    let others = async {
        vendor.arrived(1).await;
        for is_over in [false, true] {
            let etag = ("if-match", "\"0\"");
            let others = [
                gateway.put(1, &[KEY], &name(2)).await,
                gateway.put(1, &[KEY], "{\"name\": \"n1\"}").await,
                gateway.put(2, &[KEY], &name(1)).await,
                gateway.call(Method::DELETE, &url, &[KEY], "").await,
                gateway.call(Method::POST, "/v1/assistants?vendor=sondos", &[KEY], &new_assistant("n1")).await,
                gateway.put(1, &[KEY, ("prefer", "respond-async")], &name(1)).await,
                gateway.put(1, &[KEY, etag], &name(1)).await,
                // What is refused anyway, and what would send nothing.
                gateway.put(1, &[KEY], "{\"name\":7}").await,
                gateway.put(1, &[KEY], "{\"nam\":").await,
                gateway.put(1, &[KEY, ("prefer", "handling=lenient")], "{\"tool_ids\":[1]}").await,
            ];
            for (at, reply) in others.iter().enumerate() {
                assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "idempotency_key_reused"), "{at} {reply:?}");
            }
            if !is_over {
                let twin = gateway.call(Method::PATCH, &url, &[("idempotency-key", "\"a\"")], &name(1)).await;
                assert_eq!((twin.status.as_u16(), &*twin.code()), (409, "idempotency_in_progress"), "{twin:?}");
                gate.open();
                settled(&gateway, &Method::PUT, &url, &[KEY], &name(1)).await;
            }
        }
    };
    let (answered, ()) = futures_util::future::join(one, others).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let twin = gateway.call(Method::PATCH, &url, &[("idempotency-key", "\"a\"")], &name(1)).await;
    same(&answered, &twin);
    // Another dry run, and one with a key that was used, are carried out as ever, and use no key.
    let dry = gateway.call(Method::PUT, &format!("{url}?dry_run=true"), &[KEY], &name(7)).await;
    assert_eq!((dry.status.as_u16(), &dry.json()["dry_run"]), (200, &true.into()), "{dry:?}");
    let unused = ("idempotency-key", "b");
    let dry = gateway.call(Method::PUT, &format!("{url}?dry_run=true"), &[unused], &name(8)).await;
    assert_eq!(dry.status, 200, "{dry:?}");
    let real = gateway.put(1, &[unused], &name(9)).await;
    assert_eq!((real.status.as_u16(), real.header("idempotency-replayed")), (200, None), "{real:?}");
    assert_eq!(vendor.numbers(1), [1, 9]);
    gateway.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_finds_the_answer_when_it_asks_again() {
    let vendor = Vendor::start().await;
    let setup = Setup::new(&vendor);
    let gateway = Arc::new(Gateway::start(&setup).await);
    let cases = [
        (Method::PUT, path(1), name(1)),
        (Method::DELETE, path(1), String::new()),
        (Method::POST, "/v1/assistants?vendor=sondos".to_owned(), new_assistant("n3")),
    ];
    for (at, (method, path, body)) in cases.iter().enumerate() {
        let gate = Gate::new();
        let held = gate.clone();
        vendor.answers(move |_| Answer::Ok.after(&held));
        let key = format!("left-{at}");
        let (leaves, left, sent) = (Arc::clone(&gateway), key.clone(), (method.clone(), path.clone(), body.clone()));
        let caller = TaskTracker::new()
            .spawn(async move { leaves.call(sent.0, &sent.1, &[("idempotency-key", &left)], &sent.2).await });
        vendor.arrived(at + 1).await;
        caller.abort();
        assert!(caller.await.is_err());
        gate.open();
        let reply = settled(&gateway, method, path, &[("idempotency-key", &key)], body).await;
        assert!(reply.status.is_success(), "{reply:?}");
        assert_eq!(reply.header("idempotency-replayed"), Some("true"), "{reply:?}");
        assert_eq!(vendor.arrivals().len(), at + 1);
    }
    Arc::into_inner(gateway).unwrap().stopped().await;
}

#[tokio::test]
async fn after_an_unknown_outcome_a_change_is_sent_again_unless_a_newer_one_has_its_fields() {
    for restarts in [false, true] {
        let vendor = Vendor::start().await;
        let setup = Setup::new(&vendor);
        let mut gateway = Gateway::start(&setup).await;
        let unknown = async |gateway: &Gateway, id: u64, key: &str| {
            vendor.answers(|_| Answer::AppliedAndLost);
            let reply = gateway.put(id, &[("idempotency-key", key)], &name(1)).await;
            assert_eq!(reply.json()["outcome"], "unknown", "{reply:?}");
            vendor.answers(|_| Answer::Ok);
        };
        for id in 1..=3 {
            unknown(&gateway, id, &format!("unknown-{id}")).await;
        }
        assert_eq!(gateway.put(2, &[], r#"{"initial_message":"n2"}"#).await.status, 200);
        let newer = gateway.put(3, &[("x-request-id", "newer-one")], &name(2)).await;
        assert_eq!(newer.status, 200);
        if restarts {
            // A plain change is written down with what comes next.
            eventually(PATIENCE, async || (gateway.get("/v1/updates/newer-one").await.status == 200).then_some(()))
                .await;
            gateway = gateway.restarted(&setup).await;
        }
        let newer = gateway.get("/v1/updates/newer-one").await.json()["update"].clone();
        for id in [1, 2] {
            let key = format!("unknown-{id}");
            let again = gateway.put(id, &[("idempotency-key", &key)], &name(1)).await;
            assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, None), "{again:?}");
            same(&again, &gateway.put(id, &[("idempotency-key", &key)], &name(1)).await);
            let count = vendor.numbers(id).iter().filter(|number| **number == 1).count();
            assert_eq!(count, 2, "{id}");
        }
        for _ in 0..2 {
            let refused = gateway.put(3, &[("idempotency-key", "unknown-3")], &name(1)).await;
            let problem = refused.problem("superseded");
            assert_eq!((refused.status.as_u16(), &problem["superseded_by"][0]), (409, &newer), "{problem:#}");
            assert_eq!(problem["errors"][0]["field"], "name", "{problem:#}");
        }
        assert_eq!(vendor.applied(3), [1, 2]);
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn a_creation_whose_outcome_is_unknown_is_never_sent_again() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::AppliedAndLost);
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start(&setup).await;
    let create = async |gateway: &Gateway| {
        gateway.call(Method::POST, "/v1/assistants?vendor=sondos", &[KEY], &new_assistant("n1")).await
    };
    let first = create(&gateway).await;
    assert_eq!(first.json()["outcome"], "unknown", "{first:?}");
    vendor.answers(|_| Answer::Ok);
    same(&first, &create(&gateway).await);
    let gateway = gateway.restarted(&setup).await;
    same(&first, &create(&gateway).await);
    assert_eq!(vendor.arrivals().len(), 1);
    gateway.stopped().await;
}

#[tokio::test]
async fn what_was_not_applied_frees_its_key_and_a_refusal_keeps_it() {
    let vendor = Vendor::start().await;
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    vendor.answers(|_| Answer::unauthenticated());
    let failed = gateway.put(1, &[KEY], &name(1)).await;
    assert_eq!(failed.json()["outcome"], "not_applied", "{failed:?}");
    vendor.answers(|_| Answer::invalid());
    let refused = gateway.put(1, &[KEY], &name(1)).await;
    assert_eq!((refused.status.as_u16(), refused.header("idempotency-replayed")), (422, None), "{refused:?}");
    vendor.answers(|_| Answer::Ok);
    same(&refused, &gateway.put(1, &[KEY], &name(1)).await);
    assert_eq!(vendor.arrivals().len(), 2);
    // Our own refusal, before anything was admitted, keeps nothing.
    let own = ("idempotency-key", "b");
    assert_eq!(gateway.put(1, &[own], "{\"name\":7}").await.status, 422);
    assert_eq!(gateway.put(1, &[own], &name(2)).await.status, 200);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_stored_answer_comes_before_whatever_would_refuse_the_same_request_today() {
    let vendor = Vendor::start().await;
    let languages = "[vendors.sondos.catalog.languages]\n\"1\" = \"English\"\n";
    let strict = Setup::new(&vendor).more(languages).queue("max_per_assistant = 1");
    let keys = strict.vendor.clone() + "handling = \"lenient\"\n";
    let lenient = strict.clone().vendor(&keys);
    let gateway = Gateway::start(&lenient).await;
    let dropped = "{\"name\":\"n1\",\"tool_ids\":[1]}";
    let named = "{\"name\":\"n2\",\"language_id\":1}";
    let asynchronous = [("idempotency-key", "c"), ("prefer", "respond-async, wait=20")];
    let first = [
        gateway.put(1, &[KEY], dropped).await,
        gateway.put(1, &[("idempotency-key", "b")], named).await,
        gateway.put(2, &asynchronous, &name(3)).await,
    ];
    assert!(first.iter().all(|reply| reply.status == 200), "{first:?}");
    let before = vendor.arrivals().len();
    // The field is refused, the id is in no catalog of the configuration, and no more changes of the assistant may wait.
    gateway.reload(&Setup { more: String::new(), ..strict }).await;
    vendor.answers(|_| Answer::down());
    let waits = gateway.later(2, &name(4)).await;
    vendor.arrived(before + 1).await;
    let unused = ("idempotency-key", "d");
    let refused = gateway.put(1, &[unused], dropped).await;
    assert_eq!((refused.status.as_u16(), &*refused.code()), (422, "unsupported_by_vendor"), "{refused:?}");
    let full = gateway.put(2, &[unused, ("prefer", "respond-async")], &name(3)).await;
    assert_eq!(full.code(), "queue_full", "{full:?}");
    let asked = vendor.arrivals().into_iter().filter(|arrival| arrival.method == "GET").count();
    same(&first[0], &gateway.put(1, &[KEY], dropped).await);
    same(&first[1], &gateway.put(1, &[("idempotency-key", "b")], named).await);
    let again = gateway.put(2, &asynchronous, &name(3)).await;
    assert_eq!((again.status, &again.body), (first[2].status, &first[2].body), "{again:?}");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    // Nor was the vendor asked for its catalogs.
    let after = vendor.arrivals().into_iter().filter(|arrival| arrival.method == "GET").count();
    assert_eq!(after, asked);
    vendor.answers(|_| Answer::Ok);
    gateway.end(&waits).await;
    gateway.stopped().await;
}

#[tokio::test]
async fn a_key_is_kept_for_its_time_and_no_longer() {
    let vendor = Vendor::start().await;
    let gateway = Gateway::start(&Setup::new(&vendor).more("[idempotency]\nretention = \"1s\"")).await;
    let first = gateway.put(1, &[KEY], &name(1)).await;
    same(&first, &gateway.put(1, &[KEY], &name(1)).await);
    eventually(PATIENCE, async || {
        let reply = gateway.put(1, &[KEY], &name(1)).await;
        assert_eq!(reply.status, 200);
        reply.header("idempotency-replayed").is_none().then_some(())
    })
    .await;
    assert_eq!(vendor.arrivals().len(), 2);
    gateway.stopped().await;
}

#[tokio::test]
async fn an_asynchronous_change_has_one_record_while_it_is_under_way_and_its_answer_afterwards() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let setup = Setup::new(&vendor);
    let mut gateway = Gateway::start(&setup).await;
    let headers = [KEY, ("prefer", "respond-async")];
    let first = gateway.put(1, &headers, &name(1)).await;
    assert_eq!(first.status, 202, "{first:?}");
    vendor.arrived(1).await;
    for restarts in [false, true] {
        if restarts {
            gateway = gateway.restarted(&setup).await;
        }
        let again = gateway.put(1, &headers, &name(1)).await;
        assert_eq!((again.status.as_u16(), &again.json()["update"]), (202, &first.json()["update"]), "{again:?}");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("preference-applied"), Some("respond-async"));
    }
    let other = gateway.put(1, &headers, &name(2)).await;
    assert_eq!((other.status.as_u16(), &*other.code()), (422, "idempotency_key_reused"), "{other:?}");
    gate.open();
    let record = gateway.end(first.json()["update"].as_str().unwrap()).await;
    let after = gateway.put(1, &headers, &name(1)).await;
    assert_eq!((after.status.as_u16(), after.header("idempotency-replayed")), (200, Some("true")), "{after:?}");
    assert_eq!(after.header("location"), first.header("location"));
    assert_eq!(after.json(), record["answer"]["body"]);
    assert_eq!(record["answer"]["status"], Value::from(200));
    gateway = gateway.restarted(&setup).await;
    let later = gateway.put(1, &headers, &name(1)).await;
    assert_eq!((later.status, &later.body), (after.status, &after.body));
    assert!(vendor.numbers(1).iter().all(|number| *number == 1) && vendor.arrivals().len() == 2);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_canceled_change_frees_its_key() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&slow(&vendor)).await;
    gateway.later(1, &name(1)).await;
    let headers = [KEY, ("prefer", "respond-async")];
    let first = gateway.put(1, &headers, &name(2)).await.json()["update"].clone();
    let canceled = gateway.call(Method::DELETE, &format!("/v1/updates/{}", first.as_str().unwrap()), &[], "").await;
    assert_eq!(canceled.json()["state"], "canceled", "{canceled:?}");
    let again = gateway.put(1, &headers, &name(2)).await;
    assert_eq!(again.status, 202, "{again:?}");
    assert_ne!(again.json()["update"], first);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_copy_has_one_answer_for_its_key() {
    let options = Options { token: Some("1|first".to_owned()), assistants: 3, ..Options::default() };
    let simulator = Simulator::start("sondos", options).await.unwrap();
    let setup = Setup { base: simulator.base_url(), ..Setup::new(&Vendor::start().await) };
    let gateway = Gateway::start(&setup).await;
    let body = r#"{"vendor":"sondos","changes":{"name":"a copy","voice_id":1,"system_prompt":"Be kind","initial_message":"Hello"}}"#;
    let copy = async |gateway: &Gateway, body: &str| {
        gateway.call(Method::POST, "/v1/assistants/sondos:1/copies", &[KEY, ("prefer", "handling=lenient")], body).await
    };
    let first = copy(&gateway, body).await;
    assert_eq!(first.status, 201, "{first:?}");
    same(&first, &copy(&gateway, body).await);
    let other = copy(&gateway, &body.replace("a copy", "another")).await;
    assert_eq!((other.status.as_u16(), &*other.code()), (422, "idempotency_key_reused"), "{other:?}");
    let gateway = gateway.restarted(&setup).await;
    same(&first, &copy(&gateway, body).await);
    let creations = simulator.received().iter().filter(|request| request.method == "POST").count();
    assert_eq!(creations, 1);
    gateway.stopped().await;
    simulator.stop().await;
}
