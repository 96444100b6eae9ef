//! Many updates of one assistant at once.

use futures_util::future::join_all;
use serde_json::json;
use simulators::FAMILIES;

use super::{document, fields, first, stage};
use crate::support::Stage;

/// The texts that the writes have in a member, in the order in which the vendor received them.
fn written(stage: &Stage, vendor: &str) -> Vec<(String, u64)> {
    let received = stage.simulator(vendor).received();
    let writes = received.iter().filter(|request| request.method == "PATCH");
    let number = |text: &str| {
        let at = text.find("number ").expect("every write has the number of its update") + 7;
        text[at..].chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    writes.map(|request| (request.path.clone(), number(&String::from_utf8_lossy(&request.body)))).collect()
}

#[tokio::test]
async fn updates_of_one_assistant_never_interleave() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let assistant = format!("{vendor}:{}", first(vendor));
        // Two objects at one vendor, an object that is read first at another.
        let update = |number: u64| {
            json!({ "name": format!("number {number}"), "system_prompt": format!("This is number {number}.") })
                .to_string()
        };
        let replies = join_all((1..=20).map(|number| stage.put(&assistant, update(number)))).await;
        assert!(replies.iter().all(|reply| reply.status == 200), "{vendor}: {replies:?}");
        let writes = written(&stage, vendor);
        let each = if vendor == "retell" { 2 } else { 1 };
        assert_eq!(writes.len(), 20 * each, "{vendor}");
        for one in writes.chunks(each) {
            assert!(one.iter().all(|(_, number)| *number == one[0].1), "{vendor}: {writes:?}");
        }
        // Between the reads and the writes of one update are no requests of another.
        let received = stage.simulator(vendor).received();
        let turns: Vec<_> = received.iter().map(|request| request.header("x-request-id").unwrap().to_owned()).collect();
        let mut seen: Vec<String> = Vec::new();
        for turn in turns {
            if seen.last() != Some(&turn) {
                assert!(!seen.contains(&turn), "{vendor}: the requests of two updates interleave");
                seen.push(turn);
            }
        }
        assert_eq!(seen.len(), 20, "{vendor}");
        let last = writes.last().unwrap().1;
        let told = fields(&stage, vendor).await;
        assert_eq!(told["name"], format!("number {last}"), "{vendor}");
        assert_eq!(told["system_prompt"], format!("This is number {last}."), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn updates_of_different_fields_at_once_lose_none_of_them() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let assistant = format!("{vendor}:{}", first(vendor));
        let updates = [
            json!({ "name": "Late desk" }),
            json!({ "system_prompt": "Be brief." }),
            json!({ "llm_temperature": 0.7 }),
            json!({ "speech_speed": 1.1 }),
            json!({ "max_duration": 300 }),
            json!({ "keywords": ["Zeta"] }),
            json!({ "initial_message": "Good day." }),
            json!({ "record": false }),
        ];
        let replies = join_all(updates.iter().map(|update| stage.put(&assistant, update.to_string()))).await;
        assert!(replies.iter().all(|reply| reply.status == 200), "{vendor}: {replies:?}");
        let told = fields(&stage, vendor).await;
        for (field, value) in updates.iter().flat_map(|update| update.as_object().unwrap()) {
            assert_eq!(&told[field], value, "{vendor} {field}: {:#}", document(&stage, vendor));
        }
        stage.stop().await;
    }
}
