//! Lets glibc keep freed memory instead of returning it to the kernel.

use std::hint::black_box;

/// A freed block of this size raises the size of free memory that glibc keeps to twice as much.
const BLOCK_BYTES: usize = 4 << 20;

/// Makes glibc keep up to 8 MiB of free memory at the end of each heap. By default it keeps 128 KiB until the program
/// frees a larger block (mallopt(3), `M_MMAP_THRESHOLD`). Without this the page faults of a body of 64 KiB are a seventh
/// of the cost of its update. Other allocators are not affected.
pub(super) fn raise() {
    drop(black_box(Vec::<u8>::with_capacity(BLOCK_BYTES)));
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use crate::cli::heap_retention::*;

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
    fn freed_memory_is_used_again_without_the_kernel() {
        raise();
        // In a thread with its own heap, like a worker.
        let again = std::thread::spawn(|| {
            use_and_free_4_mib();
            let before = faults();
            use_and_free_4_mib();
            faults() - before
        });
        assert!(again.join().expect("no panic") < 64, "of 1,024 pages");
    }
}
