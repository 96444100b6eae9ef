//! Validates the tree against the schema, and renders what is wrong.

pub(super) mod check;
pub(super) mod key_path;
pub(super) mod name;
pub(super) mod problem;
pub(super) mod rewritten;
pub(super) mod root;
pub(super) mod schema;
pub(super) mod secret_reader;
pub(super) mod shape;
pub(super) mod table_reader;
pub(super) mod validator;
pub(super) mod visible;
