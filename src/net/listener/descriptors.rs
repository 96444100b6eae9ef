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

/// What is kept for others is at most half of the limit.
fn allowed(limit: u64, max_connections: usize, vendors: usize) -> usize {
    let kept = u64::try_from(vendors).unwrap_or(u64::MAX).saturating_add(KEPT).min(limit / 2);
    usize::try_from(limit - kept).unwrap_or(usize::MAX).clamp(1, max_connections.max(1))
}

#[cfg(test)]
mod tests {
    use crate::net::listener::descriptors::*;

    #[test]
    fn some_descriptors_stay_for_administration_and_vendors() {
        for (limit, max, vendors, expected) in [
            (1 << 20, 4096, 640, 4096),
            (4800, 4096, 640, 4096),
            (4799, 4096, 640, 4095),
            (1024, 4096, 640, 512),
            (1024, 4096, 128, 832),
            (48, 4096, 640, 24),
            (1, 4096, 640, 1),
            (1024, 100, 640, 100),
        ] {
            assert_eq!(allowed(limit, max, vendors), expected, "{limit} {max} {vendors}");
        }
    }
}
