//! What reading, translating and normalising cost, in instructions: run under callgrind by `.ci/instructions`, which
//! tells the work from everything around it by the name of [`counted_case`].

mod samples;

use std::io::{self, Write};

/// One case; everything that happens in here is counted.
#[inline(never)]
fn counted_case(case: &samples::Case) -> bool {
    case.run()
}

/// Runs the cases, or those whose name holds the first argument, and prints their names in the order of their counts.
fn main() -> io::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut names = io::stdout().lock();
    for case in samples::cases().into_iter().filter(|case| case.name.contains(&wanted)) {
        // The allocator's first answers cost more than its later ones, and how much more depends on the cases before.
        let steady = (0..8).all(|_| case.run());
        let counted = counted_case(&case) && steady;
        writeln!(names, "{}", if counted { &case.name } else { "failed" })?;
    }
    Ok(())
}
