//! The engine itself: paths, ids, plans.

use super::dialect;

#[test]
fn a_nested_dialect_has_a_plan_and_a_flat_one_has_none() {
    for (name, is_nested) in
        [("autocalls", false), ("elevenlabs", true), ("retell", true), ("sondos", false), ("vapi", true)]
    {
        assert_eq!(dialect(name).plan.is_some(), is_nested, "{name}");
    }
}
