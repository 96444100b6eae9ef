//! What operators do with the records of all clients: moving one, and many by a job.

mod jobs;
mod moving;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use super::FullResponse;

#[cfg(all(test, feature = "console"))]
pub(crate) use jobs::Tried;
#[cfg(feature = "console")]
pub(crate) use jobs::{JobDocument, JobState};
pub(crate) use jobs::{Jobs, cancel as cancel_job, job, jobs, start};
pub(super) use moving::reason;
pub(crate) use moving::{cancel, discard, replay};

/// A response with the JSON of records, whose answers and problems keep their text.
pub(super) fn response(mut body: Vec<u8>) -> FullResponse {
    body.push(b'\n');
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
