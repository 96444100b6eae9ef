//! Pages of a list, in the form that the vendor's framework produces.

use serde_json::{Value, json};

use crate::{http::query, validation::ValidationErrors};

/// The page of `items` that `query` asks for; `path` is the list's URL.
pub(crate) fn page(items: &[Value], query: Option<&str>, path: &str) -> Result<Value, ValidationErrors> {
    let per_page = query::value(query, "per_page").map_or(Some(10), |text| text.parse().ok());
    let Some(per_page) = per_page.filter(|count| (1..=100).contains(count)) else {
        let mut errors = ValidationErrors::default();
        errors.add("per_page", "The per page must be between 1 and 100.");
        return Err(errors);
    };
    let asked = query::value(query, "page").and_then(|text| text.parse().ok());
    let current = asked.filter(|page| *page > 0).unwrap_or(1usize);
    let last = items.len().div_ceil(per_page).max(1);
    let first = (current - 1).saturating_mul(per_page).min(items.len());
    let shown = &items[first..first.saturating_add(per_page).min(items.len())];
    let url = |page: usize| (1..=last).contains(&page).then(|| format!("{path}?page={page}"));
    let (previous, next) = (url(current - 1), url(current + 1));
    let mut links = vec![json!({ "url": previous, "label": "&laquo; Previous", "active": false })];
    links.extend(
        (1..=last).map(|page| json!({ "url": url(page), "label": page.to_string(), "active": page == current })),
    );
    links.push(json!({ "url": next, "label": "Next &raquo;", "active": false }));
    Ok(json!({
        "current_page": current,
        "data": shown,
        "first_page_url": url(1),
        "from": (!shown.is_empty()).then_some(first + 1),
        "last_page": last,
        "last_page_url": url(last),
        "links": links,
        "next_page_url": next,
        "path": path,
        "per_page": per_page,
        "prev_page_url": previous,
        "to": (!shown.is_empty()).then_some(first + shown.len()),
        "total": items.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_documented_members() {
        let items: Vec<_> = (1..=5).map(Value::from).collect();
        let page = page(&items, Some("per_page=2&page=2"), "u").expect("a page");
        assert_eq!(page["data"], json!([3, 4]));
        let numbers =
            ["from", "to", "total", "last_page", "current_page", "per_page"].map(|member| page[member].as_u64());
        assert_eq!(numbers, [3, 4, 5, 3, 2, 2].map(Some));
        assert_eq!([&page["prev_page_url"], &page["next_page_url"]], ["u?page=1", "u?page=3"]);
        assert_eq!(page["links"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn a_page_after_the_last_is_empty_and_a_bad_size_is_refused() {
        let beyond = page(&[json!(1)], Some("page=9"), "u").expect("a page");
        assert_eq!(
            (&beyond["data"], &beyond["from"], &beyond["next_page_url"]),
            (&json!([]), &Value::Null, &Value::Null)
        );
        for query in ["per_page=0", "per_page=101", "per_page=x"] {
            assert!(page(&[], Some(query), "u").is_err());
        }
    }
}
