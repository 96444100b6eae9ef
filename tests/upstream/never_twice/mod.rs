//! A request that must not arrive twice, such as a creation, however the vendor fails.

mod answers;
mod every_byte;
mod fresh;
mod proxy;
mod refused;

use std::time::Duration;

use http::Method;
use switchboard::upstream::{Failure, RetrySettings, Stack, StackSettings, Tasks, VendorRequest, VendorResponse};

use crate::tls::{Server, trusting};
use crate::vendor::{outgoing, settings};

const CREATION: &str = r#"{"name":"x"}"#;

/// A stack that tries up to three times.
fn stack(base: &str) -> Stack {
    over(settings(base, Duration::from_secs(20)))
}

/// The same for a server with a certificate.
fn secure(server: &Server) -> Stack {
    let tls = trusting(Some(&server.certificate));
    over(StackSettings { tls, ..settings(&server.base, Duration::from_secs(20)) })
}

fn over(settings: StackSettings) -> Stack {
    let retry = RetrySettings { max_attempts: 3, ..settings.retry };
    Stack::new(&StackSettings { retry, ..settings }, &Tasks::default())
}

fn creation(stack: &Stack) -> VendorRequest {
    let mut creation = outgoing(stack, CREATION).never_twice();
    (creation.key, creation.method) = (None, Method::POST);
    creation
}

async fn create(stack: &Stack) -> Result<VendorResponse, Failure> {
    stack.update(creation(stack)).await
}
