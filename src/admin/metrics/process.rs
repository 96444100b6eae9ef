//! CPU, memory, threads and files of this process, from Linux's `/proc`; on other systems there is none.

/// The figures of this process by the metric; `None` if `/proc` is missing or unreadable.
#[cfg(target_os = "linux")]
pub(super) fn figures() -> Option<[(&'static str, f64); 7]> {
    use procfs::WithCurrentSystemInfo;
    use procfs::process::{LimitValue, Process};

    let process = Process::myself().ok()?;
    let (stat, files) = (process.stat().ok()?, process.limits().ok()?.max_open_files);
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    Some([
        ("process_cpu_seconds_total", seconds(stat.utime + stat.stime)),
        ("process_resident_memory_bytes", stat.rss_bytes().get() as f64),
        ("process_virtual_memory_bytes", stat.vsize as f64),
        ("process_threads", stat.num_threads as f64),
        ("process_open_fds", process.fd_count().ok()? as f64),
        ("process_max_fds", if let LimitValue::Value(limit) = files.soft_limit { limit } else { u64::MAX } as f64),
        ("process_start_time_seconds", procfs::boot_time_secs().ok()? as f64 + seconds(stat.starttime)),
    ])
}

#[cfg(not(target_os = "linux"))]
pub(super) fn figures() -> Option<[(&'static str, f64); 7]> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use crate::admin::metrics::process::*;

    #[test]
    fn every_figure_of_this_process_is_plausible() {
        let read = || figures().unwrap().map(|(_, figure)| figure);
        let file = std::fs::File::open("/proc/self/stat").unwrap();
        let [cpu, resident, virtual_memory, threads, files, max_files, started] = read();
        drop(file);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!(started <= now + 1.0 && started > now - 86_400.0, "{started}");
        assert!(resident > 1e6 && virtual_memory >= resident, "{resident} of {virtual_memory}");
        assert!(cpu >= 0.0 && threads >= 1.0 && max_files >= files && files > 3.0, "{:?}", figures());
    }
}
