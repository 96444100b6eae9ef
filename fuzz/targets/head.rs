#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (oracles::Oracle::named("head").check)(input));
