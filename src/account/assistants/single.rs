//! Reads one assistant of a vendor that tells each by itself, in as many requests as its objects need.

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;
use vendors::{ResponseBody, Run, SentFields, Settings, VendorErrorKind};

use super::{ListFailure, ListReader};
use crate::upstream::{MAX_READ_RESPONSE, Repeat, VendorRequest};

/// The document of an assistant, `None` if the vendor has none of that id; and how many requests it took.
pub async fn read_single(
    reader: &ListReader,
    settings: &Settings,
    id: &str,
    deadline: Instant,
) -> (Result<Option<Bytes>, ListFailure>, u32) {
    let mut attempts = 0;
    let read = read(reader, settings, id, deadline, &mut attempts).await;
    (read, attempts)
}

async fn read(
    reader: &ListReader,
    settings: &Settings,
    id: &str,
    deadline: Instant,
    attempts: &mut u32,
) -> Result<Option<Bytes>, ListFailure> {
    let malformed = |what: String, attempts: u32| ListFailure::Malformed { what, attempts };
    let mut run = Run::read(reader.dialect, id, settings).ok_or(ListFailure::Undocumented)?;
    while let Some(step) = run.next().map_err(|_| ListFailure::Undocumented)? {
        let uri = reader.stack.uri(&step.path).map_err(|error| malformed(error.to_string(), 0))?;
        let method = step.method.parse::<Method>().map_err(|error| malformed(error.to_string(), 0))?;
        let mut request = VendorRequest::new(method, uri, deadline).repeated(Repeat::WheneverSafe);
        request.headers = reader.headers.clone();
        request.max_response = MAX_READ_RESPONSE;
        let response = reader.stack.call(request).await.map_err(ListFailure::Unanswered).inspect_err(|failure| {
            *attempts += failure.attempts();
        })?;
        *attempts += response.attempts;
        if !response.status.is_success() {
            let body = ResponseBody::read(&response.body);
            let status = response.status.as_u16();
            let error = body.error(reader.dialect, reader.stack.name(), &SentFields::default(), status);
            return match error.kind {
                VendorErrorKind::NotFound => Ok(None),
                _ => Err(ListFailure::Refused(response)),
            };
        }
        run.answered(&response.body).map_err(|invalid| malformed(invalid.to_string(), response.attempts))?;
    }
    Ok(Some(run.document().into()))
}
