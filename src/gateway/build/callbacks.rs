//! The receivers of callbacks of a configuration.

use std::sync::Arc;

use crate::config::Settings;
use crate::gateway::{CallbackTarget, CallbackTargets};
use crate::upstream::TlsRoots;

use super::{BuildError, pem};

/// The receivers by client.
pub(super) fn targets(settings: &Settings, roots: &mut TlsRoots) -> Result<Arc<CallbackTargets>, BuildError> {
    let mut targets = CallbackTargets::new();
    for (name, client) in &settings.clients {
        let Some(callback) = &client.callback else { continue };
        let secrets = callback.secret.iter().map(|secret| secret.expose().to_vec().into()).collect();
        let trust = (callback.roots, callback.ca_file.as_ref().map(pem));
        let target = CallbackTarget::new(callback.url.uri().clone(), secrets, trust, roots)
            .map_err(|source| BuildError::Callback { client: name.clone(), source })?;
        targets.insert(name.as_str().into(), target);
    }
    Ok(Arc::new(targets))
}
