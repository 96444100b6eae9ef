//! When the allocator gives memory back to the kernel.

use std::hint::black_box;

/// Twice this stays where it is free at the end of a heap.
const LARGEST: usize = 4 << 20;

/// Has glibc keep up to 8 MiB of what lies free at the end of each heap. By itself it keeps 128 KiB until the program has
/// freed something larger, by which it learns (mallopt(3), `M_MMAP_THRESHOLD`); until then every body of 64 KiB is paid
/// for with page faults, a seventh of what its update costs. Other allocators are none the wiser.
pub(super) fn keep() {
    drop(black_box(Vec::<u8>::with_capacity(LARGEST)));
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use crate::cli::allocator::*;

    /// Page faults of this thread so far.
    fn faults() -> u64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("read");
        let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
        fields.split(' ').nth(7).expect("minflt").parse().expect("a number")
    }

    fn use_and_free_4_mib() {
        let bodies: Vec<Vec<u8>> = (0..64).map(|byte| black_box(vec![byte + 1; 64 * 1024])).collect();
        drop(black_box(bodies));
    }

    #[test]
    fn what_is_freed_is_used_again_without_the_kernel() {
        keep();
        // In a heap of its own, as a worker's is.
        let again = std::thread::spawn(|| {
            use_and_free_4_mib();
            let before = faults();
            use_and_free_4_mib();
            faults() - before
        });
        assert!(again.join().expect("no panic") < 64, "of 1,024 pages");
    }
}
