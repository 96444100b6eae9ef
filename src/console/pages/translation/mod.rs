//! Translation: the playground, what each vendor supports, and what a move loses.

pub(in crate::console) mod compare;
pub(in crate::console) mod coverage;
pub(in crate::console) mod playground;
