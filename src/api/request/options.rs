//! The options of an operation on assistants: `dry_run`, `Prefer`, `Request-Timeout`, `Idempotency-Key`, conditions, and
//! what this gateway cannot keep.
//!
//! An option that an operation does not take is refused where ignoring it would be a false promise. A read or a list
//! changes nothing, so there it is ignored, but for `If-Match` on a list, which has no tag that could match.

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use tokio::time::Instant;
use vendors::Handling;

use crate::api::context::Context;
use crate::http::entity_tag::Condition;
use crate::http::header_names::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem};
use crate::value::{AssistantOperation, Right, Rights};

use super::idempotency::{self, IDEMPOTENCY_KEY};
use super::prefer::{self, Preferences, Return};
use super::query;
use super::timeout::request_timeout;

/// The options.
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// Whether everything is done but calling the vendor's endpoint that changes something.
    pub dry_run: bool,
    /// What the caller prefers to become of fields that the vendor lacks.
    pub handling: Option<Handling>,
    /// Whether the caller prefers to get the assistant as it is afterwards.
    pub representation: bool,
    /// Whether the caller prefers not to wait for the outcome, this operation can end later, and there is a store.
    pub respond_async: bool,
    /// For how many seconds the caller waits first, if it prefers not to wait for the outcome.
    pub wait: Option<u32>,
    /// The key under which this change is made once only; there is a store then.
    pub idempotency_key: Option<String>,
    /// The preferences that mean nothing here.
    pub unknown_preferences: Vec<String>,
    /// The state that the assistant must be in.
    pub if_match: Option<Condition>,
    /// The states that the caller has already.
    pub if_none_match: Option<Condition>,
    /// When the caller's patience ends.
    pub deadline: Instant,
}

/// Which options an operation takes.
#[derive(Clone, Copy)]
struct Taken {
    if_match: bool,
    if_none_match: bool,
    representation: bool,
    respond_async: bool,
}

impl Taken {
    const fn by(operation: AssistantOperation) -> Self {
        use AssistantOperation::{Copy, Create, Delete, List, Read, Update};
        Self {
            if_match: matches!(operation, Read | Update | Delete),
            if_none_match: matches!(operation, Read),
            representation: match operation {
                Update | Create | Copy => true,
                Read | List | Delete => false,
            },
            respond_async: matches!(operation, Update | Delete),
        }
    }
}

impl RequestOptions {
    /// Reads them, and checks that the caller may use them.
    ///
    /// # Errors
    /// One of them is invalid, or cannot be kept.
    pub fn read(
        context: &Context,
        operation: AssistantOperation,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let taken = Taken::by(operation);
        let dry_run = query::dry_run(query)?;
        refuse_promises(operation, taken, headers)?;
        let idempotency_key = read_key(context, operation, headers, dry_run)?;
        let read_condition = |is_taken: bool, name: &HeaderName, shown: &'static str| match is_taken {
            true => Condition::read(headers, name, shown)
                .map_err(|malformed| Problem::new(Code::InvalidRequest, malformed.to_string())),
            false => Ok(None),
        };
        let if_match = read_condition(taken.if_match, &IF_MATCH, "If-Match")?;
        let if_none_match = read_condition(taken.if_none_match, &IF_NONE_MATCH, "If-None-Match")?;
        let preferences = Preferences::read(headers)?;
        let Preferences { handling, returned, wait, unknown: unknown_preferences, .. } = preferences;
        let respond_async = preferences.respond_async && taken.respond_async && context.records.is_some();
        if respond_async && dry_run {
            let detail = "a dry run answers at once; send it without the preference `respond-async`";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        let representation = taken.representation && returned == Some(Return::Representation);
        let read = Rights::of(&[Right::Read]);
        if if_match.is_some() {
            context.check_rights(read, "the header If-Match")?;
        }
        if representation {
            context.check_rights(read, "the preference return=representation")?;
        }
        let max = context.gateway.request_timeout;
        let timeout = request_timeout(headers)?.map_or(max, |timeout| timeout.min(max));
        let deadline = context.arrived + timeout;
        Ok(Self {
            dry_run,
            handling,
            representation,
            respond_async,
            wait: wait.filter(|_| respond_async),
            idempotency_key,
            unknown_preferences,
            if_match,
            if_none_match,
            deadline,
        })
    }

