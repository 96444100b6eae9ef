//! What an assistant loses by moving from one vendor to another.

use crate::canonical::{Bounds, Field};
use crate::dialect::{Dialect, FieldDescription, Support};
use crate::item::ItemCode;

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
    /// How bad it is.
    pub severity: Severity,
    /// What is lost, as a sentence.
    pub detail: String,
}

/// How bad a loss is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The second vendor refuses a value that the first takes.
    RefusedValue,
    /// It does not have the field.
    LostField,
    /// It takes fewer numbers or shorter texts.
    NarrowerRange,
    /// It holds the field less exactly, or not in every setting.
    Approximated,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] = [Self::RefusedValue, Self::LostField, Self::NarrowerRange, Self::Approximated];

    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefusedValue => "refused_value",
            Self::LostField => "lost_field",
            Self::NarrowerRange => "narrower_range",
            Self::Approximated => "approximated",
        }
    }

    /// That of a problem that an update has at the second vendor alone.
    pub const fn of(code: ItemCode) -> Self {
        match code {
            ItemCode::UnsupportedField | ItemCode::UnknownField => Self::LostField,
            ItemCode::OutOfRange | ItemCode::TooLong | ItemCode::TooShort => Self::NarrowerRange,
            _ => Self::RefusedValue,
        }
    }
}

/// Fields with names that mean something at one vendor only.
const NAMES_OF_VENDORS: [Field; 2] = [Field::TtsModel, Field::LlmFallbackModels];

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
                let (severity, detail) = (Severity::LostField, after.detail.clone());
                comparison.losses.push(Loss { field, severity, detail });
                continue;
            }
            _ => {
                comparison.losses.extend(narrowed(&before, &after));
                comparison.losses.extend(limited(from, to, field));
            }
        }
        if field.spec().shape.is_of_ids() || NAMES_OF_VENDORS.contains(&field) || after.catalog.is_some() {
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
        let detail = format!("the range {} becomes {}", range(was), range(is));
        losses.push((Severity::NarrowerRange, detail));
    }
    // A vendor whose values are not listed has all of them.
    let had = |value: &str| before.values.iter().all(|(known, vendor)| known != value || vendor.is_some());
    let gone = after.values.iter().filter(|(value, has)| has.is_none() && had(value));
    let gone: Vec<_> = gone.map(|(value, _)| value.as_str()).collect();
    if !gone.is_empty() {
        losses.push((Severity::RefusedValue, format!("the value {} is not supported", gone.join(", "))));
    }
    if let (was, Some(is)) = (before.max_length, after.max_length)
        && was.is_none_or(|was| is < was)
    {
        let detail = match was {
            Some(was) => format!("the greatest length {was} becomes {is}"),
            None => format!("there is a greatest length, {is}"),
        };
        losses.push((Severity::NarrowerRange, detail));
    }
    if before.nullable && !after.nullable {
        let detail = "`null` is refused: no value that clears it is documented".to_owned();
        losses.push((Severity::RefusedValue, detail));
    }
    let is_partial = matches!(after.support, Support::Partial) || field == Field::Tools;
    if is_partial && before.detail != after.detail && after.support != Support::Same {
        losses.push((Severity::RefusedValue, after.detail.clone()));
    }
    losses.into_iter().map(|(severity, detail)| Loss { field, severity, detail }).collect()
}

/// What a nested dialect holds only nearly or only beside some settings, and the first does not.
fn limited(from: &Dialect, to: &Dialect, field: Field) -> Vec<Loss> {
    let (before, after) = (from.row(field), to.row(field));
    let mut losses = Vec::new();
    if let Some(only) = after.only.filter(|only| before.only != Some(*only)) {
        let words: Vec<_> = only.is.iter().map(|word| format!("`{word}`")).collect();
        losses.push(format!("has a meaning only where `{}` is {}", only.path.join("."), words.join(" or ")));
    }
    if !after.nearly.is_empty() && before.nearly != after.nearly {
        losses.push(format!("is held only nearly: {}", after.nearly));
    }
    losses.into_iter().map(|detail| Loss { field, severity: Severity::Approximated, detail }).collect()
}

fn range(bounds: Bounds) -> String {
    format!("{}–{}", bounds.min, bounds.max)
}
