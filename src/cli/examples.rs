//! Examples of each command, for `--help` and the manual page. Tests run their command lines through the parser.

#[cfg(feature = "simulators")]
pub(super) const DEMO: &str = "\
Examples:
  switchboard demo --once
  switchboard demo --listen 127.0.0.1:8081 --admin-listen 127.0.0.1:9091";

pub(super) const SERVE: &str = "\
Examples:
  switchboard serve --config /etc/switchboard/switchboard.toml
  SWITCHBOARD_LOG__LEVEL=debug switchboard serve";

#[cfg(feature = "simulators")]
pub(super) const SIMULATE: &str = "\
Examples:
  switchboard simulate sondos --listen 127.0.0.1:7001
  switchboard simulate famulor --listen 127.0.0.1:7002 --fault status=503*3
  switchboard simulate autocalls --listen 127.0.0.1:7003 --assistants 3000 --fault 'lost@create*1'
  switchboard simulate retell --listen 127.0.0.1:7004 --fault 'status=500@update-llm*1'
  switchboard simulate elevenlabs --listen 127.0.0.1:7005 --fault drop=conversation_config.tts.speed";

pub(super) const CHECK: &str = "\
Examples:
  switchboard check --config switchboard.toml
  switchboard check --schema > switchboard.schema.json";

pub(super) const EXPLAIN: &str = "\
Examples:
  switchboard explain sondos update.json
  switchboard explain acme-eu update.json --config switchboard.toml --handling lenient
  echo '{\"name\": \"Night desk\"}' | switchboard explain famulor --format body";

pub(super) const COVERAGE: &str = "\
Examples:
  switchboard coverage";

pub(super) const COMPARE: &str = "\
Examples:
  switchboard compare autocalls sondos
  switchboard compare autocalls sondos update.json";

pub(super) const KEYGEN: &str = "\
Examples:
  switchboard keygen crm
  switchboard keygen --store";

pub(super) const HEALTH: &str = "\
Examples:
  switchboard health
  switchboard health --url 127.0.0.1:9090/readyz";

pub(super) const STATUS: &str = "\
Examples:
  switchboard status --config /etc/switchboard/switchboard.toml
  switchboard status --watch
  switchboard status --url 10.0.0.7:9090 --token-env ADMIN_TOKEN --json";

pub(super) const QUEUE: &str = "\
Examples:
  switchboard queue
  switchboard queue dead --vendor sondos
  switchboard queue cancel 0198c0de-0000-7000-8000-000000000001
  switchboard queue replay 0198c0de-0000-7000-8000-000000000001 --remaining
  switchboard queue replay --all --vendor sondos --remaining
  switchboard queue list --url 10.0.0.7:9090 --token-env ADMIN_TOKEN --format json";

pub(super) const HISTORY: &str = "\
Examples:
  switchboard history sales-bot
  switchboard history sondos:789 --since 2d --field name --values
  switchboard history sales-bot --state dead,unknown --format json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  switchboard completions bash > /etc/bash_completion.d/switchboard
  switchboard completions zsh > ~/.zfunc/_switchboard";

pub(super) const MAN: &str = "\
Examples:
  switchboard man | man -l -";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cli::Cli;

    #[test]
    fn every_command_has_examples_that_can_be_parsed() {
        let command = Cli::command();
        for inner in command.get_subcommands() {
            let text = inner.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = text.lines().skip(1).collect();
            assert!(text.starts_with("Examples:\n") && !lines.is_empty(), "{}", inner.get_name());
            for line in lines {
                let call = line.split("switchboard ").nth(1).unwrap().split(['|', '>']).next().unwrap();
                let unquoted = call.split_whitespace().map(|word| word.trim_matches('\''));
                let words = ["switchboard"].into_iter().chain(unquoted);
                let parsed = command.clone().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                assert!(call.starts_with(inner.get_name()), "{line}");
            }
        }
    }
}
