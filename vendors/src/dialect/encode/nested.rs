//! Writes fields to the places of a document.

use std::borrow::Cow;

use crate::dialect::{Assignment, Factor, Literal, NullForm, Path, Place, PlaceForm, Row, Rule};
use crate::iso639::{code_of, english_name};
use crate::item::ItemCode;
use crate::json::{Kind, Pointer, Value, scaled};

use super::lookup::{found, id_of_name};
use super::request::refuse_unmapped;
use super::{FieldWriter, Target};

/// Writes a value as its row says.
// Not inlined, so that the rows of flat dialects need less stack.
#[inline(never)]
pub(super) fn write_nested(row: &Row, value: Value<'_>, target: &Target<'_>, writer: &mut FieldWriter<'_>) {
    match row.rule {
        Rule::At(place) if value.is_null() => {
            write_null(row.null, place.path, writer);
            if !matches!(place.form, PlaceForm::Found { .. }) {
                return;
            }
        }
        Rule::Nested(_) if value.is_null() && row.null == NullForm::Refused => return refuse_null(writer),
        Rule::At(place) => write_place(value, &place, target, writer),
        Rule::Nested(hook) => {
            writer.group = hook.group;
            (hook.write)(value, writer);
        }
        Rule::Assigned(assignment) => return write_assigned(assignment, row.nearly, value, writer),
        _ => return,
    }
    if !row.nearly.is_empty() {
        writer.warn("approximated", row.nearly);
    }
}

/// Writes the id of another object, which must have the form of one, as it becomes a part of a path.
fn write_assigned(assignment: &Assignment, nearly: &'static str, value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let (vendor, title) = (writer.vendor_title, assignment.title);
    let Some(id) = value.as_str() else {
        let detail = format!(
            "{vendor} keeps the assistant in {title}, and `null` does not say which is to let go of it; take it off there"
        );
        return writer.refuse(&[], ItemCode::UnsupportedValue, detail);
    };
    if !assignment.ids.admits(&id) {
        let detail = format!(
            "is not the id of a {} at {vendor}, where ids are {}",
            assignment.noun(),
            assignment.ids.described()
        );
        return writer.refuse(&[], ItemCode::NotAllowed, detail);
    }
    writer.put_text(assignment.place, &id);
    if !nearly.is_empty() {
        writer.warn("approximated", nearly);
    }
}

/// Writes a value in the form of its place.
fn write_place(value: Value<'_>, place: &Place, target: &Target<'_>, writer: &mut FieldWriter<'_>) {
    match place.form {
        PlaceForm::Same => writer.put(place.path, value.text()),
        PlaceForm::Values(values) => match values.iter().find(|(canonical, _)| canonical.is(value)) {
            Some((_, vendor)) => writer.put(place.path, vendor.json()),
            None => return refuse_unmapped(value, values, writer),
        },
        PlaceForm::Kinds(values) => match values.iter().find(|(canonical, _)| canonical.is(value)) {
            Some((canonical, vendor)) => writer.put(place.path, kind(*canonical, *vendor, values)),
            None => return refuse_unmapped(value, values, writer),
        },
        PlaceForm::Scaled(factor) => match vendor_number(value, factor) {
            Some(number) => writer.put(place.path, number),
            None => return refuse_fraction(value, factor, writer),
        },
        PlaceForm::Sole => return write_sole(value, place.path, target.row(writer.field).null, writer),
        PlaceForm::Texts => return write_texts(value, place.path, writer),
        PlaceForm::Listed => writer.put(place.path, ["[", value.text(), "]"].concat()),
        PlaceForm::Language(codes) => match language(value, codes) {
            Some(code) => writer.put_text(place.path, &code),
            None => writer.put(place.path, value.text()),
        },
        PlaceForm::Found { catalog, or_else, off } => {
            let Some(entry) = found(value, catalog, or_else, target, writer) else { return };
            writer.put_text(place.path, &entry.text_id());
            if off.iter().any(|member| entry.has(member, "true")) {
                writer.warn(
                    "approximated",
                    "what has this name is turned off at the vendor, so that nothing is sent there",
                );
            }
        }
        PlaceForm::Named(catalog) => {
            if let Some(id) = id_of_name(value, catalog, target, writer) {
                write_named(&id, target, writer);
            }
        }
    }
    for (path, json) in place.beside {
        writer.put(path, *json);
    }
}

