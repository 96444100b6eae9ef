//! The limit on open files, which includes connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard limit. The soft limit of most systems is 1024 for the sake of programs that use
/// `select`; a thousand idle callers would reach it, and no vendor could be called any more.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, "the limit on open files cannot be raised");
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::open_files::*;

    #[test]
    fn the_limit_becomes_the_highest_allowed() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum }).expect("lowered");
        raise();
        assert_eq!(getrlimit(Resource::Nofile), Rlimit { current: maximum, maximum });
    }
}
