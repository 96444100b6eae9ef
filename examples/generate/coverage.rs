//! `docs/coverage.md`: canonical fields × vendors.

use vendors::document::{Named, coverage_markdown};
use vendors::registry::DIALECTS;
use vendors::{Dialect, Field};

const HEAD: &str = "# Coverage

Generated from the adapters' tables by `just generate`. `switchboard coverage` prints the same table, and `GET /v1/fields` \
returns it for the accounts of a running gateway. \
A field is *faithful* where the vendor holds its values exactly, *approximate* where a cell begins with ≈, and absent where it is —. An experimental \
adapter is written from documentation alone: no live account has confirmed it yet.

| cell | means |
| --- | --- |
| ✓ | the same name and the same values |
| a name | the vendor's name for it, with dots where it is nested; values are mapped or looked up where they differ |
| in part | the same name, but not every value or member |
| ≈ | approximate: the vendor holds values only nearly, or not all of them; its page says how |
| a range | the vendor's range, narrower than the canonical one |
| without *x* | the vendor does not support that value; it is refused |
| merged | written into the vendor's body as it is |
| write-only | not readable: it is missing when an assistant is read, and a copy does not carry it |
| creation only | a new assistant can have it, an update cannot change it |
| — | not supported: refused in strict handling, dropped and reported in lenient |

";

/// The page.
pub(crate) fn page() -> String {
    let named: Vec<Named<'_>> = DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect();
    let link = |dialect: &&Dialect| {
        let experimental = if dialect.experimental { " (experimental)" } else { "" };
        format!("[{}](vendors/{}.md){experimental}", dialect.title, dialect.name)
    };
    let links: Vec<_> = DIALECTS.iter().map(link).collect();
    format!("{HEAD}The vendors, field by field: {}.\n\n{}", links.join(", "), coverage_markdown(&named, &Field::ALL))
}
