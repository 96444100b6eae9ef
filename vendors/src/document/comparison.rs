//! What an assistant would lose by moving from one vendor to another.

use crate::canonical::{Bounds, Field};
use crate::dialect::{Described, Dialect, Support};

/// The difference between two vendors, field by field.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// What the first vendor has and the second lacks.
    pub losses: Vec<Loss>,
    /// Fields that only the second vendor has.
    pub gains: Vec<Field>,
    /// Fields whose ids or names mean something else there and have to be looked up anew.
    pub resolve: Vec<Field>,
}

/// One thing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The field.
    pub field: Field,
    /// What is lost of it, as a sentence.
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

fn narrowed(before: &Described, after: &Described) -> Vec<Loss> {
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
        losses.push(format!("the value {} does not exist there", gone.join(", ")));
    }
    let in_part = matches!(after.support, Support::Partial) || field == Field::Tools;
    if in_part && before.detail != after.detail && after.support != Support::Same {
        losses.push(after.detail.clone());
    }
    losses.into_iter().map(|detail| Loss { field, detail }).collect()
}

fn range(bounds: Bounds) -> String {
    format!("{}–{}", bounds.min, bounds.max)
}
