//! Which public issuers a connection trusts.

use serde::Serialize;
use strum::{EnumString, VariantNames};

/// Public issuers to trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PublicRoots {
    /// Those of the operating system, or the bundled ones where it has none.
    #[default]
    Platform,
    /// Mozilla's, as of this build.
    Bundled,
    /// None but those that are named besides.
    None,
}
