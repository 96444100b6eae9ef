//! Pages of a list, in the form that the vendor's framework produces.

use serde_json::{Value, json};

use crate::{http::query, validation::ValidationErrors};

/// Pages on each side of the present one that have a link; more than so many others are left out.
const EACH_SIDE: usize = 3;

/// How a list is paged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging<'a> {
    /// The request's query.
    pub(crate) query: Option<&'a str>,
    /// The page size without `per_page`.
    pub(crate) per_page: usize,
    /// The list's URL.
    pub(crate) path: &'a str,
    /// The members that the documented page has, in order.
    pub(crate) members: &'a [String],
}

/// The page of `items` that the query asks for. Only the items of the page are built.
pub(crate) fn page<T>(items: &[T], show: impl Fn(&T) -> Value, paging: Paging<'_>) -> Result<Value, ValidationErrors> {
    let Paging { query, path, .. } = paging;
    let per_page = query::value(query, "per_page").map_or(Some(paging.per_page), |text| text.parse().ok());
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
    let (previous, next) = (url(current - 1), url(current.saturating_add(1)));
    let mut links = vec![json!({ "url": previous, "label": "&laquo; Previous", "active": false })];
    links.extend(window(current, last).into_iter().map(|page| match page {
        Some(page) => json!({ "url": url(page), "label": page.to_string(), "active": page == current }),
        None => json!({ "url": null, "label": "...", "active": false }),
    }));
    links.push(json!({ "url": next, "label": "Next &raquo;", "active": false }));
    let mut whole = json!({
        "current_page": current,
        "data": shown.iter().map(show).collect::<Vec<_>>(),
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
    });
    let member = |name: &String| Some((name.clone(), whole.get_mut(name)?.take()));
    Ok(Value::Object(paging.members.iter().filter_map(member).collect()))
}

/// The pages that have a link, with `None` for a gap, as the framework's `UrlWindow` has them.
fn window(current: usize, last: usize) -> Vec<Option<usize>> {
    let window = EACH_SIDE + 4;
    let (begin, end) = (1..=2, last.saturating_sub(1)..=last);
    let parts = if last < EACH_SIDE * 2 + 8 {
        vec![1..=last]
    } else if current <= window {
        vec![1..=window + EACH_SIDE, end]
    } else if current > last - window {
        vec![begin, last - (window + EACH_SIDE - 1)..=last]
    } else {
        vec![begin, current - EACH_SIDE..=current + EACH_SIDE, end]
    };
    let mut pages = Vec::new();
    for part in parts {
        if !pages.is_empty() {
            pages.push(None);
        }
        pages.extend(part.map(Some));
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members that the template of the platform shows.
    const ALL: [&str; 13] = [
        "current_page",
        "data",
        "first_page_url",
        "from",
        "last_page",
        "last_page_url",
        "links",
        "next_page_url",
        "path",
        "per_page",
        "prev_page_url",
        "to",
        "total",
    ];

    fn paged(count: u64, query: &str, members: &[&str]) -> Result<Value, ValidationErrors> {
        let (items, members) = ((1..=count).collect::<Vec<_>>(), members.iter().map(|name| (*name).to_owned()));
        let members: Vec<_> = members.collect();
        let paging = Paging { query: Some(query), per_page: 10, path: "u", members: &members };
        page(&items, |item| json!(item), paging)
    }

    #[test]
    fn pages_have_the_documented_members() {
        let page = paged(5, "per_page=2&page=2", &ALL).expect("a page");
        assert_eq!(page["data"], json!([3, 4]));
        let numbers =
            ["from", "to", "total", "last_page", "current_page", "per_page"].map(|member| page[member].as_u64());
        assert_eq!(numbers, [3, 4, 5, 3, 2, 2].map(Some));
        assert_eq!([&page["prev_page_url"], &page["next_page_url"]], ["u?page=1", "u?page=3"]);
        assert_eq!(page["links"].as_array().map(Vec::len), Some(5));
        let few = paged(5, "", &["data", "total"]).expect("a page");
        assert_eq!(few, json!({ "data": [1, 2, 3, 4, 5], "total": 5 }));
    }

    #[test]
    fn a_page_after_the_last_is_empty_and_a_bad_size_is_refused() {
        for page in ["9", "18446744073709551615"] {
            let beyond = paged(1, &format!("page={page}"), &ALL).expect("a page");
            assert_eq!(
                (&beyond["data"], &beyond["from"], &beyond["next_page_url"]),
                (&json!([]), &Value::Null, &Value::Null)
            );
        }
        for query in ["per_page=0", "per_page=101", "per_page=x"] {
            assert!(paged(0, query, &ALL).is_err());
        }
    }

    #[test]
    fn a_long_list_has_links_around_the_present_page_only() {
        let text = |current, last| {
            let pages = window(current, last).into_iter();
            pages.map(|page| page.map_or("...".to_owned(), |page| page.to_string())).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(1, 3), "1 2 3");
        assert_eq!(text(7, 30), "1 2 3 4 5 6 7 8 9 10 ... 29 30");
        assert_eq!(text(15, 30), "1 2 ... 12 13 14 15 16 17 18 ... 29 30");
        assert_eq!(text(24, 30), "1 2 ... 21 22 23 24 25 26 27 28 29 30");
        assert_eq!(text(99, 30), "1 2 ... 21 22 23 24 25 26 27 28 29 30");
    }
}
