//! Many named assistants, which is what large configurations consist of.

use std::fmt::Write;

use super::Setup;

fn tables(count: usize, vendor: &str) -> String {
    let mut text = String::from("[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"T\" }\n");
    for number in 1..=count {
        let table = format!("[assistants.bot-{number}]\nvendor = \"{vendor}\"\nid = \"{number}\"\n");
        text.push_str(&table);
    }
    text
}

#[test]
fn ten_thousand_assistants_load() {
    let setup = Setup::new(&tables(10_000, "sondos")).variable("SWITCHBOARD_ASSISTANTS__BOT_7__ID", "8");
    let started = std::time::Instant::now();
    assert_eq!(setup.settings().assistants.len(), 10_000);
    println!("10,000 assistants: {:?}", started.elapsed());
}

#[test]
fn ten_thousand_mistakes_are_all_reported() {
    let setup = Setup::new(&tables(10_000, "sondso"));
    let started = std::time::Instant::now();
    let problems = setup.load().expect_err("a dangling vendor");
    assert_eq!(problems.errors().count(), 10_000);
    let mut text = String::new();
    write!(text, "{problems}").expect("rendered");
    assert_eq!(text.matches("did you mean `sondos`?").count(), 10_000);
    println!("10,000 mistakes: {:?}", started.elapsed());
}
