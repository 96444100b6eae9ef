//! A change with an idempotency key. What is stored under it comes before any other answer, and before a request to the vendor.
//!
//! Usually admission is the first to find that out. The key is looked up before only if catalogs of the vendor would be read
//! first, and afterwards if there is no admission.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::api::records::{Key, Known, carry_out};
use crate::api::request_log::RequestLog;
use crate::problem::Problem;
use crate::upstream::Permits;

use super::Exchange;

impl Exchange<'_> {
    /// Translates `body`, sends it and returns the response, unless the key has an answer.
    ///
    /// # Errors
    /// The request is invalid, its key is in use, or the vendor did not carry it out.
    pub(super) async fn run_keyed(
        &self,
        key: &Key,
        body: Bytes,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let (context, options) = (self.context, self.options);
        let key = match self.needs_catalogs(&body) {
            true => match key.look_up(context, options).await? {
                Known::Answered(response) => return Ok(response),
                Known::New(key) => key,
            },
            false => key.clone(),
        };
        let exchange = Exchange { key: Some(&key), ..*self };
        let prepared = match exchange.prepare(&body).await {
            Ok(prepared) => prepared,
            Err(problem) => {
                return match exchange.presented(Err(problem)) {
                    Err(problem) => key.refused(context, options, problem).await,
                    presented => presented,
                };
            }
        };
        match exchange.records(&prepared) {
            Some(records) => carry_out(&exchange, records, prepared, body, permits, log).await,
            // Nothing of it is left to send.
            None => match key.look_up(context, options).await? {
                Known::Answered(response) => Ok(response),
                Known::New(_) => exchange.presented(exchange.carry_on(prepared, body, Some(permits), log).await),
            },
        }
    }
}
