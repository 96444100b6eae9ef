//! The vendor's catalogs. It has none of languages, multimodal models, providers, folders and labels.
//!
//! Sources: the SDK `elevenlabs` 2.78.0 (PyPI), `voices.search`, `conversational_ai.llm.list`, `phone_numbers.list`,
//! `tools.list`, `knowledge_base.list`, `webhooks.list`.

use crate::catalog::CatalogKind;
use crate::dialect::{CatalogSpec, Schema, catalogs};

/// All catalogs.
pub(super) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

/// Every kind by name, so that a new kind does not compile without a decision. The rows have many members that change from
/// release to release, so that no schema is compared with them.
const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    Some(match kind {
        CatalogKind::Voices => CatalogSpec::new("/v2/voices?page_size=100", ANY)
            .in_member("voices")
            .identified_by("voice_id")
            .paged_by("next_page_token", "next_page_token", "has_more"),
        // A model has no other name than its id.
        CatalogKind::Models => {
            CatalogSpec::new("/v1/convai/llm/list", ANY).in_member("llms").identified_by("llm").named_by("llm")
        }
        CatalogKind::PhoneNumbers => {
            CatalogSpec::new("/v1/convai/phone-numbers", ANY).identified_by("phone_number_id").named_by("phone_number")
        }
        CatalogKind::Tools => CatalogSpec::new("/v1/convai/tools?page_size=100", ANY)
            .in_member("tools")
            .named_by("tool_config.name")
            .paged_by("cursor", "next_cursor", "has_more"),
        CatalogKind::KnowledgeBases => CatalogSpec::new("/v1/convai/knowledge-base?page_size=100", ANY)
            .in_member("documents")
            .paged_by("cursor", "next_cursor", "has_more"),
        // Creating one tells its secret once, so that the gateway makes none.
        CatalogKind::Webhooks => CatalogSpec::new("/v1/workspace/webhooks", ANY)
            .in_member("webhooks")
            .identified_by("webhook_id")
            .named_by("webhook_url"),
        CatalogKind::Languages
        | CatalogKind::MultimodalModels
        | CatalogKind::SynthesizerProviders
        | CatalogKind::TranscriberProviders
        | CatalogKind::Folders
        | CatalogKind::Labels => return None,
    })
}

const ANY: Schema = Schema::Anything;