    /// The response or the problem with `Preference-Applied`. A response that holds the assistant has its tag.
    ///
    /// # Errors
    /// The problem.
    pub fn mark(&self, result: Result<Response<Full<Bytes>>, Problem>) -> Result<Response<Full<Bytes>>, Problem> {
        match result {
            Ok(mut response) => {
                let represented = self.representation && response.headers().contains_key(ETAG);
                let applied = self.applied(represented).map(|applied| (PREFERENCE_APPLIED, applied));
                response.headers_mut().extend(applied);
                Ok(response)
            }
            Err(problem) => Err(Problem { preference_applied: self.applied(false), ..problem }),
        }
    }

    /// The value of `Preference-Applied` of a 202.
    pub fn accepted_preferences(&self) -> Option<HeaderValue> {
        prefer::applied(self.handling, false, true)
    }

    /// The value of `Preference-Applied`; `represented` is whether the answer holds the assistant.
    fn applied(&self, represented: bool) -> Option<HeaderValue> {
        prefer::applied(self.handling, represented, false)
    }
}

/// Refuses what would be a false promise if it were ignored.
fn refuse_promises(operation: AssistantOperation, taken: Taken, headers: &HeaderMap) -> Result<(), Problem> {
    let has = |name: &HeaderName| headers.contains_key(name);
    let (is_change, is_list) = (operation.is_change(), operation == AssistantOperation::List);
    // RFC 9110, 13.1.4: beside `If-Match`, `If-Unmodified-Since` is ignored.
    let refused = match () {
        () if has(&IF_MATCH) && !taken.if_match && (is_change || is_list) => Some("If-Match"),
        () if has(&IF_NONE_MATCH) && !taken.if_none_match && is_change => Some("If-None-Match"),
        () if has(&IF_UNMODIFIED_SINCE) && !has(&IF_MATCH) && is_change => Some("If-Unmodified-Since"),
        () => None,
    };
    if let Some(name) = refused {
        let detail = format!("this operation has no condition {name}; send the request without that header");
        return Err(Problem::new(Code::InvalidRequest, detail));
    }
    Ok(())
}

