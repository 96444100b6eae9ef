//! What an assistant loses by moving from one vendor to another.

use crate::canonical::{Bounds, Field};
use crate::dialect::{Dialect, FieldDescription, Support};

/// The difference between two vendors, field by field.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// What the first vendor supports and the second does not.
    pub losses: Vec<Loss>,
    /// Fields that only the second vendor supports.
    pub gains: Vec<Field>,
    /// Fields whose ids or names differ between accounts and have to be looked up again.
    pub resolve: Vec<Field>,
}

/// One thing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The field.
    pub field: Field,
    /// What is lost, as a sentence.
    pub detail: String,
}

/// Compares two dialects.
pub fn compare(from: &Dialect, to: &Dialect) -> Comparison {
    let mut comparison = Comparison::default();
    for field in Field::ALL {
        let (before, after) = (from.describe(field), to.describe(field));
        match (before.support, after.support) {
            (Support::Unsupported, Support::Unsupported) => continue,
            (Support::Unsupported, _) => {
                comparison.gains.push(field);
                continue;
            }
            (_, Support::Unsupported) => {
                comparison.losses.push(Loss { field, detail: after.detail.clone() });
                continue;
            }
            _ => comparison.losses.extend(narrowed(&before, &after)),
        }
        if field.name().ends_with("_id") || field.name().ends_with("_ids") || after.catalog.is_some() {
            comparison.resolve.push(field);
        }
    }
    comparison
}

fn narrowed(before: &FieldDescription, after: &FieldDescription) -> Vec<Loss> {
    let field = after.field;
    let mut losses = Vec::new();
    if let (Some(was), Some(is)) = (before.bounds, after.bounds)
        && (is.min > was.min || is.max < was.max)
    {
        losses.push(format!("the range {} becomes {}", range(was), range(is)));
    }
    let gone = before.values.iter().zip(&after.values).filter(|((_, had), (_, has))| had.is_some() && has.is_none());
    let gone: Vec<_> = gone.map(|(_, (value, _))| value.as_str()).collect();
    if !gone.is_empty() {
        losses.push(format!("the value {} is not supported", gone.join(", ")));
    }
    let is_partial = matches!(after.support, Support::Partial) || field == Field::Tools;
    if is_partial && before.detail != after.detail && after.support != Support::Same {
        losses.push(after.detail.clone());
    }
    losses.into_iter().map(|detail| Loss { field, detail }).collect()
}

fn range(bounds: Bounds) -> String {
    format!("{}–{}", bounds.min, bounds.max)
}
