//! The limit on open files, which connections count against.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises it to what this process may have. The lower one that most systems start programs with is for those that ask
/// for files by small numbers only; a thousand silent callers would reach it, and vendors could be called no more.
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
