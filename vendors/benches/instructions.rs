//! Counts the instructions of reading, translating and normalising. `.ci/instructions` runs this program under callgrind
//! and counts what happens inside [`counted_case`].

mod samples;

use std::io::{self, Write};

/// Runs one case; all instructions inside this function are counted.
#[inline(never)]
fn counted_case(case: &samples::Case) -> bool {
    case.run()
}

/// Runs the cases whose name contains the first argument, or all, and prints their names in the order of the counts.
fn main() -> io::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut names = io::stdout().lock();
    for case in samples::cases().into_iter().filter(|case| case.name.contains(&wanted)) {
        // The first allocations of a size cost more than later ones, by an amount that depends on the previous cases.
        let steady = (0..8).all(|_| case.run());
        let counted = counted_case(&case) && steady;
        writeln!(names, "{}", if counted { &case.name } else { "failed" })?;
    }
    Ok(())
}
