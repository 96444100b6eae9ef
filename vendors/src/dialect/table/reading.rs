//! How a field is read from an assistant as the vendor lists it.

/// Where a field stands in a listed assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Under the names that the row writes, with its rule backwards.
    Backwards,
    /// Under its canonical name, in this form; under the names that the row writes if there is no such member.
    As(Form),
    /// Nowhere: the vendor never tells it.
    Never,
}

/// The form of a value in a listed assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The canonical one.
    Same,
    /// 0 or 1 for a boolean.
    Bit,
    /// A number in a string, whose digits are kept: `"1.10"` is 1.10.
    DecimalText,
    /// An object, which the vendors' framework writes as `[]` if it is empty.
    Object,
    /// Objects `{type, data}` in an array: a canonical tool has the members of `data` beside its `type`. An integer
    /// inside may be a string.
    TypeAndData,
    /// An array of objects, in which a member has other names for some values.
    Choices {
        /// The member.
        member: &'static str,
        /// Pairs of the vendor's value and the canonical one.
        values: &'static [(&'static str, &'static str)],
    },
}
