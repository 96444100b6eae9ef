//! Oracles: properties that hold for any input, as functions that panic if one does not.
//!
//! Each oracle has the name of its fuzz target (`just fuzz reader`) and seeds: the goldens, the vendors' contracts and
//! the inputs that once broke it. The tests run every oracle over all seeds and over damaged copies of them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "an oracle reports by panicking")]

mod answer;
#[cfg(feature = "edge")]
mod edge;
mod failure;
mod mutation;
mod pointer;
mod reader;
mod seeds;
mod translation;
mod vendor;

pub use mutation::mutations;
pub use reader::{agree, reference};

/// An oracle with its inputs.
#[derive(Debug, Clone, Copy)]
pub struct Oracle {
    /// The name of the fuzz target.
    pub name: &'static str,
    /// Panics if the property does not hold for the input.
    pub check: fn(&[u8]),
    /// The seeds.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All oracles.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "reader", check: agree, seeds: seeds::json },
    Oracle { name: "translation", check: translation::check, seeds: seeds::updates },
    Oracle { name: "answer", check: answer::check, seeds: seeds::answers },
    Oracle { name: "failure", check: failure::check, seeds: seeds::answers },
    #[cfg(feature = "edge")]
    Oracle { name: "path", check: edge::path, seeds: edge::paths },
    #[cfg(feature = "edge")]
    Oracle { name: "prefer", check: edge::prefer, seeds: edge::preferences },
    #[cfg(feature = "edge")]
    Oracle { name: "head", check: edge::head, seeds: edge::heads },
];

impl Oracle {
    /// The oracle with this name.
    ///
    /// # Panics
    /// There is no such oracle.
    pub fn named(name: &str) -> Self {
        let found = ORACLES.iter().find(|oracle| oracle.name == name);
        *found.unwrap_or_else(|| panic!("there is no oracle `{name}`"))
    }

    /// The seeds and the inputs that once broke this oracle (`fuzz/regressions/<name>/`).
    pub fn corpus(&self) -> Vec<Vec<u8>> {
        let mut corpus = (self.seeds)();
        corpus.extend(
            seeds::files(&seeds::root().join("fuzz/regressions").join(self.name)).into_iter().map(|(_, bytes)| bytes),
        );
        corpus.sort();
        corpus.dedup();
        corpus
    }
}