/// The key of a change. A dry run changes nothing, so that its key counts for nothing; it must be one all the same.
fn read_key(
    context: &Context,
    operation: AssistantOperation,
    headers: &HeaderMap,
    dry_run: bool,
) -> Result<Option<String>, Problem> {
    if !operation.is_change() || !headers.contains_key(&IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    if context.records.is_none() && !dry_run {
        let detail = "an Idempotency-Key needs a store, and this gateway has none; send the request without it";
        return Err(Problem::new(Code::StoreRequired, detail));
    }
    Ok(idempotency::key(headers)?.filter(|_| !dry_run))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::access::Client;
    use crate::api::records::double::Double;
    use crate::api::request::options::*;
    use AssistantOperation::{Copy, Create, Delete, List, Read, Update};

    const TAG: &str = "\"a\"";

    fn read_by(
        operations: Option<Rights>,
        operation: AssistantOperation,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<RequestOptions, (Code, String)> {
        read_at(false, operations, operation, query, headers)
    }

    fn read_at(
        with_store: bool,
        operations: Option<Rights>,
        operation: AssistantOperation,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<RequestOptions, (Code, String)> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let headers: HeaderMap = headers.collect();
        let client = |operations| Client {
            name: "crm".into(),
            vendors: None,
            assistants: None,
            operations,
            handling: None,
            limiter: None,
            usage: Arc::default(),
        };
        let client = operations.map(|operations| Arc::new(client(operations)));
        let records = with_store.then(|| Double::of(Vec::new()).records());
        let context = Context { client, records, ..Context::example(&headers) };
        RequestOptions::read(&context, operation, Some(query), &headers)
            .map_err(|problem| (problem.code, problem.detail))
    }

    fn read(operation: AssistantOperation, headers: &[(&'static str, &str)]) -> Result<RequestOptions, (Code, String)> {
        read_by(None, operation, "", headers)
    }

    #[tokio::test]
    async fn a_condition_that_an_operation_does_not_take_is_refused_where_ignoring_it_would_promise_something() {
        const HEADERS: [&str; 3] = ["if-match", "if-none-match", "if-unmodified-since"];
        for (operation, refused) in [
            (Update, [false, true, true]),
            (Create, [true, true, true]),
            (Delete, [false, true, true]),
            (Copy, [true, true, true]),
            (Read, [false, false, false]),
            (List, [true, false, false]),
        ] {
            for (name, refused) in HEADERS.into_iter().zip(refused) {
                match read(operation, &[(name, TAG)]) {
                    Ok(_) => assert!(!refused, "{operation:?} {name}"),
                    Err((code, detail)) => {
                        assert!(refused && code == Code::InvalidRequest, "{operation:?} {name}: {detail}");
                        assert!(detail.to_lowercase().contains(name), "{detail}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_malformed_condition_is_refused_only_where_it_is_taken() {
        for name in ["if-match", "if-none-match"] {
            let (code, detail) = read(Read, &[(name, "a")]).unwrap_err();
            assert_eq!(code, Code::InvalidRequest);
            assert!(detail.ends_with("did you mean `\"a\"`?"), "{detail}");
        }
        assert!(read(List, &[("if-none-match", "a")]).unwrap().if_none_match.is_none());
        let both = read(Read, &[("if-match", "*"), ("if-none-match", TAG)]).unwrap();
        assert_eq!(both.if_match, Some(Condition::Any));
        assert!(matches!(both.if_none_match, Some(Condition::Tags(tags)) if tags.len() == 1));
    }

    #[tokio::test]
    async fn a_key_of_idempotency_is_refused_where_something_would_change() {
        for operation in AssistantOperation::ALL {
            let result = read(operation, &[("idempotency-key", "k")]);
            assert_eq!(result.err().map(|(code, _)| code), operation.is_change().then_some(Code::StoreRequired));
            assert!(read_by(None, operation, "dry_run=true", &[("idempotency-key", "k")]).unwrap().dry_run);
        }
    }

    #[tokio::test]
    async fn with_a_store_a_key_is_kept_where_something_would_change() {
        let key = [("idempotency-key", "\"k-1\"")];
        for operation in AssistantOperation::ALL {
            let kept = |query| read_at(true, None, operation, query, &key).unwrap().idempotency_key;
            assert_eq!(kept("").as_deref(), operation.is_change().then_some("k-1"), "{operation:?}");
            assert_eq!(kept("dry_run=true"), None);
        }
        for (with_store, query) in [(true, ""), (true, "dry_run=true"), (false, "dry_run=true")] {
            let (code, detail) = read_at(with_store, None, Update, query, &[("idempotency-key", "a b")]).unwrap_err();
            assert_eq!(code, Code::InvalidRequest);
            assert!(detail.starts_with("the header Idempotency-Key "), "{detail}");
        }
    }

    #[tokio::test]
    async fn an_answer_before_the_outcome_takes_a_store_and_an_operation_that_can_end_later() {
        let prefer = [("prefer", "respond-async, wait=5")];
        for operation in AssistantOperation::ALL {
            let can = matches!(operation, Update | Delete);
            let options = read_at(true, None, operation, "", &prefer).unwrap();
            assert_eq!((options.respond_async, options.wait), (can, can.then_some(5)), "{operation:?}");
            let dry_run = read_at(true, None, operation, "dry_run=true", &prefer);
            assert_eq!(dry_run.err().map(|(code, _)| code), can.then_some(Code::InvalidRequest), "{operation:?}");
            for query in ["", "dry_run=true"] {
                let without = read_at(false, None, operation, query, &prefer).unwrap();
                assert_eq!((without.respond_async, without.wait), (false, None), "{operation:?}");
            }
        }
        assert_eq!(read_at(true, None, Update, "", &[("prefer", "wait=5")]).unwrap().wait, None);
    }

    #[tokio::test]
    async fn what_reads_the_assistant_takes_the_right_to_read() {
        let prefer = [("prefer", "return=representation")];
        let without = Rights::of(&[Right::Update, Right::Create, Right::Delete]);
        for operation in [Update, Create, Copy] {
            let (code, detail) = read_by(Some(without), operation, "", &prefer).unwrap_err();
            let expected =
                "the preference return=representation takes `read`, which is not among this client's `operations`";
            assert_eq!((code, detail.as_str()), (Code::Forbidden, expected));
            assert!(read_by(Some(Rights::default()), operation, "", &prefer).unwrap().representation);
        }
        assert!(!read_by(Some(without), Delete, "", &prefer).unwrap().representation);
        assert_eq!(read_by(Some(without), Read, "", &[("if-match", TAG)]).unwrap_err().0, Code::Forbidden);
    }

    #[tokio::test]
    async fn applied_preferences_are_listed_and_no_others() {
        let applied = |value: &'static str, represented| {
            let applied = read(Update, &[("prefer", value)]).unwrap().applied(represented);
            applied.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(applied("return=minimal, wait=3", false), None);
        assert_eq!(applied("return=representation", false), None);
        assert_eq!(applied("return=representation", true).as_deref(), Some("return=representation"));
        for handling in ["handling=strict", "handling=lenient"] {
            assert_eq!(applied(handling, false).as_deref(), Some(handling));
            let both = format!("{handling}, return=representation");
            assert_eq!(applied(handling, true), Some(both));
        }
    }
}
