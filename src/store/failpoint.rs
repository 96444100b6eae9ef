//! Points at which tests end the process, to prove what survives. Without the feature `failpoints` they are nothing.
//!
//! `SWITCHBOARD_FAIL=point:action` names one point: `kill` ends the process as `kill -9` does, `stop` freezes it.

/// Reaches a point.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_point: &'static str) {}

/// Reaches a point.
#[cfg(feature = "failpoints")]
pub fn reach(point: &'static str) {
    use rustix::process::{Signal, getpid, kill_process};

    static FAIL: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("SWITCHBOARD_FAIL").ok());
    let Some((named, action)) = FAIL.as_deref().and_then(|fail| fail.split_once(':')) else { return };
    if named != point {
        return;
    }
    let signal = match action {
        "kill" => Signal::KILL,
        "stop" => Signal::STOP,
        _ => return,
    };
    // The process does not come back from the first, and only later from the second.
    drop(kill_process(getpid(), signal));
}
