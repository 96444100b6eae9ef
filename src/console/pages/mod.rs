//! The pages, one file or folder each: what stands below the title.

pub(super) mod accounts;
pub(super) mod assistants;
pub(super) mod gateway;
pub(super) mod records;
pub(super) mod traffic;
pub(super) mod translation;
