//! How lists are read page by page, as data.

use crate::json::push_string;

use super::operations::{Call, push_escaped};

/// How assistants are listed. A URL in a response is never followed.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The request.
    pub call: Call,
    /// The JSON object that is the body of each request; empty if there is none.
    pub body: &'static str,
    /// Where the parameters of a page stand.
    pub parameters: Parameters,
    /// The parameter for the number of assistants on a page.
    pub per_page: &'static str,
    /// The most assistants on a page.
    pub max_per_page: usize,
    /// How the next page is asked for.
    pub paging: Paging,
    /// The member of a response that holds the list; empty if the response is the list itself.
    pub items: &'static str,
    /// The member of an assistant's document that an element of the list is; empty if it is the document itself.
    pub item: &'static str,
    /// Whether an element has only a part of the assistant, so that what it lacks says nothing.
    pub is_partial: bool,
}

/// Where the parameters of a page stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    /// In the query.
    Query,
    /// In the JSON body.
    Body,
}

/// How the next page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// By its number, counted from 1, as the paginator of the vendors' framework has it.
    Numbered {
        /// The parameter for the number.
        page: &'static str,
    },
    /// By a cursor that the page before gives.
    Cursor {
        /// The parameter for the cursor.
        parameter: &'static str,
        /// The member of a response that is the next page's cursor.
        next: &'static str,
        /// The member of a response that says whether there is a next page.
        has_more: &'static str,
    },
    /// By a time: the list is sorted by it, the latest first, and a page begins before it.
    Window {
        /// The parameter for the time that all on the page are before.
        parameter: &'static str,
        /// The member of an assistant's document that is its time.
        member: &'static str,
    },
}

impl Paging {
    /// The parameter that leads to a page, and its value as text; `None` for the first page, which needs none.
    pub fn parameter(self, number: usize, at: Option<&str>) -> Option<(&'static str, String)> {
        match self {
            Self::Numbered { page } => Some((page, number.to_string())),
            Self::Cursor { parameter, .. } | Self::Window { parameter, .. } => at.map(|at| (parameter, at.to_owned())),
        }
    }

    /// Whether a page can be asked for by its number alone.
    pub const fn is_numbered(self) -> bool {
        matches!(self, Self::Numbered { .. })
    }
}

impl Listing {
    /// A list in pages with numbers, as the vendors' framework makes them.
    pub const fn numbered(call: Call, page: &'static str, per_page: &'static str, max_per_page: usize) -> Self {
        let paging = Paging::Numbered { page };
        let (parameters, items) = (Parameters::Query, "data");
        Self { call, body: "", parameters, per_page, max_per_page, paging, items, item: "", is_partial: false }
    }

    /// The fewest assistants on a page with which the list can be read to its end. A window of one does not tell whether
    /// others have the same time.
    pub const fn min_per_page(&self) -> usize {
        if matches!(self.paging, Paging::Window { .. }) { 2 } else { 1 }
    }

    /// Path and query of a page, and the body. `at` is what the page before said of the next one ([`ListPage::next`]).
    ///
    /// [`ListPage::next`]: crate::ListPage::next
    pub fn request(&self, number: usize, per_page: usize, at: Option<&str>) -> (String, Vec<u8>) {
        let place = self.paging.parameter(number, at);
        let mut path = self.call.path.to_owned();
        if self.parameters == Parameters::Body {
            return (path, self.body_with(per_page, place));
        }
        let separator = if path.contains('?') { '&' } else { '?' };
        path.push_str(&format!("{separator}{}={per_page}", self.per_page));
        if let Some((name, value)) = place {
            path.push_str(&format!("&{name}="));
            push_escaped(&mut path, &value);
        }
        (path, self.body.as_bytes().to_vec())
    }

    /// Path and query of a page of a list whose pages have numbers.
    pub fn path_of(&self, page: usize, per_page: usize) -> String {
        self.request(page, per_page, None).0
    }

    /// The body with the parameters of a page.
    fn body_with(&self, per_page: usize, place: Option<(&str, String)>) -> Vec<u8> {
        let mut out = self.body.strip_suffix('}').unwrap_or("{").as_bytes().to_vec();
        let mut push = |name: &str, value: &dyn Fn(&mut Vec<u8>)| {
            if !out.ends_with(b"{") {
                out.push(b',');
            }
            push_string(&mut out, name);
            out.push(b':');
            value(&mut out);
        };
        push(self.per_page, &|out| out.extend_from_slice(per_page.to_string().as_bytes()));
        if let Some((name, value)) = place {
            let is_number = self.paging.is_numbered();
            push(name, &|out| {
                if is_number { out.extend_from_slice(value.as_bytes()) } else { push_string(out, &value) }
            });
        }
        out.push(b'}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURSOR: Paging = Paging::Cursor { parameter: "cursor", next: "next", has_more: "more" };

    #[test]
    fn a_page_is_asked_for_by_its_number_or_by_what_the_page_before_said() {
        let numbered = Listing::numbered(Call::repeatable("GET", "/list"), "page", "per_page", 100);
        assert_eq!(numbered.path_of(2, 50), "/list?per_page=50&page=2");
        let cursor = Listing { paging: CURSOR, ..numbered };
        assert_eq!(cursor.request(1, 50, None), ("/list?per_page=50".to_owned(), Vec::new()));
        assert_eq!(cursor.request(2, 50, Some("a&b=ä/+")).0, "/list?per_page=50&cursor=a%26b%3D%C3%A4%2F%2B");
        let other = Listing { call: Call::repeatable("GET", "/list?kind=voice"), ..cursor };
        assert_eq!(other.request(2, 5, Some("x")).0, "/list?kind=voice&per_page=5&cursor=x");
    }

    #[test]
    fn parameters_may_stand_in_the_body() {
        let call = Call::repeatable("POST", "/list");
        let body = |body: &'static str, paging: Paging, at: Option<&str>| {
            let listing =
                Listing { body, parameters: Parameters::Body, paging, ..Listing::numbered(call, "p", "n", 9) };
            let (path, body) = listing.request(3, 7, at);
            assert_eq!(path, "/list");
            String::from_utf8(body).unwrap()
        };
        assert_eq!(body("", CURSOR, None), r#"{"n":7}"#);
        assert_eq!(body("{}", CURSOR, Some("a\"b")), r#"{"n":7,"cursor":"a\"b"}"#);
        assert_eq!(body(r#"{"f":{}}"#, CURSOR, Some("1")), r#"{"f":{},"n":7,"cursor":"1"}"#);
        assert_eq!(body(r#"{"f":1}"#, Paging::Numbered { page: "p" }, None), r#"{"f":1,"n":7,"p":3}"#);
    }
}
