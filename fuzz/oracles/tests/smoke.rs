//! Runs every oracle over its corpus and over damaged copies of it: a short version of fuzzing.

#[cfg(test)]
mod smoke {
    use std::panic::catch_unwind;

    use oracles::{ORACLES, Oracle, mutations};

    /// Damaged copies of each input; fewer of long ones.
    const COPIES: usize = 64;

    fn play(name: &str) {
        let oracle = Oracle::named(name);
        let corpus = oracle.corpus();
        assert!(corpus.len() > 10, "{} seeds", corpus.len());
        for seed in &corpus {
            let copies = (COPIES * 256 / (seed.len() + 256)).max(2);
            for input in mutations(seed, copies).chain([seed.clone()]) {
                let check = oracle.check;
                let held = catch_unwind(|| check(&input));
                assert!(held.is_ok(), "{name} fails for {:?}", String::from_utf8_lossy(&input));
            }
        }
    }

    macro_rules! oracles {
        ($($name:ident)*) => {
            $(#[test] fn $name() { play(stringify!($name)); })*

            #[test]
            fn every_oracle_is_among_these_and_is_a_fuzz_target() {
                assert_eq!(ORACLES.iter().map(|oracle| oracle.name).collect::<Vec<_>>(), [$(stringify!($name)),*]);
                let manifest = include_str!("../../Cargo.toml");
                for oracle in ORACLES {
                    assert!(manifest.contains(&format!("name = \"{}\"", oracle.name)), "{}", oracle.name);
                }
            }
        };
    }

    oracles! { reader translation answer failure path prefer head }
}
