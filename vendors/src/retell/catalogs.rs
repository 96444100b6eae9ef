//! Retell AI's catalogs: its voices. Models and languages are enumerations of the API reference, and their ids are their names.
//!
//! Source: docs.retellai.com, api-references/list-voices; PyPI retell-sdk 6.2.13, `VoiceResponse`.

use crate::catalog::CatalogKind;
use crate::dialect::{CatalogSpec, Member, Schema, catalogs};

use Schema::{List, Object, Text};

pub(super) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

/// Every kind by name, so that a new kind does not compile without a decision.
const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    match kind {
        CatalogKind::Voices => {
            Some(CatalogSpec::new("/list-voices", VOICES).identified_by("voice_id").named_by("voice_name"))
        }
        CatalogKind::Languages
        | CatalogKind::Models
        | CatalogKind::MultimodalModels
        | CatalogKind::PhoneNumbers
        | CatalogKind::SynthesizerProviders
        | CatalogKind::TranscriberProviders
        | CatalogKind::Tools
        | CatalogKind::KnowledgeBases
        | CatalogKind::Folders
        | CatalogKind::Labels
        | CatalogKind::Webhooks => None,
    }
}

const VOICES: Schema = List(&Object(&[
    Member::new("voice_id", Text),
    Member::new("voice_name", Text),
    Member::new("provider", Text),
    Member::new("gender", Text),
    Member::new("accent", Text).optional().nullable(),
    Member::new("age", Text).optional().nullable(),
    Member::new("avatar_url", Text).optional().nullable(),
    Member::new("preview_audio_url", Text).optional().nullable(),
]));
