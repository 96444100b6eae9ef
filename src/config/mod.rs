//! The configuration: built-in defaults, one file and the environment become a checked [`Settings`], or a list of
//! every problem.
//!
//! Each section has a file with its keys, type, defaults and rules. A load joins the layers first, then checks the
//! whole tree against the schema, then lets the sections read the values that passed.

mod load;
mod origins;
mod sections;
mod settings;
#[cfg(test)]
mod tests;
mod types;
mod validate;

pub use load::assistants_file::AssistantsFile;
pub use load::environment::Environment;
pub use load::shown_line::SourceLine;
pub use load::watched_file::WatchedFile;
pub use load::{Administration, DEFAULTS, administration, file, load, load_text, probed};
pub use origins::{Origin, Origins, Setting};
pub use sections::admin::Admin;
pub use sections::assistant::Assistant;
pub use sections::audit::Audit;
pub use sections::auth::{Auth, AuthMode};
pub use sections::client::Client;
pub use sections::client::callback::Callback;
pub use sections::console::Console;
pub use sections::log::Log;
pub use sections::routing::{Routing, Rule};
pub use sections::server::{Server, is_loopback};
pub use sections::store::cluster::Cluster;
pub use sections::store::idempotency::Idempotency;
pub use sections::store::journal::Journal;
pub use sections::store::postgres::{OnOutage, PostgresStore};
pub use sections::store::queue::{OnDead, Queue};
pub use sections::store::{Store, StoreKind};
pub use sections::tls::{Tls, TlsVersion};
pub use sections::traces::Traces;
pub use sections::vendor::Vendor;
pub use sections::vendor::breaker::Breaker;
pub use sections::vendor::catalog::Catalog;
pub use sections::vendor::plan::{PlanSettings, Publish};
pub use sections::vendor::retry::Retry;
pub use sections::vendor::vendor_tls::VendorTls;
pub use settings::Settings;
pub use types::base_url::BaseUrl;
pub use types::digest::KeyDigest;
pub use types::encryption_key::EncryptionKey;
pub use types::endpoint::Endpoint;
pub use types::pem::{CertificateFile, Identity, PrivateKeyFile};
pub use types::secret::Secret;
pub use types::signing_secret::SigningSecret;
pub use validate::name::is_client_name;
pub use validate::problem::{Location, Problem, ProblemKind, Problems, Severity};
pub use validate::schema::schema;
pub use vendors::{FieldPolicy, Handling};
