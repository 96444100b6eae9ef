//! The platform's catalogs. Its revisions leave some out.
//!
//! Sources: <https://docs.autocalls.ai/api-reference/assistants/get-voices> and the pages beside it; for phone numbers,
//! providers and what an account makes itself also <https://github.com/Konnect-U/Help> and
//! <https://github.com/bekgroup/Famulor-docs-de>.

use crate::catalog::CatalogKind;
use crate::dialect::{CatalogSpec, Member, Schema, catalogs};

use Schema::{Anything, Boolean, Integer, List, Object, Text};

/// All catalogs.
pub(crate) const CATALOGS: [Option<CatalogSpec>; CatalogKind::COUNT] = catalogs!(catalog);

/// Every kind by name, so that a new kind does not compile without a decision.
pub(crate) const fn catalog(kind: CatalogKind) -> Option<CatalogSpec> {
    Some(match kind {
        CatalogKind::Languages => CatalogSpec::new("/user/assistants/languages", LANGUAGES),
        CatalogKind::Voices => CatalogSpec::new("/user/assistants/voices", VOICES),
        CatalogKind::Models => CatalogSpec::new("/user/assistants/models?type=llm", MODELS),
        CatalogKind::MultimodalModels => CatalogSpec::new("/user/assistants/models?type=multimodal", CODED),
        CatalogKind::PhoneNumbers => PHONE_NUMBERS,
        CatalogKind::SynthesizerProviders => CatalogSpec::new("/user/assistants/synthesizer-providers", CODED),
        CatalogKind::TranscriberProviders => CatalogSpec::new("/user/assistants/transcriber-providers", CODED),
        // A tool's address often is a secret itself: that of a webhook which anybody may call who knows it.
        CatalogKind::Tools => CatalogSpec::new("/user/tools", TOOLS).withholding(&["endpoint"]),
        CatalogKind::KnowledgeBases => CatalogSpec::new("/user/knowledgebases", KNOWLEDGE_BASES),
        CatalogKind::Folders => CatalogSpec::new("/user/folders?per_page=100", COLOURED),
        CatalogKind::Labels => CatalogSpec::new("/user/labels?per_page=100", COLOURED),
        CatalogKind::Webhooks => return None,
    })
}

/// The voices of the revision in which they have no provider.
pub(crate) const VOICES_BEFORE_PROVIDERS: CatalogSpec = CatalogSpec::new(
    "/user/assistants/voices",
    List(&Object(&[
        Member::new("id", Integer),
        Member::new("name", Text),
        Member::new("language_id", Integer).nullable(),
        Member::new("gender", Text).nullable(),
    ])),
);

/// Phone numbers, in every revision.
const PHONE_NUMBERS: CatalogSpec = CatalogSpec::new(
    "/user/assistants/phone-numbers",
    List(&Object(&[
        Member::new("id", Integer),
        Member::new("phone_number", Text),
        Member::new("nickname", Text).nullable().optional(),
        Member::new("country_code", Text),
        Member::new("type_label", Text),
        Member::new("is_available", Boolean),
    ])),
)
.named_by("phone_number");

/// Languages, in every revision.
const LANGUAGES: Schema =
    List(&Object(&[Member::new("id", Integer), Member::new("name", Text), Member::new("iso_2", Text).nullable()]));

const VOICES: Schema = List(&Object(&[
    Member::new("id", Integer),
    Member::new("name", Text),
    Member::new("language_id", Integer).nullable(),
    Member::new("gender", Text).nullable(),
    Member::new("preview_url", Text).nullable(),
    Member::new("accent", Text).nullable(),
    Member::new("age", Text).nullable(),
    Member::new("synthesizer_provider_id", Integer).nullable(),
]));

/// Models of pipeline mode, in every revision.
pub(crate) const MODELS: Schema = List(&Object(&[Member::new("id", Integer), Member::new("name", Text)]));

/// Multimodal models, and providers.
const CODED: Schema =
    List(&Object(&[Member::new("id", Integer), Member::new("name", Text), Member::new("code", Text)]));

/// Tools before and after they got a type.
const TOOLS: Schema = List(&Object(&[
    Member::new("id", Integer),
    Member::new("type", Text).optional(),
    Member::new("name", Text),
    Member::new("description", Text).nullable(),
    Member::new("endpoint", Text).nullable(),
    Member::new("method", Text).nullable(),
    Member::new("body_format", Text).nullable().optional(),
    Member::new("timeout", Integer).nullable(),
    Member::new("headers", Anything),
    Member::new("static_fields", Anything).optional(),
    Member::new("schema", Anything),
    Member::new("created_at", Text).nullable(),
    Member::new("updated_at", Text).nullable(),
]));

const KNOWLEDGE_BASES: Schema = List(&Object(&[
    Member::new("id", Integer),
    Member::new("name", Text),
    Member::new("description", Text).nullable(),
    Member::new("status", Text),
    Member::new("status_label", Text),
    Member::new("documents_count", Integer),
    Member::new("assistants_count", Integer),
    Member::new("created_at", Text).nullable(),
    Member::new("updated_at", Text).nullable(),
]));

/// Folders and labels: pages that do not say which is the last.
const COLOURED: Schema = Object(&[
    Member::new(
        "data",
        List(&Object(&[
            Member::new("id", Integer),
            Member::new("name", Text),
            Member::new("color", Text).nullable(),
            Member::new("assistants_count", Integer),
        ])),
    ),
    Member::new("current_page", Integer),
    Member::new("per_page", Integer),
    Member::new("total", Integer),
    Member::new("last_page", Integer).optional(),
    Member::new("from", Integer).nullable().optional(),
    Member::new("to", Integer).nullable().optional(),
    Member::new("path", Text).optional(),
    Member::new("first_page_url", Text).optional(),
    Member::new("last_page_url", Text).optional(),
    Member::new("next_page_url", Text).nullable().optional(),
    Member::new("prev_page_url", Text).nullable().optional(),
    Member::new("links", List(&Anything)).optional(),
]);
