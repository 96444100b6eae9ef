//! What operators do with the records of all clients: moving one, and many by a job.

mod jobs;
mod moving;

#[cfg(all(test, feature = "console"))]
pub(crate) use jobs::Tried;
#[cfg(feature = "console")]
pub(crate) use jobs::{JobDocument, JobState};
pub(crate) use jobs::{Jobs, cancel as cancel_job, job, jobs, start};
pub(super) use moving::reason;
pub(crate) use moving::{cancel, discard, replay};
