//! Vendor accounts: the state of each, all with their last quarter of an hour, and one with everything that is known.

mod catalogs;
mod detail;
mod list;
mod state;

#[cfg(all(test, feature = "console"))]
pub(crate) use catalogs::FoundEntry;
pub(crate) use catalogs::refresh;
#[cfg(feature = "console")]
pub(crate) use catalogs::{CatalogState, Found};
#[cfg(feature = "console")]
pub(crate) use detail::Detail;
pub(crate) use detail::detail;
#[cfg(feature = "console")]
pub(crate) use list::Row;
pub(crate) use list::vendors;
#[cfg(feature = "console")]
pub(crate) use state::{Percentiles, Window};
pub(crate) use state::{Vendor, vendor};
