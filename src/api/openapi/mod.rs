//! OpenAPI 3.1, made from the table of routes, the canonical schema and the list of problems.
//!
//! It promises what holds at every gateway, whatever its accounts are. Whether a vendor takes a valid update is that
//! vendor's matter: hence 422 among the answers, and `GET /v1/vendors/{vendor}`, which says what each takes.

mod parameters;
mod paths;
mod responses;
mod schemas;

use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, Server};

/// The document. utoipa has no types for a summary of the whole, for several examples of a parameter, for headers that
/// are always there and for all of JSON Schema; these parts are added as JSON.
pub fn openapi() -> Value {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info =
        InfoBuilder::new().title("Switchboard").version(env!("CARGO_PKG_VERSION")).license(Some(license)).build();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(KEY)).build();
    let certificate =
        SecurityScheme::MutualTls { description: Some(CERTIFICATE.to_owned()), deprecated: None, extensions: None };
    let components = ComponentsBuilder::new()
        .security_scheme("key", SecurityScheme::Http(key))
        .security_scheme("certificate", certificate)
        .responses_from_iter(responses::problems())
        .build();
    let security = ["key", "certificate"].map(|scheme| SecurityRequirement::new(scheme, [""; 0]));
    let tags = TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .security(Some(security))
        .tags(Some(tags))
        .paths(paths::paths())
        .components(Some(components))
        .build();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"]["summary"] = json!("One canonical API in front of several AI voice assistant vendors.");
    document["components"]["parameters"] = parameters::all();
    document["components"]["headers"] = responses::headers();
    document["components"]["schemas"] = schemas::all();
    document
}

const KEY: &str =
    "An API key from the gateway's operator. Not needed where the operator has set `auth.mode = \"none\"`.";
const CERTIFICATE: &str = "A certificate that the operator has named for a client, where the gateway asks for one.";

const TAGS: [(&str, &str); 3] = [
    ("assistants", "Updating assistants."),
    ("discovery", "What can be done where."),
    ("documentation", "About the API itself, for everybody."),
];
