//! What telemetry is told: plain data, which knows nothing of where it comes from.

/// A configuration was applied or refused.
#[derive(Debug)]
pub struct ConfigReloaded<'a> {
    /// What asked for it.
    pub trigger: &'a str,
    /// The generation in force afterwards.
    pub generation: u64,
    /// Why it was refused; `None` if it was applied.
    pub problems: Option<&'a str>,
    /// Which keys it changed.
    pub keys: Option<KeyChanges>,
}

/// Who may call, and as whom vendors are called, has changed with a reload; by names.
#[derive(Debug, serde::Serialize)]
pub struct KeyChanges {
    /// The generation in force afterwards.
    pub generation: u64,
    /// New clients.
    pub clients_added: Vec<String>,
    /// Clients that are no more.
    pub clients_removed: Vec<String>,
    /// Clients with other keys or certificates.
    pub clients_key_changed: Vec<String>,
    /// Vendor accounts with another token.
    pub vendors_token_changed: Vec<String>,
}

impl KeyChanges {
    /// Whether nothing has changed.
    pub fn are_none(&self) -> bool {
        let Self { clients_added, clients_removed, clients_key_changed, vendors_token_changed, .. } = self;
        [clients_added, clients_removed, clients_key_changed, vendors_token_changed]
            .iter()
            .all(|names| names.is_empty())
    }
}
