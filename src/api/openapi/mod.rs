//! The OpenAPI 3.1 document, made from the table of operations, the canonical schema and the list of problems.
//!
//! It describes what every gateway guarantees, whatever its vendors are. Whether a vendor takes a valid update depends
//! on the vendor: hence 422 among the responses, and `GET /v1/vendors/{vendor}`, which lists what each takes.

mod parameters;
mod paths;
mod record_parameters;
mod record_schema;
mod responses;
mod schemas;
mod update_schema;
mod vendor_schemas;

use serde_json::{Value, json};
use utoipa::openapi::security::SecurityRequirement;

use crate::access::Clients;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApiBuilder, Server};

/// How clients identify themselves at a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// They do not: `auth.mode = "none"`.
    Open,
    /// With an API key.
    Key,
    /// With an API key or a certificate.
    KeyOrCertificate,
}

impl Security {
    /// How these clients identify themselves.
    pub fn of(clients: &Clients) -> Self {
        match (clients.open, &clients.trust) {
            (true, _) => Self::Open,
            (false, None) => Self::Key,
            (false, Some(_)) => Self::KeyOrCertificate,
        }
    }

    /// The names of the security schemes, any of which is enough.
    fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Open => &[],
            Self::Key => &["key"],
            Self::KeyOrCertificate => &["key", "certificate"],
        }
    }
}

/// The document of a gateway whose clients identify themselves like this. Parts for which utoipa has no types or long ones are added as JSON: all of JSON Schema, parameters with
/// several examples, headers that are always present, and the license, tags and security schemes.
pub fn openapi(security: Security) -> Value {
    let info =
        InfoBuilder::new().title("Switchboard").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build();
    let schemes = security.schemes();
    let requirements = schemes.iter().map(|scheme| SecurityRequirement::new(*scheme, [""; 0]));
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .security((!schemes.is_empty()).then(|| requirements.collect::<Vec<_>>()))
        .paths(paths::paths())
        .components(Some(ComponentsBuilder::new().responses_from_iter(responses::problems()).build()))
        .build();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"]["summary"] = json!("One canonical API in front of several AI voice assistant vendors.");
    document["info"]["license"] = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
    document["tags"] = json!([
        { "name": "assistants", "description": "Reading and changing assistants." },
        { "name": "records", "description": "What is on its way, and what became of it. They need a store." },
        { "name": "discovery", "description": "What can be done where." },
        { "name": "documentation", "description": "About the API itself, for everyone." },
    ]);
    let scheme = |name: &&str| match *name {
        "certificate" => ("certificate", json!({ "type": "mutualTLS", "description": CERTIFICATE })),
        _ => ("key", json!({ "type": "http", "scheme": "bearer", "description": KEY })),
    };
    if !schemes.is_empty() {
        document["components"]["securitySchemes"] = schemes.iter().map(scheme).collect();
    }
    document["components"]["parameters"] = parameters::all();
    document["components"]["headers"] = responses::headers();
    document["components"]["schemas"] = schemas::all();
    document
}

const ABOUT: &str = "One canonical API in front of several AI voice assistant vendors. An update is partial: an absent field stays as it \
                     is, `null` clears it, a value sets it. A client must therefore never send a field that its caller did not set. \
                     Errors are RFC 9457 problems with a closed set of codes, see `Problem`.";
const KEY: &str = "An API key from the gateway's operator.";
const CERTIFICATE: &str = "A certificate that the operator has named for a client, where the gateway asks for one.";
