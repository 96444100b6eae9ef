//! The check against simulators: no drift is found where there is none, each drift is found and named, and the
//! assistant is the same afterwards.

#[cfg(test)]
mod nested;
#[cfg(test)]
mod own_assistant;
#[cfg(test)]
#[path = "../../../tests/security/canary/parrot.rs"]
mod parrot;
#[cfg(test)]
#[expect(dead_code, reason = "no private keys are searched for here")]
#[path = "../../../tests/security/canary/secret.rs"]
mod secret;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[path = "../../../tests/security/canary/shapes.rs"]
mod shapes;
#[cfg(test)]
#[expect(dead_code, reason = "only the vendor's end of a TLS connection is named here")]
#[path = "../../../tests/security/canary/tls.rs"]
mod tls;

#[cfg(test)]
mod conformance {
    use std::process::{Command, Output};
    use std::time::Duration;

    use bytes::Bytes;
    use conformance::{Finding, FindingKind, Options as CheckOptions, Outcome, Report, Source, Stop};
    use http::Request;
    use http_body_util::Full;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use serde_json::Value;
    use simulators::{Drift, NAMES, Options, Simulator};
    use switchboard::config::Environment;

    pub(crate) const SAMPLE: &str = "789";

    pub(crate) async fn simulator(vendor: &str, drift: &[&str], faults: &[&str]) -> Simulator {
        let drift = drift.iter().map(|text| text.parse::<Drift>().unwrap()).collect();
        let faults = faults.iter().map(|text| text.parse().unwrap()).collect();
        Simulator::start(vendor, Options { drift, faults, ..Options::default() }).await.unwrap()
    }

    pub(crate) async fn verified(simulator: &Simulator, assistant: &str, write: bool) -> Result<Report, Stop> {
        let environment: Environment = [("T".to_owned(), simulator.token().to_owned())].into_iter().collect();
        let source = Source {
            vendor: simulator.vendor().to_owned(),
            base_url: Some(simulator.base_url()),
            token_env: Some("T".to_owned()),
            config: None,
        };
        let account = source.build(&environment).unwrap();
        let options = CheckOptions { assistant: assistant.to_owned(), write, draft: false, pause: Duration::ZERO };
        conformance::verify(&account, &options, &mut |_| {}).await
    }

    /// The findings at a vendor with this drift. The assistant stays as it was in every case.
    async fn found(vendor: &str, drift: &str, write: bool) -> Vec<Finding> {
        let simulator = simulator(vendor, &[drift], &[]).await;
        let before = simulator.state(789);
        let report = verified(&simulator, SAMPLE, write).await.unwrap();
        assert_eq!(simulator.state(789), before, "{vendor} {drift}");
        assert_eq!((report.writes > 0, report.read_again), (write, write));
        assert_eq!(report.stopped, None);
        report.findings
    }

