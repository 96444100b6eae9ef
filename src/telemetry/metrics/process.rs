//! CPU, memory, threads and files of this process, from Linux's `/proc`; on other systems there is none.

use std::fs;

/// The clock ticks per second in `/proc`, which is 100 on every Linux architecture that Rust supports.
const TICKS: f64 = 100.0;

/// The figures of this process at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// CPU time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Virtual memory.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// The limit on open file descriptors.
    pub max_fds: u64,
    /// When it started, in seconds since 1970.
    pub started: f64,
}

impl Process {
    /// Reads `/proc`; `None` if it is missing or unreadable.
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let system = fs::read_to_string("/proc/stat").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let open_fds = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        // The second field, the name in parentheses, may hold any character; the third follows the last parenthesis.
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        let kilobytes = |name: &str| Some(number(&status, name)? * 1024);
        Some(Self {
            cpu_seconds: (ticks(14)? + ticks(15)?) / TICKS,
            resident_bytes: kilobytes("VmRSS:")?,
            virtual_bytes: kilobytes("VmSize:")?,
            threads: number(&status, "Threads:")?,
            open_fds,
            max_fds: number(&limits, "Max open files").unwrap_or(u64::MAX),
            started: number(&system, "btime")? as f64 + ticks(22)? / TICKS,
        })
    }
}

/// The first number in the line that starts with `name`.
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use crate::telemetry::metrics::process::*;

    #[test]
    fn every_figure_of_this_process_is_plausible() {
        let process = Process::read().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!(process.started <= now + 1.0 && process.started > now - 86_400.0, "{process:?}");
        assert!(process.resident_bytes > 1 << 20 && process.virtual_bytes >= process.resident_bytes, "{process:?}");
        assert!(process.threads >= 1 && process.open_fds >= 3 && process.max_fds >= process.open_fds, "{process:?}");
        let file = fs::File::open("/proc/self/stat").unwrap();
        assert!(Process::read().unwrap().open_fds > 3);
        drop(file);
    }
}
