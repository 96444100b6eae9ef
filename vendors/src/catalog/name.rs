//! How names of a catalog are compared, and which are near to one that is not in it.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The most names that are compared with one that is not in the catalog.
const MAX_COMPARED: usize = 5_000;

/// Longer names are compared by their beginning, in characters.
const MAX_CHARS: usize = 64;

/// Characters at the ends of a name that are invisible.
pub(super) const INVISIBLE: [char; 4] = ['\u{feff}', '\u{200b}', '\u{200e}', '\u{200f}'];

/// A name as it is compared where no name is exactly the same: in NFC, without regard to case, without blanks around it,
/// and with one space for any white space inside it.
pub(super) fn folded(name: &str) -> String {
    if name.is_ascii() {
        let mut folded = name.to_ascii_lowercase();
        if folded.trim().len() != folded.len() || folded.contains("  ") || folded.contains(char::is_control) {
            folded = words(&folded);
        }
        return folded;
    }
    // Over the upper case, so that `ς` and `σ` are one letter, and `ß` and `ss`.
    words(name).nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

fn words(name: &str) -> String {
    let words: Vec<_> =
        name.trim_matches(INVISIBLE).split_whitespace().map(|word| word.trim_matches(INVISIBLE)).collect();
    words.join(" ").trim().to_owned()
}

/// What the `count` texts stand for that are nearest to `wanted`, nearest first. A text that contains it, or that it
/// contains, is near.
pub(super) fn nearest<'c, T: Copy + PartialEq>(
    wanted: &str,
    candidates: impl Iterator<Item = (Cow<'c, str>, T)>,
    count: usize,
) -> Vec<T> {
    let short = |name: &str| folded(name).chars().take(MAX_CHARS).collect::<String>();
    let wanted = short(wanted);
    let mut near: Vec<(usize, T)> = Vec::new();
    for (text, candidate) in candidates.take(MAX_COMPARED) {
        let folded = short(&text);
        let contains = !wanted.is_empty() && (folded.contains(&wanted) || wanted.contains(&folded));
        let distance = if contains { 1 } else { strsim::osa_distance(&wanted, &folded) };
        let at = near.partition_point(|(known, _)| *known <= distance);
        if at < count && !near.iter().any(|(_, known)| *known == candidate) {
            near.insert(at, (distance, candidate));
            near.truncate(count);
        }
    }
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_take_for_the_same_are_folded_to_the_same() {
        for (one, other) in [
            ("Max", "max "),
            ("Max", "\u{a0}Max\u{200b}"),
            ("Max", "\u{feff}MAX"),
            ("Jos\u{e9}", "Jose\u{301}"),
            ("JOS\u{c9}", "jose\u{301}"),
            ("Anna Maria", "Anna\u{a0} \tMaria"),
            ("Straße", "STRASSE"),
            ("Σοφός", "ΣΟΦΌΣ"),
            ("김", "\u{1100}\u{1175}\u{11b7}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one:?} {other:?}");
        }
        assert_ne!(folded("Jose"), folded("José"));
        assert_ne!(folded("AnnaMaria"), folded("Anna Maria"));
    }

    #[test]
    fn the_nearest_names_come_first() {
        let names = ["Emma (British)", "Bert", "Berta", "Zoe", "Bert"];
        let near = |wanted: &str, count| nearest(wanted, names.into_iter().map(|name| (name.into(), name)), count);
        assert_eq!(near("bret", 3), ["Bert", "Berta", "Zoe"]);
        assert_eq!(near("emma", 1), ["Emma (British)"]);
        assert_eq!(nearest("x", [(Cow::Borrowed("a"), 1)].into_iter(), 0), Vec::<i32>::new());
    }
}
