//! Core dumps, which would hold every secret of the process.

/// Switches core dumps off, and with them debuggers of other users than root. Only Linux has this switch.
#[cfg(target_os = "linux")]
pub(super) fn switch_off() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn switch_off() -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};

    use crate::cli::core_dumps::*;

    #[test]
    fn a_process_that_switches_core_dumps_off_is_not_dumpable() {
        set_dumpable_behavior(DumpableBehavior::Dumpable).expect("dumpable at first");
        switch_off().expect("switched off");
        assert_eq!(dumpable_behavior().ok(), Some(DumpableBehavior::NotDumpable));
        set_dumpable_behavior(DumpableBehavior::Dumpable).expect("as before");
    }
}
