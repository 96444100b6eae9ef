//! Pages of lists whose next page is named by the last one's key.

/// The catalog that one vendor serves in pages.
pub(super) const VOICES: &str = "voices";

/// The items after the one with the key `after`, at most `size`, and the key of the last if more follow.
///
/// A key that no item has gives an empty page, as the list may have changed since.
pub(super) fn page<'i, T>(
    items: &'i [T],
    key: impl Fn(&T) -> &str,
    after: Option<&str>,
    size: usize,
) -> (&'i [T], Option<String>) {
    let start = match after {
        None => 0,
        Some(after) => items.iter().position(|item| key(item) == after).map_or(items.len(), |at| at + 1),
    };
    let end = start.saturating_add(size).min(items.len());
    let shown = items.get(start..end).unwrap_or_default();
    let next = shown.last().filter(|_| end < items.len()).map(|item| key(item).to_owned());
    (shown, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_on_one_page_and_the_last_page_has_no_next() {
        let items = ["a", "b", "c", "d", "e"];
        for size in 1..=6 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let (shown, next) = page(&items, |item| item, after.as_deref(), size);
                assert!(shown.len() <= size && !shown.is_empty());
                seen.extend_from_slice(shown);
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            assert_eq!(seen, items, "{size}");
        }
        assert_eq!(page(&items, |item| item, Some("x"), 2), (&[][..], None));
    }
}
