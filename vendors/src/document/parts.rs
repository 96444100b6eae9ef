//! What may stand within a structured field, as tables for the vendors' pages.

use crate::canonical::{Field, Member, Required, Shape};
use crate::dialect::{Dialect, Lack, Rule};

/// A section for each structured field that goes to the vendor under its own members; empty if there is none.
pub(super) fn parts(dialect: &'static Dialect) -> String {
    Field::ALL.into_iter().map(|field| section(field, dialect.row(field).rule)).collect()
}

fn section(field: Field, rule: Rule) -> String {
    let lacks = match rule {
        Rule::Same | Rule::Rename(_) => &[][..],
        Rule::Without(lacks) => lacks,
        _ => return String::new(),
    };
    let tables = match field.spec().shape {
        Shape::Record(members) => table(members, &[]),
        Shape::List(Shape::Record(members)) => table(members, &[]),
        Shape::List(Shape::Tagged(variants)) => variants
            .iter()
            .filter(|variant| !lacks.contains(&Lack::Variant(variant.tag)))
            .map(|variant| {
                let table = table(variant.members, &missing(lacks, variant.tag));
                format!("### `type: \"{}\"`\n\n{}\n\n{table}", variant.tag, variant.doc)
            })
            .collect(),
        _ => return String::new(),
    };
    format!("## Within `{}`\n\n{tables}", field.name())
}

/// The members that a vendor lacks of the alternative `tag`.
fn missing(lacks: &[Lack], tag: &str) -> Vec<&'static str> {
    let of_tag = |lack: &Lack| match lack {
        Lack::Members(variant, members) if *variant == tag => Some(*members),
        _ => None,
    };
    lacks.iter().filter_map(of_tag).flatten().copied().collect()
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
        // What decides is not there, so its default holds.
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
    let secret = if member.secret { " A secret: never shown." } else { "" };
    format!("| `{}` | {} | {required} | {}{values}{secret} |\n", member.name, kind(&member.shape), member.doc)
}

/// Values as they are written, for a sentence.
pub(super) fn listed(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ")
}

/// Type, range and length in few words.
pub(super) fn kind(shape: &Shape) -> String {
    let range = shape.bounds().map(|bounds| format!(" {}–{}", bounds.min, bounds.max)).unwrap_or_default();
    let length = match shape {
        Shape::Text(length) => length.max.map(|max| format!(" ≤ {max}")).unwrap_or_default(),
        _ => String::new(),
    };
    format!("{}{range}{length}", shape.type_name())
}