    /// Changes the assistant as another client would.
    async fn meddle(simulator: &Simulator) {
        let request = Request::put(format!("{}/user/assistant/{SAMPLE}", simulator.base_url()))
            .header("authorization", format!("Bearer {}", simulator.token()))
            .header("content-type", "application/json")
            .body(Full::<Bytes>::from(r#"{"system_prompt":"Hello."}"#));
        let client = Client::builder(TokioExecutor::new()).build_http();
        assert_eq!(client.request(request.unwrap()).await.unwrap().status(), 200);
    }

    fn only(findings: &[Finding]) -> (FindingKind, Option<&str>, Option<&str>) {
        let [only] = findings else { panic!("{findings:#?}") };
        (only.kind, only.field, only.vendor_field.as_deref())
    }

    #[tokio::test]
    async fn a_vendor_that_is_as_documented_shows_no_drift_and_loses_nothing() {
        for vendor in NAMES {
            let simulator = simulator(vendor, &[], &[]).await;
            let before = simulator.state(789);
            for write in [false, true] {
                let report = verified(&simulator, SAMPLE, write).await.unwrap();
                assert_eq!(report.findings, [], "{vendor}");
                assert_eq!((&report.stopped, report.notes.len()), (&None, 0), "{vendor}: {:?}", report.notes);
                let known = report.fields_with(if write { Outcome::Confirmed } else { Outcome::Shown }).len();
                assert!(known > 30, "{vendor}: {known}");
                assert_eq!(report.fields_with(Outcome::Found).len(), 0);
            }
            assert_eq!(simulator.state(789), before, "{vendor}");
        }
    }

    #[tokio::test]
    async fn without_the_option_to_write_it_only_reads() {
        for vendor in NAMES {
            let simulator = simulator(vendor, &[], &[]).await;
            verified(&simulator, SAMPLE, false).await.unwrap();
            assert!(simulator.received().iter().all(|request| request.method == "GET" && request.body.is_empty()));
        }
    }

    #[tokio::test]
    async fn a_renamed_field_is_found_with_both_names() {
        for vendor in NAMES {
            for write in [false, true] {
                let findings = found(vendor, "rename=speech_speed:speaking_speed", write).await;
                assert_eq!(
                    only(&findings),
                    (FindingKind::Renamed, Some("speech_speed"), Some("speech_speed")),
                    "{vendor}"
                );
                assert!(findings[0].detail.contains("`speaking_speed`"), "{findings:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_narrowed_range_is_found_whether_or_not_it_holds_the_present_value() {
        for vendor in NAMES {
            for (drift, field, sentence) in [
                ("narrow=speech_speed:0.9:1.1", "speech_speed", "between 0.9 and 1.1"),
                ("narrow=voice_stability:0:0.9", "voice_stability", "between 0.0 and 0.9"),
                ("narrow=max_silence_duration:50:100", "max_silence_duration", "between 50.0 and 100.0"),
            ] {
                let findings = found(vendor, drift, true).await;
                assert_eq!(only(&findings), (FindingKind::NarrowedRange, Some(field), Some(field)), "{vendor}");
                assert!(findings[0].detail.contains(sentence), "{findings:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_new_required_field_is_found_under_its_name() {
        for vendor in NAMES {
            let findings = found(vendor, "require=department", true).await;
            assert_eq!(only(&findings), (FindingKind::NewRequiredField, None, Some("department")), "{vendor}");
        }
    }

    #[tokio::test]
    async fn a_field_that_is_ignored_is_found() {
        for vendor in NAMES {
            for field in ["llm_temperature", "timezone", "variables", "speech_speed"] {
                let findings = found(vendor, &format!("ignore={field}"), true).await;
                assert_eq!(only(&findings), (FindingKind::Ignored, Some(field), Some(field)), "{vendor}");
            }
        }
        let findings = found("sondos", "rename=record_call:recording", true).await;
        assert_eq!(only(&findings), (FindingKind::Ignored, Some("record"), Some("record_call")));
    }

    #[tokio::test]
    async fn a_changed_error_shape_is_found_with_and_without_writing() {
        for vendor in NAMES {
            for write in [false, true] {
                let findings = found(vendor, "error-shape", write).await;
                assert_eq!(only(&findings).0, FindingKind::UnknownErrorShape, "{vendor}");
                assert!(findings[0].detail.contains("422 {error: "), "{findings:?}");
            }
        }
    }

    #[tokio::test]
    async fn new_retyped_and_broken_answers_are_found_by_name() {
        for vendor in NAMES {
            for write in [false, true] {
                let findings = found(vendor, "new-field=agent_version", write).await;
                assert_eq!(only(&findings), (FindingKind::NewField, None, Some("agent_version")), "{vendor}");
                let findings = found(vendor, "broken-catalog=languages", write).await;
                assert_eq!(only(&findings), (FindingKind::BrokenCatalog, None, Some("languages")), "{vendor}");
                let findings = found(vendor, "retype=timezone", write).await;
                let retyped = |finding: &Finding| finding.kind == FindingKind::RetypedField;
                assert!(findings.iter().any(retyped), "{findings:?}");
                assert!(findings.iter().all(|finding| finding.field == Some("timezone")), "{findings:?}");
            }
        }
    }

    #[tokio::test]
    async fn several_drifts_are_distinguished() {
        let drift =
            ["rename=speech_speed:talking_speed", "ignore=record", "narrow=max_duration:1:900", "new-field=badge"];
        let simulator = simulator("autocalls", &drift, &[]).await;
        let report = verified(&simulator, SAMPLE, true).await.unwrap();
        let kinds: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.field)).collect();
        let wanted = [
            (FindingKind::Renamed, Some("speech_speed")),
            (FindingKind::NarrowedRange, Some("max_duration")),
            (FindingKind::Ignored, Some("record")),
            (FindingKind::NewField, None),
        ];
        assert_eq!(kinds, wanted, "{:#?}", report.findings);
    }

    #[tokio::test]
    async fn an_assistant_that_changes_meanwhile_is_reported() {
        let simulator = simulator("gloriagent", &[], &["hold*1"]).await;
        let verifying = verified(&simulator, SAMPLE, true);
        let meddling = async {
            let mut count = 1;
            while simulator.received_at_least(count).await.iter().all(|request| request.method == "GET") {
                count += 1;
            }
            meddle(&simulator).await;
            simulator.set_faults(Vec::new());
        };
        let (report, ()) = tokio::join!(verifying, meddling);
        let report = report.unwrap();
        assert_eq!(only(&report.findings), (FindingKind::Changed, Some("system_prompt"), Some("system_prompt")));
    }

    #[tokio::test]
    async fn a_vendor_that_asks_for_a_pause_gets_it_and_is_checked() {
        let simulator =
            simulator("famulor", &[], &["status=429,retry-after=0*4", "status=429,retry-after=0@get*2"]).await;
        let report = verified(&simulator, SAMPLE, true).await.unwrap();
        assert_eq!((report.findings.as_slice(), report.stopped), (&[][..], None));
    }

    #[tokio::test]
    async fn a_failed_read_stops_it_before_anything_is_written() {
        for (faults, assistant, stop) in [
            (vec![], "4711", Stop::NoAssistant("4711".to_owned())),
            (vec![], "seven", Stop::NoId("seven".to_owned())),
            (vec!["shape=401-unauthenticated@get"], SAMPLE, Stop::Token(401)),
            (vec!["status=404@get"], SAMPLE, Stop::NoList("the vendor answers 404".to_owned())),
        ] {
            let simulator = simulator("sondos", &[], &faults).await;
            assert_eq!(verified(&simulator, assistant, true).await.unwrap_err(), stop);
            assert!(simulator.received().iter().all(|request| request.method == "GET"));
        }
    }

    /// Runs the real binary with the token in the variable `T`.
    async fn binary(arguments: &[&str], token: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command.args(arguments).env_clear().env("T", token).current_dir(std::env::temp_dir());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_exit_status_gives_the_result_and_the_table_names_the_field() {
        let sound = simulator("autocalls", &[], &[]).await;
        let drifted = simulator("autocalls", &["rename=speech_speed:voice_speed"], &[]).await;
        for (simulator, assistant, status, words) in [
            (&sound, SAMPLE, 0, vec!["no drift", "39 fields took the value", "read again: the assistant is as it was"]),
            (
                &drifted,
                SAMPLE,
                1,
                vec![
                    "drift: 1 finding\n",
                    "renamed  speech_speed",
                    "`voice_speed`",
                    "if it stays: vendors/contracts/autocalls/request.schema.json, then vendors/src/autocalls/mod.rs",
                ],
            ),
            (&sound, "4711", 2, vec![]),
        ] {
            let url = simulator.base_url();
            let arguments = [
                "autocalls",
                "--assistant",
                assistant,
                "--base-url",
                &url,
                "--token-env",
                "T",
                "--write",
                "--pause",
                "0",
            ];
            let output = binary(&arguments, simulator.token()).await;
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(status), "{out}{err}");
            assert!(words.iter().all(|word| out.contains(word)), "{out}");
            assert_eq!(err.contains("writing to assistant 789"), assistant == SAMPLE, "{err}");
            assert_eq!(err.contains("lists no assistant with the id 4711"), assistant != SAMPLE, "{err}");
        }
    }

    #[tokio::test]
    async fn an_account_of_the_configuration_is_checked_and_reported_as_json() {
        let simulator = simulator("sondos", &["new-field=badge"], &[]).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("switchboard.toml");
        let url = simulator.base_url();
        let table =
            format!("[vendors.acme-1]\ndialect = \"sondos\"\nbase_url = \"{url}\"\ntoken = {{ env = \"T\" }}\n");
        std::fs::write(&path, table).unwrap();
        let config = path.to_str().unwrap();
        let output =
            binary(&["acme-1", "--assistant", SAMPLE, "--config", config, "--json", "--pause", "0"], "sim-sondos")
                .await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&report["vendor"], &report["dialect"], &report["writes"]),
            (&"acme-1".into(), &"sondos".into(), &0.into())
        );
        assert_eq!(
            (&report["findings"][0]["kind"], &report["findings"][0]["vendor_field"]),
            (&"new_field".into(), &"badge".into())
        );
        for file in report["findings"][0]["files"].as_array().unwrap() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file.as_str().unwrap());
            assert!(path.exists(), "{file}");
        }
        let output = binary(&["acme-2", "--assistant", SAMPLE, "--config", config], "sim-sondos").await;
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("has no account `acme-2`; it has acme-1"), "{}", text(&output.stderr));
    }

    #[tokio::test]
    async fn the_token_is_never_shown() {
        let simulator = simulator("autocalls", &["new-field=sim-autocalls"], &["echo-headers"]).await;
        let url = simulator.base_url();
        for json in [None, Some("--json")] {
            let mut arguments = vec![
                "autocalls",
                "--assistant",
                SAMPLE,
                "--base-url",
                &url,
                "--token-env",
                "T",
                "--write",
                "--pause",
                "0",
            ];
            arguments.extend(json);
            let output = binary(&arguments, simulator.token()).await;
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(said.contains("[redacted]") && !said.contains("sim-autocalls"), "{said}");
            assert_ne!(output.status.code(), Some(0));
        }
    }

    #[tokio::test]
    async fn an_unknown_vendor_or_variable_is_refused_with_its_name() {
        for (arguments, words) in [
            (
                vec!["sodnos", "--assistant", "1", "--token-env", "T"],
                "no vendor is called `sodnos`; there are autocalls",
            ),
            (vec!["sondos", "--assistant", "1", "--token-env", "NOT_SET"], "NOT_SET (--token-env) is not set"),
            (vec!["sondos", "--assistant", "1", "--base-url", "nonsense", "--token-env", "T"], "base_url"),
        ] {
            let output = binary(&arguments, "t").await;
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
        }
    }
}
