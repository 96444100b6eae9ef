//! Paths that several rows share.

use crate::dialect::Path;

/// A path inside the configuration of the conversation.
macro_rules! config {
    ($($name:literal),+) => {
        &["conversation_config", $($name),+]
    };
}

/// A path inside the prompt of the agent, which also holds its LLM and its tools.
macro_rules! prompt {
    ($($name:literal),+) => {
        &["conversation_config", "agent", "prompt", $($name),+]
    };
}

pub(super) use {config, prompt};

pub(super) const FIRST_MESSAGE: Path = config!("agent", "first_message");
pub(super) const LANGUAGE: Path = config!("agent", "language");
pub(super) const LANGUAGE_PRESETS: Path = config!("language_presets");
pub(super) const VOICE: Path = config!("tts", "voice_id");
pub(super) const TTS_MODEL: Path = config!("tts", "model_id");
pub(super) const LLM: Path = prompt!("llm");
pub(super) const KNOWLEDGE_BASE: Path = prompt!("knowledge_base");
pub(super) const CLIENT_EVENTS: Path = config!("conversation", "client_events");
pub(super) const BACKGROUND_SOUND: Path = config!("conversation", "background_sound");
pub(super) const SOUND_SOURCE: Path = config!("conversation", "background_sound", "source_type");
pub(super) const DATA_COLLECTION: Path = &["platform_settings", "data_collection"];
pub(super) const WEBHOOK: Path = &["platform_settings", "workspace_overrides", "webhooks", "post_call_webhook_id"];
pub(super) const WEBHOOK_EVENTS: Path = &["platform_settings", "workspace_overrides", "webhooks", "events"];
