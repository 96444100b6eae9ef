//! The console: pages for operators under `/console/` of the admin listener.
//!
//! A page shows a document of [`crate::admin`], the same that its JSON twin under `/admin/` has, and nothing that the twin
//! lacks. `routes` is the table of pages and forms; `visit` is one request; `shell` is what all pages have; `parts` are
//! pieces that several pages use. Links are relative and all pages stand at one depth, so that a proxy may put the console
//! under any path.

mod assets;
mod forms;
mod pages;
mod parts;
mod routes;
mod service;
mod session;
mod shell;
mod visit;

pub(crate) use service::service;
