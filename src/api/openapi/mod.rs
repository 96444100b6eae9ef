//! The OpenAPI 3.1 document, made from the table of operations, the canonical schema and the list of problems.
//!
//! It describes what every gateway guarantees, whatever its vendors are. Whether a vendor takes a valid update depends
//! on the vendor: hence 422 among the responses, and `GET /v1/vendors/{vendor}`, which lists what each takes.

mod parameters;
mod paths;
mod responses;
mod schemas;

use serde_json::{Value, json};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApiBuilder, Server};

/// The document. Parts for which utoipa has no types or long ones are added as JSON: all of JSON Schema, parameters with
/// several examples, headers that are always present, and the license, tags and security schemes.
pub fn openapi() -> Value {
    let info = InfoBuilder::new().title("Switchboard").version(env!("CARGO_PKG_VERSION")).build();
    let security = ["key", "certificate"].map(|scheme| SecurityRequirement::new(scheme, [""; 0]));
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .security(Some(security))
        .paths(paths::paths())
        .components(Some(ComponentsBuilder::new().responses_from_iter(responses::problems()).build()))
        .build();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"]["summary"] = json!("One canonical API in front of several AI voice assistant vendors.");
    document["info"]["license"] = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
    document["tags"] = json!([
        { "name": "assistants", "description": "Updating assistants." },
        { "name": "discovery", "description": "What can be done where." },
        { "name": "documentation", "description": "About the API itself, for everyone." },
    ]);
    document["components"]["securitySchemes"] = json!({
        "key": { "type": "http", "scheme": "bearer", "description": KEY },
        "certificate": { "type": "mutualTLS", "description": CERTIFICATE },
    });
    document["components"]["parameters"] = parameters::all();
    document["components"]["headers"] = responses::headers();
    document["components"]["schemas"] = schemas::all();
    document
}

const KEY: &str =
    "An API key from the gateway's operator. Not needed where the operator has set `auth.mode = \"none\"`.";
const CERTIFICATE: &str = "A certificate that the operator has named for a client, where the gateway asks for one.";
