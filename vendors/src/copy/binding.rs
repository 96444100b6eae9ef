//! What belongs to one account: the fields and the members of tools whose values are ids there.

use crate::canonical::Field;
use crate::catalog::CatalogKind;
use crate::json::{Kind, Value};

/// The most elements of a list that are looked at one by one. A longer list is not carried.
pub(super) const MAX_ELEMENTS: usize = 1000;

/// What an id in a tool stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolBinding {
    /// An entry of a catalog.
    Entry(CatalogKind),
    /// Another assistant of the account.
    Assistant,
}

/// The members of tools that belong to an account.
const TOOL_MEMBERS: &[(&str, ToolBinding)] =
    &[("outbound_phone_id", ToolBinding::Entry(CatalogKind::PhoneNumbers)), ("assistant_id", ToolBinding::Assistant)];

/// The catalog that has the ids in a field, if it belongs to an account.
pub(super) const fn catalog_of(field: Field) -> Option<CatalogKind> {
    Some(match field {
        Field::VoiceId => CatalogKind::Voices,
        Field::LanguageId | Field::SecondaryLanguageIds => CatalogKind::Languages,
        Field::LlmModelId | Field::ChatLlmFallbackId => CatalogKind::Models,
        Field::MultimodalModelId => CatalogKind::MultimodalModels,
        Field::SynthesizerProviderId => CatalogKind::SynthesizerProviders,
        Field::TranscriberProviderId => CatalogKind::TranscriberProviders,
        Field::PhoneNumberId => CatalogKind::PhoneNumbers,
        Field::KnowledgebaseId => CatalogKind::KnowledgeBases,
        Field::ToolIds => CatalogKind::Tools,
        Field::FolderId => CatalogKind::Folders,
        Field::LabelIds => CatalogKind::Labels,
        _ => return None,
    })
}

/// What a member of a tool belongs to.
pub(super) fn of_tool_member(name: &str) -> Option<ToolBinding> {
    TOOL_MEMBERS.iter().find(|(member, _)| *member == name).map(|(_, binding)| *binding)
}

/// Whether a value can be an id.
pub(super) fn is_id(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::Number | Kind::String)
}

/// The ids in a field's value that are entries of catalogs.
pub(super) fn ids_of<'a>(field: Field, value: Value<'a>) -> Vec<(CatalogKind, Value<'a>)> {
    let mut ids = Vec::new();
    match catalog_of(field) {
        Some(kind) if value.kind() == Kind::Array => {
            ids.extend(value.elements().take(MAX_ELEMENTS).filter(|id| is_id(*id)).map(|id| (kind, id)));
        }
        Some(kind) => ids.extend(is_id(value).then_some((kind, value))),
        None if field == Field::Tools => {
            for (name, id) in value.elements().take(MAX_ELEMENTS).flat_map(Value::members) {
                match of_tool_member(&name) {
                    Some(ToolBinding::Entry(kind)) if is_id(id) => ids.push((kind, id)),
                    _ => {}
                }
            }
        }
        None => {}
    }
    ids
}
