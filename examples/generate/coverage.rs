//! `docs/coverage.md`: canonical fields × vendors.

use vendors::document::{Named, coverage_markdown};
use vendors::registry::DIALECTS;

const HEAD: &str = "# Coverage

Generated from the adapters' tables by `just generate`. `switchboard coverage` prints the same table, `GET /v1/fields` \
answers with it for the accounts of a running gateway.

| cell | means |
| --- | --- |
| ✓ | the same name and the same values |
| a name | the vendor's name for it; values are mapped or looked up where they differ |
| ✓ in part | the same name, but not all that may stand in it |
| a range | narrower here than canonical |
| without *x* | that value is refused |
| merged | written into the vendor's body as it is |
| — | refused in strict handling, dropped and reported in lenient |

";

/// The page.
pub(crate) fn page() -> String {
    let named: Vec<Named<'_>> = DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect();
    let links: Vec<_> =
        DIALECTS.iter().map(|dialect| format!("[{}](vendors/{}.md)", dialect.title, dialect.name)).collect();
    format!("{HEAD}The vendors, field by field: {}.\n\n{}", links.join(", "), coverage_markdown(&named))
}
