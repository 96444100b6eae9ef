//! What a catalog lists.

use std::fmt;

/// The kind of entries that a catalog lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CatalogKind {
    /// Languages.
    Languages,
    /// Voices.
    Voices,
    /// LLMs of pipeline mode.
    Models,
    /// Models of multimodal and dualplex mode, whose ids are a separate id space.
    MultimodalModels,
    /// The account's phone numbers, as assistants use them.
    PhoneNumbers,
    /// Providers of speech synthesis.
    SynthesizerProviders,
    /// Providers of transcription, whose ids are a separate id space.
    TranscriberProviders,
    /// The account's own tools.
    Tools,
    /// The account's knowledge bases.
    KnowledgeBases,
    /// The account's folders.
    Folders,
    /// The account's labels.
    Labels,
    /// The account's webhooks, by their URLs.
    Webhooks,
}

impl CatalogKind {
    /// Every kind.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Languages,
        Self::Voices,
        Self::Models,
        Self::MultimodalModels,
        Self::PhoneNumbers,
        Self::SynthesizerProviders,
        Self::TranscriberProviders,
        Self::Tools,
        Self::KnowledgeBases,
        Self::Folders,
        Self::Labels,
        Self::Webhooks,
    ];

    /// The number of kinds.
    pub const COUNT: usize = 12;

    /// The name of the kind in the configuration and in paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Languages => "languages",
            Self::Voices => "voices",
            Self::Models => "models",
            Self::MultimodalModels => "multimodal_models",
            Self::PhoneNumbers => "phone_numbers",
            Self::SynthesizerProviders => "synthesizer_providers",
            Self::TranscriberProviders => "transcriber_providers",
            Self::Tools => "tools",
            Self::KnowledgeBases => "knowledge_bases",
            Self::Folders => "folders",
            Self::Labels => "labels",
            Self::Webhooks => "webhooks",
        }
    }

    /// Whether callers may see the entries: their names hold no secrets, as URLs may. Such a catalog only finds what is known
    /// already.
    pub const fn is_shown(self) -> bool {
        !matches!(self, Self::Webhooks)
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for CatalogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
