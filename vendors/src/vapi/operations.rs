//! The operations of Vapi.
//!
//! Sources: README.md beside this file.

use crate::catalog::CatalogKind;
use crate::dialect::{Call, Capture, CatalogSpec, CreateObject, Creation, Listed, Object, Operations, Plan, catalogs};

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
        }),
        captures: &[],
        is_always_read: false,
    }],
    draft: None,
    publish: None,
    parameters: &[],
};

/// Vapi lists neither voices nor models: names are in the configuration.
pub(super) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

const fn catalog(_kind: CatalogKind) -> Option<CatalogSpec> {
    None
}
