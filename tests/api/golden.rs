//! Golden exchanges: one canonical update, and for every vendor what it received, what it answered and what the
//! caller got back.
//!
//! A case is a file in `tests/golden/`; its snapshots stand beside it as `<case>.<vendor>.snap`. After a wanted
//! change run with `INSTA_UPDATE=always` and read the difference: it is what callers and vendors will see.

#[cfg(test)]
mod golden {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use bytes::Bytes;
    use http::{HeaderMap, Method, Request};
    use http_body_util::{BodyExt, Collected, Full};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use serde_json::Value;
    use simulators::Received;
    use vendors::json::lay_out;

    use crate::support::Stage;
    use crate::support::case::{Case, Exchange, directory};

    macro_rules! cases {
        ($($case:ident)*) => {
            const CASES: &[&str] = &[$(stringify!($case)),*];
            $(#[tokio::test] async fn $case() { play(stringify!($case)).await; })*
        };
    }

    cases! {
        every_page_example
        every_field_at_once
        every_nullable_field_null
        tools_with_every_parameter
        tools_with_required_parameters_only
        switching_modes
        every_legacy_conversion
        fields_dropped_on_request
        vendor_options_merged
        names_from_catalogs
        texts_kept_verbatim
        refusals_before_the_vendor
        errors_from_the_vendor
    }

    /// The cases that show the tools, together.
    const TOOLS: [&str; 2] = ["tools_with_every_parameter", "tools_with_required_parameters_only"];

    /// Retries without the wait.
    const FAST: &str = "\n[vendors.{vendor}.retry]\nbackoff = \"1ms\"\nmax_backoff = \"2ms\"\n";

    async fn play(name: &str) {
        let case = Case::read(name);
        for vendor in simulators::NAMES {
            let exchanges = case.exchanges(vendor);
            if exchanges.is_empty() {
                continue;
            }
            let config = case.config(vendor) + &FAST.replace("{vendor}", vendor);
            let mut shown = String::new();
            for exchange in &exchanges {
                // Assistants, breakers, budgets, pauses and catalogs begin anew, so that exchanges can be reordered.
                let stage = Stage::of(&[vendor], &config, |text| text).await;
                shown.push_str(&show(&stage, vendor, exchange).await);
                stage.stop().await;
            }
            insta::with_settings!({
                snapshot_path => directory(),
                prepend_module_to_snapshot => false,
                omit_expression => true,
                description => case.about.as_str(),
            }, {
                insta::assert_snapshot!(format!("{name}.{vendor}"), shown);
            });
        }
    }

    /// One exchange as text.
    async fn show(stage: &Stage, vendor: &str, exchange: &Exchange) -> String {
        let faults: Vec<_> = exchange.faults.iter().map(String::as_str).collect();
        stage.fail(vendor, &faults);
        let mut headers = vec![("x-request-id", "golden")];
        let prefer = exchange.handling.as_ref().map(|handling| format!("handling={handling}"));
        headers.extend(prefer.as_deref().map(|prefer| ("prefer", prefer)));
        let reply = stage.put_with(&format!("{vendor}:789"), &headers, exchange.update.clone()).await;
        let received = stage.simulator(vendor).received();

        let mut out = format!("=== {}\n\nPUT /v1/assistants/{vendor}:789\n", exchange.name);
        prefer.iter().for_each(|prefer| writeln!(out, "prefer: {prefer}").unwrap());
        writeln!(out, "{}\n", lay_out(exchange.update.as_bytes())).unwrap();
        if received.is_empty() {
            out.push_str("--> nothing was sent to the vendor\n\n");
        }
        let mut read: Vec<_> = received.iter().filter(|request| request.method == "GET").collect();
        read.sort_by_key(|request| (&request.path, &request.query));
        for read in read {
            let query = read.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
            writeln!(out, "--> {} {}{query}\n", read.method, read.path).unwrap();
        }
        let updates: Vec<_> = received.iter().filter(|request| request.method != "GET").collect();
        if let Some(update) = updates.first() {
            for other in &updates {
                assert_eq!((&other.path, &other.body), (&update.path, &update.body), "attempts are the same request");
            }
            out.push_str(&sent(update, updates.len()));
            stage.fail(vendor, &faults);
            out.push_str(&answered(stage, vendor, update).await);
        }
        writeln!(out, "<== {}", reply.status).unwrap();
        out.push_str(&headers_of(&reply.headers, &["content-length", "date", "x-request-id"]));
        writeln!(out, "{}\n", lay_out(&reply.body)).unwrap();
        out.replace(&stage.simulator(vendor).addr().to_string(), "[the vendor's host]")
    }

    fn sent(update: &Received, times: usize) -> String {
        let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
        let headers = headers_of(&update.headers, &["content-length"]);
        format!("--> {} {}{times}\n{headers}{}\n\n", update.method, update.path, lay_out(&update.body))
    }

    /// Headers by name, with what differs from run to run and what nobody may see replaced.
    fn headers_of(headers: &HeaderMap, without: &[&str]) -> String {
        let mut lines = BTreeSet::new();
        for (name, value) in headers {
            let value = value.to_str().unwrap();
            let value = match name.as_str() {
                name if without.contains(&name) => continue,
                "authorization" => "Bearer [the vendor's token]",
                "host" => "[the vendor's host]",
                "traceparent" => "[a child of the caller's or a new trace]",
                "user-agent" => &value.replace(env!("CARGO_PKG_VERSION"), "[version]"),
                "location" => "[elsewhere]",
                _ => value,
            };
            lines.insert(format!("{name}: {value}\n"));
        }
        lines.into_iter().collect()
    }

    /// The vendor's answer: the same request once more, which changes nothing, since updates are idempotent.
    async fn answered(stage: &Stage, vendor: &str, update: &Received) -> String {
        let url = format!("http://{}{}", stage.simulator(vendor).addr(), update.path);
        let mut request = Request::builder().method(Method::PUT).uri(url);
        for name in ["authorization", "content-type", "accept"] {
            request = request.header(name, update.header(name).unwrap());
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request: Request<Full<Bytes>> = request.body(Full::new(update.body.clone())).unwrap();
        let Ok(response) = client.request(request).await else {
            return "<-- no answer: the connection was cut\n\n".to_owned();
        };
        let (head, body) = response.into_parts();
        let headers = headers_of(&head.headers, &["content-length", "date", "connection"]);
        match body.collect().await.map(Collected::to_bytes) {
            Ok(body) if body.len() > 1 << 20 => {
                format!("<-- {}\n{headers}[more than 1 MiB]\n\n", head.status)
            }
            Ok(body) if body.is_empty() => format!("<-- {}\n{headers}[no body]\n\n", head.status),
            Ok(body) => format!("<-- {}\n{headers}{}\n\n", head.status, lay_out(&body)),
            Err(_) => format!("<-- {}\n{headers}[a body that breaks off]\n\n", head.status),
        }
    }

    #[test]
    fn every_file_among_the_golden_ones_is_a_case_or_a_snapshot_of_one() {
        let mut expected = BTreeSet::new();
        for case in CASES {
            expected.insert(format!("{case}.json"));
            let read = Case::read(case);
            let vendors = simulators::NAMES.into_iter().filter(|vendor| !read.exchanges(vendor).is_empty());
            expected.extend(vendors.map(|vendor| format!("{case}.{vendor}.snap")));
        }
        let files = std::fs::read_dir(directory()).unwrap();
        let found: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let found: BTreeSet<_> = found.into_iter().filter(|name| !name.ends_with(".snap.new")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_error_shape_of_every_vendor_is_among_the_golden_ones() {
        let case = Case::read("errors_from_the_vendor");
        for vendor in simulators::NAMES {
            let played: BTreeSet<_> = case.exchanges(vendor).into_iter().flat_map(|exchange| exchange.faults).collect();
            for (slug, _) in simulators::contracts::answers(vendor).iter().filter(|(slug, _)| !slug.starts_with('2')) {
                assert!(played.contains(&format!("shape={slug}")), "{vendor}: {slug}");
            }
        }
    }

    /// The keys of each tool of this type that the cases send to a vendor.
    fn tools_sent(vendor: &str, tag: &str) -> Vec<BTreeSet<String>> {
        let exchanges = TOOLS.into_iter().flat_map(|case| Case::read(case).exchanges(vendor));
        let updates = exchanges.map(|exchange| serde_json::from_str::<Value>(&exchange.update).unwrap());
        let tools = updates.flat_map(|update| update["tools"].as_array().unwrap().clone());
        tools
            .filter(|tool| tool["type"] == tag)
            .map(|tool| tool.as_object().unwrap().keys().cloned().collect())
            .collect()
    }

    #[test]
    fn every_tool_of_every_page_is_sent_with_all_that_its_page_lists_and_with_no_more_than_it_needs() {
        for vendor in simulators::NAMES {
            let schema = simulators::contracts::schema(vendor).unwrap();
            for tool in schema["properties"]["tools"]["items"]["allOf"].as_array().into_iter().flatten() {
                let (tag, then) = (tool["if"]["properties"]["type"]["const"].as_str().unwrap(), &tool["then"]);
                let listed: BTreeSet<_> = then["properties"].as_object().unwrap().keys().cloned().collect();
                let needs = then["required"].as_array().unwrap().iter();
                let needs = needs.chain(then["allOf"][0]["then"]["required"].as_array().into_iter().flatten());
                let needs: BTreeSet<_> = needs.map(|key| key.as_str().unwrap().to_owned()).collect();
                let sent: Vec<_> = tools_sent(vendor, tag).into_iter().filter(|keys| keys.is_subset(&listed)).collect();
                let all: BTreeSet<_> = sent.iter().flatten().cloned().collect();
                assert_eq!(all, listed, "{vendor}: {tag} is not seen to arrive with all its parameters");
                assert!(sent.contains(&needs), "{vendor}: {tag} is not sent with {needs:?} alone");
            }
        }
    }
}
