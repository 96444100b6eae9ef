//! Rules and named assistants: dangling names, duplicates, files.

use super::{Setup, assert_text, paths};

#[test]
fn names_of_nothing_configured_are_reported() {
    let setup = Setup::new(
        r#"[routing]
default_vendor = "sondso"
[[routing.rules]]
client = "crmm"
assistant = "7*"
vendor = "famulor"
[[routing.rules]]
assistant = "8*"
[vendors.sondos]
token = { env = "T" }
[clients.crm]
key_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
[assistants.sales]
vendor = "sondos2"
id = "1"
[assistants.lost]
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `routing.default_vendor` names the vendor "sondso", which is not configured
  --> c.toml:2:18
2 | default_vendor = "sondso"
  |                  ^^^^^^^^
  help: did you mean `sondos`?
error: `routing.rules[0].client` names the client "crmm", which is not configured
  --> c.toml:4:10
4 | client = "crmm"
  |          ^^^^^^
  help: did you mean `crm`?
error: `routing.rules[0].vendor` names the vendor "famulor", which is not configured
  --> c.toml:6:10
6 | vendor = "famulor"
  |          ^^^^^^^^^
  help: add a `[vendors.famulor]` table, or name one of those there are
error: `routing.rules[1]` lacks `vendor`
  --> c.toml:7:1
7 | [[routing.rules]]
  | ^^^^^^^^^^^^^^^^^
  help: add `vendor`: Where matching updates go.
error: `assistants.sales.vendor` names the vendor "sondos2", which is not configured
  --> c.toml:14:10
14 | vendor = "sondos2"
   |          ^^^^^^^^^
  help: did you mean `sondos`?
error: `assistants.lost` lacks `vendor`
  --> c.toml:16:13
16 | [assistants.lost …
   |             ^^^^
  help: add `vendor`: The vendor it lives at.
error: `assistants.lost` lacks `id`
  --> c.toml:16:13
16 | [assistants.lost …
   |             ^^^^
  help: add `id`: That vendor's id of it.
"#,
    );
}

#[test]
fn invalid_assistant_names_and_ids_are_reported() {
    let setup = Setup::new(
        r#"[vendors.sondos]
token = { env = "T" }
[assistants.Sales]
vendor = "sondos"
id = 1
[assistants."a b"]
vendor = "sondos"
id = -1
[assistants.ok]
vendor = "sondos"
id = "12a"
[assistants.large]
vendor = "sondos"
id = 99999999999999999999
[assistants.float]
vendor = "sondos"
id = 1.5
[assistants.padded]
vendor = "sondos"
id = "007"
[assistants.zero]
vendor = "sondos"
id = 0
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `Sales` cannot be an assistant name
  --> c.toml:3:13
3 | [assistants.Sales …
  |             ^^^^^
  help: did you mean `sales`? an assistant name consists of lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 128 characters
error: `a b` cannot be an assistant name
  --> c.toml:6:13
6 | [assistants."a b" …
  |             ^^^^^
  help: did you mean `a-b`? an assistant name consists of lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 128 characters
error: `assistants."a b".id` is no assistant id at `sondos`, where ids are digits, without a leading zero: "-1"
  --> c.toml:8:6
8 | id = -1
  |      ^^
  help: write the vendor's own id of the assistant
error: `assistants.ok.id` is no assistant id at `sondos`, where ids are digits, without a leading zero: "12a"
  --> c.toml:11:6
11 | id = "12a"
   |      ^^^^^
  help: write the vendor's own id of the assistant
error: `assistants.large.id` must be the vendor's id, such as "789", not an integer beyond 64 bits
  --> c.toml:14:6
14 | id = 99999999999999999999
   |      ^^^^^^^^^^^^^^^^^^^^
error: `assistants.float.id` must be the vendor's id, such as "789", not a float
  --> c.toml:17:6
17 | id = 1.5
   |      ^^^
error: `assistants.padded.id` is no assistant id at `sondos`, where ids are digits, without a leading zero: "007"
  --> c.toml:20:6
20 | id = "007"
   |      ^^^^^
  help: did you mean "7"?
error: `assistants.zero.id` is no assistant id at `sondos`, where ids are digits, without a leading zero: "0"
  --> c.toml:23:6
23 | id = 0
   |      ^
  help: write the vendor's own id of the assistant
"#,
    );
}

#[test]
fn problems_of_assistants_files_are_reported_where_they_are() {
    let setup = Setup::new(
        r#"[routing]
assistants_files = ["more/*.toml", "list.csv", "gone.csv", "*/x.toml"]
[vendors.sondos]
token = { env = "T" }
[assistants.sales]
vendor = "sondos"
id = 1
"#,
    )
    .file("more/a.toml", "[assistants.sales]\nvendor = \"sondos\"\nid = 2\n[server]\n")
    .file("more/b.toml", "[assistants.b]\nvendor = \"sondos\"\nidd = 2\n")
    .file("list.csv", "name,vendor,id\nc, sondso,3\nsales,sondos,4\nd,sondos\nE,sondos,x\n");
    assert_text(
        &setup.errors(),
        r#"
error: cannot read `gone.csv` for `routing.assistants_files`: No such file or directory (os error 2)
  --> c.toml:2:48
2 | assistants_files = ["more/*.toml", "list.csv", "gone.csv" …
  |                                                ^^^^^^^^^^
  help: a relative path starts from the folder of the configuration file
error: `routing.assistants_files`: "*/x.toml" has a pattern in a folder's name
  --> c.toml:2:60
2 | assistants_files = ["more/*.toml", "list.csv", "gone.csv", "*/x.toml" …
  |                                                            ^^^^^^^^^^
  help: `*` and `?` can stand in the file's name only
error: `assistants.sales` is there already: c.toml:5:13
  --> more/a.toml:1:13
1 | [assistants.sales …
  |             ^^^^^
  help: a name leads to one assistant; rename or remove one of the two
error: unknown key `server` in an assistants file
  --> more/a.toml:4:2
4 | [server …
  |  ^^^^^^
  help: only `[assistants.NAME]` tables can stand here
error: unknown key `assistants.b.idd`
  --> more/b.toml:3:1
3 | idd …
  | ^^^
  help: did you mean `id`?
error: `assistants.c.vendor` names the vendor "sondso", which is not configured
  --> list.csv:2:4
2 | c, sondso …
  |    ^^^^^^
  help: did you mean `sondos`?
error: `assistants.sales` is there already: c.toml:5:13
  --> list.csv:3:1
3 | sales …
  | ^^^^^
  help: a name leads to one assistant; rename or remove one of the two
error: a row of an assistants file has 2 cells
  --> list.csv:4:1
4 | d,sondos
  | ^^^^^^^^
  help: write `name,vendor,id` or `name,vendor,id,handling`
error: `E` cannot be an assistant name
  --> list.csv:5:1
5 | E …
  | ^
  help: did you mean `e`? an assistant name consists of lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 128 characters
error: `assistants.E.id` is no assistant id at `sondos`, where ids are digits, without a leading zero: "x"
  --> list.csv:5:10
5 | E,sondos,x
  |          ^
  help: write the vendor's own id of the assistant
"#,
    );
}

#[test]
fn rules_without_effect_have_warnings() {
    let setup = Setup::new(
        r#"
[routing]
assistants_files = ["none-*.csv"]
[[routing.rules]]
client = "web-*"
vendor = "sondos"
[[routing.rules]]
assistant = "*"
vendor = "sondos"
[[routing.rules]]
assistant = "7*"
vendor = "sondos"
[[routing.rules]]
assistant = "8*"
vendor = "sondos"
[vendors.sondos]
token = { env = "T" }
[auth]
mode = "none"
"#,
    );
    assert_text(
        &setup.warnings(),
        r#"
warning: `routing.assistants_files`: no file matches "none-*.csv"
  --> c.toml:3:21
3 | assistants_files = ["none-*.csv" …
  |                     ^^^^^^^^^^^^
  help: a relative path starts from the folder of the configuration file
warning: `routing.rules[0].client` matches no client
  --> c.toml:5:10
5 | client = "web-*"
  |          ^^^^^^^
  help: the rule never applies
warning: `routing.rules[2]` never applies: a rule before it takes every id
  --> c.toml:10:1
10 | [[routing.rules]]
   | ^^^^^^^^^^^^^^^^^
  help: move the rule that takes every id to the end
warning: `routing.rules[3]` never applies: a rule before it takes every id
  --> c.toml:13:1
13 | [[routing.rules]]
   | ^^^^^^^^^^^^^^^^^
  help: move the rule that takes every id to the end
"#,
    );
}

#[test]
fn assistants_come_from_tables_and_files() {
    let setup = Setup::new(
        r#"
[routing]
assistants_files = ["more/*", "list.csv"]
[vendors.sondos]
token = { env = "T" }
[assistants.a]
vendor = "sondos"
id = 1
"#,
    )
    .file("more/b.toml", "[assistants.b]\nvendor = \"sondos\"\nid = \"2\"\n")
    .file("more/c.csv", "c,sondos,3,\r\n# comment\r\n\r\n\"d\", sondos ,4,lenient\r\n")
    .file("list.csv", "\u{feff}# exported\nname,vendor,id\n\ne,\"sondos\",\"5\"");
    let settings = setup.settings();
    let ids: Vec<(&str, &str)> =
        settings.assistants.iter().map(|(name, assistant)| (name.as_str(), assistant.id.as_str())).collect();
    assert_eq!(ids, [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")]);
    assert_eq!(settings.assistants["d"].handling, Some(crate::config::Handling::Lenient));
    let watched = ["c.toml", "list.csv", "more", "more/b.toml", "more/c.csv"];
    assert_eq!(paths(&settings), watched.map(|name| setup.path(name)));
}

#[test]
fn assistants_files_as_spreadsheets_write_them_are_read() {
    let setup = |text: &str| {
        Setup::new("[vendors.sondos]\ntoken = { env = \"T\" }\n[routing]\nassistants_files = [\"a.csv\"]\n")
            .file("a.csv", text)
    };
    for text in [
        "\u{feff}Name,Vendor,Id\r\nsales,sondos,1\r\n",
        "name,vendor,id\rsales,sondos,1\r",
        "sales,sondos,1",
        "name,vendor,id,handling,,\nsales,sondos,1,,,\n,,,,,\n",
    ] {
        let settings = setup(text).settings();
        assert_eq!(settings.assistants.keys().collect::<Vec<_>>(), ["sales"], "{text:?}");
        assert!(!settings.warnings.to_string().contains("a.csv"), "{text:?}: {}", settings.warnings);
    }
    for (separator, name) in [(";", "semicolons"), ("\t", "tabs")] {
        let errors = setup(&"# exported\nname,vendor,id\nsales,sondos,1\n".replace(',', separator)).errors();
        assert!(
            errors.contains(&format!("the cells of this assistants file are separated by {name}\n  --> a.csv:2:1")),
            "{errors}"
        );
        assert!(errors.contains("help: write commas: name,vendor,id"), "{errors}");
    }
    for nothing in ["", "\u{feff}", "name,vendor,id\n", "\n\n", "# sales,sondos,1\n"] {
        let warnings = setup(nothing).warnings();
        assert!(
            warnings.contains("warning: `routing.assistants_files`: `a.csv` holds no assistants\n  --> c.toml:4:21"),
            "{warnings}"
        );
    }
}

#[test]
fn ids_of_every_dialect_are_checked() {
    let setup = Setup::new(
        r#"[vendors.vapi]
token = { env = "T" }
[vendors.retell]
token = { env = "T" }
[assistants.good]
vendor = "vapi"
id = "1a2b3c4d-0000-4000-8000-00000000000f"
[assistants.token]
vendor = "retell"
id = "agent_1A-b"
[assistants.upper]
vendor = "vapi"
id = "1A2B3C4D-0000-4000-8000-00000000000F"
[assistants.dotted]
vendor = "retell"
id = "agent.1"
[[routing.rules]]
assistant = "agent_*"
vendor = "retell"
[[routing.rules]]
assistant = "1A*"
vendor = "vapi"
"#,
    );
    assert_text(
        &setup.errors(),
        r#"
error: `assistants.upper.id` is no assistant id at `vapi`, where ids are UUIDs in lower case: "1A2B3C4D-0000-4000-8000-00000000000F"
  --> c.toml:13:6
13 | id = "1A2B3C4D-0000-4000-8000-00000000000F"
   |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: did you mean "1a2b3c4d-0000-4000-8000-00000000000f"?
error: `assistants.dotted.id` is no assistant id at `retell`, where ids are letters, digits, `_` and `-`: "agent.1"
  --> c.toml:16:6
16 | id = "agent.1"
   |      ^^^^^^^^^
  help: write the vendor's own id of the assistant
"#,
    );
    let rules = "[vendors.vapi]\ntoken = { env = \"T\" }\n[[routing.rules]]\nassistant = \"1A*\"\nvendor = \"vapi\"\n\
                 [[routing.rules]]\nassistant = \"1a*-*f?\"\nvendor = \"vapi\"\n";
    let warnings = Setup::new(rules).warnings();
    assert!(warnings.contains("`routing.rules[0]` never applies: ids are UUIDs in lower case at `vapi`"), "{warnings}");
    assert!(!warnings.contains("routing.rules[1]"), "{warnings}");
}
