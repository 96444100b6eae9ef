//! The operations of Vapi.
//!
//! Sources: README.md beside this file.

use crate::catalog::CatalogKind;
use crate::dialect::{
    Call, Capture, CatalogSpec, CreateObject, Creation, Listed, Object, Operations, Plan, Schema, catalogs,
};

const CREATE: Call = Call::once("POST", "/assistant");
const WRITE: Call = Call::repeatable("PATCH", "/assistant/{id}");

pub(super) const OPERATIONS: Operations = Operations {
    update: WRITE,
    merging: None,
    create: Some(Creation { call: CREATE, required: &[], nullable: &[], rows: &[], remarks: &[] }),
    delete: Some(Call::repeatable("DELETE", "/assistant/{id}")),
    list: Some(super::listing::LISTING),
};

pub(super) const LISTED: Listed = Listed {
    id: "id",
    status: None,
    statuses: &[],
    created_at: Some("createdAt"),
    updated_at: Some("updatedAt"),
    deleted_at: None,
    volatile: &["updatedAt", "latestVersion", "modelDeprecations"],
};

pub(super) const PLAN: Plan = Plan {
    objects: &[Object {
        name: "",
        title: "the assistant",
        read: Call::repeatable("GET", "/assistant/{id}"),
        write: WRITE,
        create: Some(CreateObject {
            call: CREATE,
            members: "{}",
            captures: &[Capture { name: "id", path: &["id"], or_else: "" }],
            is_told: true,
        }),
        captures: &[],
        is_always_read: false,
    }],
    draft: None,
    publish: None,
    parameters: &[],
};

/// Vapi lists neither voices nor models: their names are in the configuration. Its lists are read as that of assistants is.
pub(super) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    let spec = match kind {
        // A tool without a function, such as one that ends the call, has no name.
        CatalogKind::Tools => CatalogSpec::new("/tool?limit=100", Schema::Anything).named_by("function.name"),
        CatalogKind::PhoneNumbers => CatalogSpec::new("/phone-number?limit=100", Schema::Anything).named_by("number"),
        CatalogKind::Languages
        | CatalogKind::Voices
        | CatalogKind::Models
        | CatalogKind::MultimodalModels
        | CatalogKind::SynthesizerProviders
        | CatalogKind::TranscriberProviders
        | CatalogKind::KnowledgeBases
        | CatalogKind::Folders
        | CatalogKind::Labels
        | CatalogKind::Webhooks => return None,
    };
    Some(spec.windowed_by("createdAtLt", "createdAt"))
}
