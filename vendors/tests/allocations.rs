//! The number and the size of allocations for reading and translating an update, so that an additional allocation fails a
//! test.

#[path = "../benches/samples.rs"]
mod samples;

use allocation_counter::measure;

/// The allocations of the cases whose name has this start and this end. Reading allocates the entries, and the keys of
/// nested objects if there are any; translating allocates the body, the path and the report. Sondos' `tools` add another
/// object and a warning. Every field at once needs no more, and those that are dropped none of their own. Reading a
/// response allocates its members and those of its `data`.
const EXPECTED: &[(&str, &str, u64)] = &[
    ("read/", "120B", 1),
    ("read/", "", 2),
    ("sondos/", "120B", 4),
    ("sondos/", "", 6),
    ("", "120B", 4),
    ("", "2KiB", 5),
    ("", "/64KiB", 5),
    ("worst/", "-64KiB", 4),
    ("worst/", "tools", 5),
    ("worst/", "every-field", 6),
    ("lenient/", "every-field", 6),
    ("answer/", "success", 2),
];

#[test]
fn each_case_has_exactly_the_expected_number_of_allocations() {
    for case in samples::cases() {
        let fits = |(start, end, _): &&(&str, &str, u64)| case.name.starts_with(start) && case.name.ends_with(end);
        let Some((_, _, expected)) = EXPECTED.iter().find(fits) else { continue };
        let used = measure(|| assert!(case.run(), "{}", case.name));
        assert_eq!(used.count_total, *expected, "{}", case.name);
        assert_eq!(used.count_current, 0, "{}: everything is freed", case.name);
    }
}

#[test]
fn a_translation_never_holds_more_than_twice_the_body_and_16_kib() {
    let refused = ["worst/many-errors", "worst/unknown-keys"];
    for case in samples::cases().into_iter().filter(|case| !refused.contains(&case.name.as_str())) {
        let used = measure(|| assert!(case.run(), "{}", case.name));
        let most = 2 * case.body.len() as u64 + 16 * 1024;
        assert!(used.bytes_max <= most, "{}: {} bytes for a body of {}", case.name, used.bytes_max, case.body.len());
    }
}
