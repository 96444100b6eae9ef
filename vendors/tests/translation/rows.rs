//! Rules and limits that no present vendor needs, tested with a made-up vendor.

use vendors::document::compare;
use vendors::{
    CatalogSet, Catalogs, Dialect, Field, Handling, Limit, Policies, Refused, Request, Row, Target, UndocumentedFields,
    Update, translate_request,
};

use super::contracts::{SUPERSET, contract, places};

/// The superset's dialect with another row for one field.
fn with(field: Field, row: Row) -> &'static Dialect {
    let base = contract(SUPERSET).dialect;
    let mut rows = base.rows;
    rows[field as usize] = row;
    Box::leak(Box::new(Dialect { rows, undocumented: UndocumentedFields::empty(), ..*base }))
}

fn translate(dialect: &'static Dialect, body: &str) -> Result<Request, Refused> {
    let (policies, none) = (Policies::default(), CatalogSet::default());
    let catalogs = Catalogs { configured: &none, live: &none };
    let handling = Handling::Strict;
    let target = Target {
        dialect,
        vendor: "made-up",
        id: "1",
        handling,
        policies: &policies,
        catalogs,
        accounts: &vendors::registry::Names,
    };
    translate_request(&Update::read(body.as_bytes()).unwrap(), &target)
}

#[test]
fn a_shorter_length_is_checked_in_characters() {
    let dialect = with(Field::ReengagementPrompt, Row { limit: Some(Limit::Length(3)), ..Row::SAME });
    assert_eq!(dialect.describe(Field::ReengagementPrompt).max_length, Some(3));
    for good in [r#"{"reengagement_prompt":"äöü"}"#, r#"{"reengagement_prompt":null}"#] {
        assert_eq!(translate(dialect, good).unwrap().body, good.as_bytes());
    }
    let items = translate(dialect, r#"{"reengagement_prompt":"abcd"}"#).unwrap_err().items.list;
    assert_eq!(places(&items), [("#/reengagement_prompt".to_owned(), "too_long")]);
    assert_eq!(items[0].detail, "must be at most 3 characters long for Autocalls");
}

#[test]
fn a_value_outside_both_ranges_is_refused_with_the_narrower_one() {
    let dialect = with(Field::MaxSilenceDuration, Row::SAME.within(5.0, 120.0));
    for (value, code, detail) in [
        ("121", "out_of_range", "must be between 5 and 120 for Autocalls"),
        ("4", "out_of_range", "must be between 5 and 120 for Autocalls"),
        ("1000", "out_of_range", "must be between 5 and 120 for Autocalls"),
        ("7.0", "wrong_type", "must be an integer without a fraction or an exponent, is 7.0"),
    ] {
        let items = translate(dialect, &format!(r#"{{"max_silence_duration":{value}}}"#)).unwrap_err().items.list;
        let found: Vec<_> = items.iter().map(|item| (item.code.as_str(), item.detail.as_str())).collect();
        assert_eq!(found, [(code, detail)], "{value}");
    }
}

#[test]
fn a_range_that_is_narrower_at_either_end_is_a_loss() {
    let base = contract(SUPERSET).dialect;
    for (min, max, loss) in [
        (5.0, 360.0, Some("the range 1–360 becomes 5–360")),
        (1.0, 100.0, Some("the range 1–360 becomes 1–100")),
        (1.0, 360.0, None),
        (0.0, 999.0, None),
    ] {
        let losses = compare(base, with(Field::MaxSilenceDuration, Row::SAME.within(min, max))).losses;
        let found: Vec<_> = losses.iter().map(|loss| (loss.field, loss.detail.as_str())).collect();
        let wanted: Vec<_> = loss.map(|detail| (Field::MaxSilenceDuration, detail)).into_iter().collect();
        assert_eq!(found, wanted);
    }
}