/// Writes `null` as the row says.
fn write_null(null: NullForm, path: Path, writer: &mut FieldWriter<'_>) {
    match null {
        NullForm::Null => writer.put(path, "null"),
        NullForm::Json(json) => writer.put(path, json),
        NullForm::At(path) => writer.put(path, "null"),
        NullForm::Refused => refuse_null(writer),
    }
}

/// One of the vendor's values, unless the stored one means the same.
fn kind(canonical: Literal, vendor: Literal, values: &[(Literal, Literal)]) -> String {
    let same = values.iter().filter(|(other, _)| *other == canonical).map(|(_, same)| same.json());
    let same: Vec<_> = same.collect();
    match &*same {
        [only] => only.clone(),
        _ => format!("{{\"keep\":[{}],\"to\":{}}}", same.join(","), vendor.json()),
    }
}

/// Writes the only element of a list.
fn write_sole(value: Value<'_>, path: Path, null: NullForm, writer: &mut FieldWriter<'_>) {
    let mut elements = value.elements();
    match (elements.next(), elements.next()) {
        (None, _) => write_null(null, path, writer),
        (Some(only), None) => writer.put(path, only.text()),
        (Some(_), Some(_)) => {
            let detail = format!("{} holds one only; send the first alone", writer.vendor_title);
            writer.refuse(&["1"], ItemCode::UnsupportedValue, detail);
        }
    }
}

/// Writes an object whose values are texts.
fn write_texts(value: Value<'_>, path: Path, writer: &mut FieldWriter<'_>) {
    let vendor = writer.vendor_title;
    let mut fits = true;
    for (key, inner) in value.members().filter(|(_, inner)| inner.kind() != Kind::String) {
        let step = Pointer::Root.key(&key).to_string();
        let detail = format!("{vendor} holds texts only; send a string instead of {}", inner.kind().described());
        writer.refuse(&[step.trim_start_matches("#/")], ItemCode::UnsupportedValue, detail);
        fits = false;
    }
    if fits {
        writer.put(path, value.text());
    }
}

/// Refuses `null` where the vendor knows no value that clears the field.
fn refuse_null(writer: &mut FieldWriter<'_>) {
    let detail =
        format!("{} documents no value that clears it; leave it out to keep it unchanged", writer.vendor_title);
    writer.refuse(&[], ItemCode::UnsupportedValue, detail);
}

/// Writes the id that a name stands for, as the row of the field's twin says.
fn write_named(id: &str, target: &Target<'_>, writer: &mut FieldWriter<'_>) {
    let Some(twin) = writer.field.id_of_name() else { return };
    let mut json = Vec::new();
    crate::json::push_string(&mut json, id);
    let Ok(value) = crate::json::read_value(&json, crate::json::Limits::VENDOR) else { return };
    match target.row(twin).rule {
        Rule::At(place) if !matches!(place.form, PlaceForm::Named(_)) => write_place(value, &place, target, writer),
        Rule::Nested(hook) => {
            writer.group = hook.group;
            (hook.write)(value, writer);
        }
        _ => {}
    }
}

/// A canonical number in the vendor's unit; `None` if the vendor cannot hold it exactly.
fn vendor_number(value: Value<'_>, factor: Factor) -> Option<String> {
    let number = scaled(value.text(), factor.by, factor.shift)?;
    (!factor.is_whole || !number.contains('.')).then_some(number)
}

fn refuse_fraction(value: Value<'_>, factor: Factor, writer: &mut FieldWriter<'_>) {
    let detail = match (value.kind(), factor.is_whole) {
        (Kind::Number, true) => {
            format!("{} cannot hold it exactly: it has whole numbers of a smaller unit", writer.vendor_title)
        }
        _ => format!("{} cannot hold it exactly; send it without an exponent", writer.vendor_title),
    };
    writer.refuse(&[], ItemCode::UnsupportedValue, detail);
}

/// The vendor's code of a language; `None` if the value is neither an English name nor a code of ISO 639-1.
fn language(value: Value<'_>, codes: &[(&'static str, &'static str)]) -> Option<Cow<'static, str>> {
    let text = value.as_str()?;
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let code = match english_name(&lower) {
        Some(_) => lower,
        None => code_of(text)?.to_owned(),
    };
    let own = codes.iter().find(|(known, _)| *known == code).map(|(_, own)| Cow::Borrowed(*own));
    Some(own.unwrap_or(Cow::Owned(code)))
}
