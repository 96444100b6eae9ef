//! Tables of the members of structured fields, for the vendors' documents.

use crate::canonical::{Field, Member, Required, Shape};
use crate::dialect::{Dialect, Rule, Unsupported};

/// A section for each structured field whose members the vendor takes unchanged; empty if there is none.
pub(super) fn member_tables(dialect: &'static Dialect) -> String {
    Field::ALL.into_iter().map(|field| section(field, dialect.row(field).rule)).collect()
}

fn section(field: Field, rule: Rule) -> String {
    let unsupported = match rule {
        Rule::Same | Rule::Rename(_) => &[][..],
        Rule::Without(unsupported) => unsupported,
        _ => return String::new(),
    };
    let tables = match field.spec().shape {
        Shape::Record(members) => table(members, &[]),
        Shape::List(Shape::Record(members)) => table(members, &[]),
        Shape::List(Shape::Tagged(variants)) => variants
            .iter()
            .filter(|variant| !unsupported.contains(&Unsupported::Variant(variant.tag)))
            .map(|variant| {
                let table = table(variant.members, &missing(unsupported, variant.tag));
                format!("### `type: \"{}\"`\n\n{}\n\n{table}", variant.tag, variant.doc)
            })
            .collect(),
        _ => return String::new(),
    };
    format!("## Within `{}`\n\n{tables}", field.name())
}

/// The members of the alternative `tag` that a vendor does not document.
fn missing(unsupported: &[Unsupported], tag: &str) -> Vec<&'static str> {
    let of_tag = |part: &Unsupported| match part {
        Unsupported::Members(variant, members) if *variant == tag => Some(*members),
        _ => None,
    };
    unsupported.iter().filter_map(of_tag).flatten().copied().collect()
}

fn table(members: &[Member], missing: &[&str]) -> String {
    let lines: String =
        members.iter().filter(|member| !missing.contains(&member.name)).map(|member| line(member, missing)).collect();
    format!("| member | type | required | meaning |\n| --- | --- | --- | --- |\n{lines}\n")
}

fn line(member: &Member, missing: &[&str]) -> String {
    let required = match member.required {
        Required::No => String::new(),
        Required::Yes => "yes".to_owned(),
        // The vendor does not document the deciding member, so its default applies.
        Required::When { key, default: true, .. } if missing.contains(&key) => "yes".to_owned(),
        Required::When { key, is, default } => {
            let default = if default { ", its default" } else { "" };
            format!("with `{key}` `{is}`{default}")
        }
    };
    let values = match member.shape {
        Shape::Choice(choices) => format!(" One of {}.", listed(choices)),
        _ => String::new(),
    };
    let secret = if member.secret { " A secret: always redacted." } else { "" };
    format!(
        "| `{}` | {} | {required} | {}{values}{secret} |\n",
        member.name,
        type_and_limits(&member.shape),
        member.doc
    )
}

/// Values as a list for a sentence.
pub(super) fn listed(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ")
}

/// Type, range and length, in a few words.
pub(super) fn type_and_limits(shape: &Shape) -> String {
    let range = shape.bounds().map(|bounds| format!(" {}–{}", bounds.min, bounds.max)).unwrap_or_default();
    let length = match shape {
        Shape::Text(length) => length.max.map(|max| format!(" ≤ {max}")).unwrap_or_default(),
        _ => String::new(),
    };
    format!("{}{range}{length}", shape.type_name())
}
