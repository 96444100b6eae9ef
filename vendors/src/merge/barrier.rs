//! Why two updates do not go in one request.

use std::fmt;

use crate::canonical::Field;

/// Why an update does not go in one request with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// The vendor needs several requests for an update, or the assistant is read first.
    Vendor,
    /// One of the two is no update of this assistant.
    OtherRequest,
    /// The members of one of the two cannot be attributed to its fields.
    Unreadable,
    /// One of the two has `vendor_options`, of which the gateway does not know what they do.
    Options,
    /// One of the two has an array or an object here, and the vendor may combine it with the stored one.
    Structure(Field),
    /// A change of this field sets others to their defaults, also those that the earlier updates set.
    Reset(Field),
    /// The earlier updates set the same property as this field in its other form.
    Twin(Field),
    /// Together they break a rule across fields at this one.
    Conflict(Field),
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor => f.write_str("the vendor takes no merged updates"),
            Self::OtherRequest => f.write_str("another request than an update of this assistant"),
            Self::Unreadable => f.write_str("a body that does not match its fields"),
            Self::Options => write!(f, "`{}`", Field::VendorOptions.name()),
            Self::Structure(field) => write!(f, "`{}` may not be replaced whole", field.name()),
            Self::Reset(field) => write!(f, "`{}` resets other fields", field.name()),
            Self::Twin(field) => write!(f, "`{}` in its other form", field.name()),
            Self::Conflict(field) => write!(f, "`{}` conflicts with another field", field.name()),
        }
    }
}
