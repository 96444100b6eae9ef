//! Vendor accounts: all, one of them, and how their answers differ from their documentation.

pub(in crate::console) mod drift;
pub(in crate::console) mod table;
pub(in crate::console) mod vendor;
pub(in crate::console) mod vendors;
