//! File descriptors: how many connections of callers the process's limit allows.

use rustix::process::{Resource, getrlimit};

/// Descriptors for administration, listeners, logs and the runtime.
const KEPT: u64 = 64;

/// The number of connections of callers, so that enough descriptors stay for administration and for `vendors`, the
/// connections to vendors that may be open at once. If the limit allows fewer than `max_connections`, that is logged.
pub fn callers_connections(max_connections: usize, vendors: usize) -> usize {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return max_connections };
    let allowed = allowed(limit, max_connections, vendors);
    if allowed < max_connections {
        tracing::warn!(
            limit,
            max_connections,
            vendors,
            allowed,
            "the limit on open files is below `server.max_connections` and what vendors and administration need, so that \
             fewer callers are connected at once; raise it (`LimitNOFILE`, `ulimit -n`), or lower `server.max_connections`"
        );
    }
    allowed
}

/// What is kept for others is at most half of the limit. Of the rest, a seventeenth is for the connections that wait for a
/// place, which are a sixteenth of the places.
fn allowed(limit: u64, max_connections: usize, vendors: usize) -> usize {
    let kept = u64::try_from(vendors).unwrap_or(u64::MAX).saturating_add(KEPT).min(limit / 2);
    let places = (limit - kept) / 17 * 16 + (limit - kept) % 17 * 16 / 17;
    usize::try_from(places).unwrap_or(usize::MAX).clamp(1, max_connections.max(1))
}

#[cfg(test)]
mod tests {
    use crate::net::listener::descriptors::*;

    #[test]
    fn some_descriptors_stay_for_administration_and_vendors() {
        for (limit, max, vendors, expected) in [
            (1 << 20, 4096, 640, 4096),
            (5056, 4096, 640, 4096),
            (5055, 4096, 640, 4095),
            (1024, 4096, 640, 481),
            (1024, 4096, 128, 783),
            (48, 4096, 640, 22),
            (1, 4096, 640, 1),
            (1024, 100, 640, 100),
        ] {
            assert_eq!(allowed(limit, max, vendors), expected, "{limit} {max} {vendors}");
        }
    }
}
