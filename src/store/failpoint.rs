//! Points at which tests end the process, to prove what survives. Without the feature `failpoints` they are nothing.
//!
//! `SWITCHBOARD_FAIL=point:action[:nth[:file]]` names one point: `kill` ends the process as `kill -9` does, `stop` freezes it,
//! the `nth` time that it is reached (the first, if none is given), counted from when that file exists. What names no point or
//! action is refused at the start, so that no test passes because nothing has happened.
//!
//! `SWITCHBOARD_FAIL=unfenced` has the process send attempts although its session may be over, to prove that the tests of
//! several replicas notice that.

/// All points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Point {
    /// A change has its place, and is not in the store.
    BeforeAdmit,
    /// It is in the store, and its caller knows nothing.
    AfterAdmit,
    /// A change waits in its line for its turn to be sent; the store does not say that it is being sent.
    BeforeStart,
    /// The store says that a change is being sent, and no connection is made yet.
    BeforeSend,
    /// The same for several changes in one request.
    BeforeSendTogether,
    /// The vendor has answered, or the attempt has failed; the store does not know.
    BeforeFinish,
    /// The store knows the end or the next try; no caller has a response.
    AfterFinish,
    /// A dead change is to be sent again; its new record is not in the store.
    BeforeReplay,
    /// The new record is in the store.
    AfterReplay,
    /// Changes of an earlier process were read; nothing has become of them.
    InRecovery,
    /// Another process was removed; nothing that it owned is adopted.
    InTakeover,
    /// Lines were adopted; nothing of them is read.
    InAdoption,
    /// The statements of a transaction are carried out, and it is not committed.
    BeforeCommit,
    /// It is committed, and no caller has a response.
    AfterCommit,
    /// The tables are made or changed, and that is not committed.
    InMigration,
}

/// Reaches a point.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_point: Point) {}

/// Checks what the environment says.
///
/// # Errors
/// Never: without the feature nothing reads it.
#[cfg(not(feature = "failpoints"))]
pub fn check() -> Result<(), String> {
    Ok(())
}

/// Whether attempts begin although the process cannot prove that its session is fresh.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
#[must_use]
pub fn is_unfenced() -> bool {
    false
}

#[cfg(feature = "failpoints")]
pub use armed::{check, is_unfenced, reach};

#[cfg(feature = "failpoints")]
mod armed {
    use std::path::PathBuf;
    use std::str::FromStr;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};
    use strum::VariantArray;

    use super::Point;

    /// What the environment names.
    #[expect(clippy::disallowed_methods, reason = "a test's variable, which is no setting and is passed nowhere")]
    static FAIL: LazyLock<Result<Option<Fail>, String>> =
        LazyLock::new(|| std::env::var("SWITCHBOARD_FAIL").ok().map(|text| Fail::read(&text)).transpose());

    enum Fail {
        At(ArmedPoint),
        Unfenced,
    }

    struct ArmedPoint {
        point: Point,
        signal: Signal,
        nth: u32,
        counts_once: Option<PathBuf>,
        reached: AtomicU32,
    }

    impl Fail {
        fn read(text: &str) -> Result<Self, String> {
            if text == "unfenced" {
                return Ok(Self::Unfenced);
            }
            let mut parts = text.split(':');
            let (point, action, nth) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or("1"));
            let point = Point::from_str(point).map_err(|_| {
                let names: Vec<&str> = Point::VARIANTS.iter().map(|point| (*point).into()).collect();
                format!(
                    "SWITCHBOARD_FAIL: `{point}` is no point; the points are {}; `unfenced` is another thing",
                    names.join(", ")
                )
            })?;
            let signal = match action {
                Some("kill") => Signal::KILL,
                Some("stop") => Signal::STOP,
                _ => return Err(format!("SWITCHBOARD_FAIL: `{text}` must be point:kill or point:stop")),
            };
            let counts_once = parts.next().map(PathBuf::from);
            let is_path = counts_once.as_ref().is_none_or(|file| file.is_absolute()) && parts.next().is_none();
            let nth = nth.parse().ok().filter(|nth| *nth > 0 && is_path);
            let nth = nth.ok_or_else(|| {
                format!("SWITCHBOARD_FAIL: `{text}` must end with a number of 1 or more, or with that and the absolute path of a file")
            })?;
            Ok(Self::At(ArmedPoint { point, signal, nth, counts_once, reached: AtomicU32::new(0) }))
        }
    }

    /// Checks what the environment says.
    ///
    /// # Errors
    /// It names no point, no action, or no number.
    pub fn check() -> Result<(), String> {
        FAIL.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Whether attempts begin although the process cannot prove that its session is fresh.
    #[must_use]
    pub fn is_unfenced() -> bool {
        matches!(&*FAIL, Ok(Some(Fail::Unfenced)))
    }

    /// Reaches a point.
    #[expect(clippy::disallowed_methods, reason = "nothing may go on before the signal arrives")]
    pub fn reach(point: Point) {
        let Ok(Some(Fail::At(fail))) = &*FAIL else { return };
        if fail.point != point || fail.counts_once.as_ref().is_some_and(|file| !file.exists()) {
            return;
        }
        if fail.reached.fetch_add(1, Ordering::Relaxed) + 1 == fail.nth {
            // The process does not come back from the first signal, and only later from the second.
            let _ = kill_process(getpid(), fail.signal);
            // A signal may be delivered to another thread first.
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }
}
