//! What a vendor can be asked to do, under the names of `operations.json` and of faults.

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Makes an assistant.
    Create,
    /// Changes an assistant.
    Update,
    /// Removes an assistant.
    Delete,
    /// All assistants, in pages.
    List,
    /// The outbound assistants, all at once.
    ListOutbound,
    /// All assistants at once.
    ListUnpaged,
    /// A catalog that does not change.
    Catalog(Catalog),
    /// Switches one kind of webhook on or off.
    Webhook(Webhook, bool),
    /// Works on a kind of resource.
    Resource(Kind, Verb),
    /// The account that the token belongs to.
    Account,
}

/// A catalog for the assistants of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Catalog {
    Languages,
    Models,
    Voices,
    AssistantNumbers,
    SynthesizerProviders,
    TranscriberProviders,
}

/// A kind of outgoing webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Webhook {
    /// After a call.
    PostCall,
    /// Before an inbound call is answered.
    Inbound,
    /// When a chat has ended.
    ConversationEnded,
}

/// A kind of resource beside assistants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Tools,
    Knowledgebases,
    Documents,
    Folders,
    Labels,
    PhoneNumbers,
}

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    List,
    Get,
    Create,
    Update,
    Delete,
}

impl Kind {
    /// All kinds with their names in `resources.json`.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("tools", Self::Tools),
        ("knowledgebases", Self::Knowledgebases),
        ("documents", Self::Documents),
        ("folders", Self::Folders),
        ("labels", Self::Labels),
        ("phone_numbers", Self::PhoneNumbers),
    ];
}

/// Every operation with its name.
const NAMES: [(&str, Operation); 41] = [
    ("create", Operation::Create),
    ("update", Operation::Update),
    ("delete", Operation::Delete),
    ("list", Operation::List),
    ("list-outbound", Operation::ListOutbound),
    ("list-unpaged", Operation::ListUnpaged),
    ("list-languages", Operation::Catalog(Catalog::Languages)),
    ("list-models", Operation::Catalog(Catalog::Models)),
    ("list-voices", Operation::Catalog(Catalog::Voices)),
    ("list-assistant-numbers", Operation::Catalog(Catalog::AssistantNumbers)),
    ("list-synthesizer-providers", Operation::Catalog(Catalog::SynthesizerProviders)),
    ("list-transcriber-providers", Operation::Catalog(Catalog::TranscriberProviders)),
    ("enable-webhook", Operation::Webhook(Webhook::PostCall, true)),
    ("disable-webhook", Operation::Webhook(Webhook::PostCall, false)),
    ("enable-inbound-webhook", Operation::Webhook(Webhook::Inbound, true)),
    ("disable-inbound-webhook", Operation::Webhook(Webhook::Inbound, false)),
    ("enable-conversation-ended-webhook", Operation::Webhook(Webhook::ConversationEnded, true)),
    ("disable-conversation-ended-webhook", Operation::Webhook(Webhook::ConversationEnded, false)),
    ("list-tools", Operation::Resource(Kind::Tools, Verb::List)),
    ("get-tool", Operation::Resource(Kind::Tools, Verb::Get)),
    ("create-tool", Operation::Resource(Kind::Tools, Verb::Create)),
    ("update-tool", Operation::Resource(Kind::Tools, Verb::Update)),
    ("delete-tool", Operation::Resource(Kind::Tools, Verb::Delete)),
    ("list-knowledgebases", Operation::Resource(Kind::Knowledgebases, Verb::List)),
    ("get-knowledgebase", Operation::Resource(Kind::Knowledgebases, Verb::Get)),
    ("create-knowledgebase", Operation::Resource(Kind::Knowledgebases, Verb::Create)),
    ("update-knowledgebase", Operation::Resource(Kind::Knowledgebases, Verb::Update)),
    ("delete-knowledgebase", Operation::Resource(Kind::Knowledgebases, Verb::Delete)),
    ("list-documents", Operation::Resource(Kind::Documents, Verb::List)),
    ("get-document", Operation::Resource(Kind::Documents, Verb::Get)),
    ("list-folders", Operation::Resource(Kind::Folders, Verb::List)),
    ("create-folder", Operation::Resource(Kind::Folders, Verb::Create)),
    ("update-folder", Operation::Resource(Kind::Folders, Verb::Update)),
    ("delete-folder", Operation::Resource(Kind::Folders, Verb::Delete)),
    ("list-labels", Operation::Resource(Kind::Labels, Verb::List)),
    ("create-label", Operation::Resource(Kind::Labels, Verb::Create)),
    ("update-label", Operation::Resource(Kind::Labels, Verb::Update)),
    ("delete-label", Operation::Resource(Kind::Labels, Verb::Delete)),
    ("list-phone-numbers", Operation::Resource(Kind::PhoneNumbers, Verb::List)),
    ("update-phone-number", Operation::Resource(Kind::PhoneNumbers, Verb::Update)),
    ("get-account", Operation::Account),
];

impl Operation {
    /// The operation with this name, and the name.
    pub(crate) fn named(name: &str) -> Option<(&'static str, Self)> {
        NAMES.into_iter().find(|(known, _)| *known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_an_operation_belong_together() {
        for (index, (name, operation)) in NAMES.into_iter().enumerate() {
            assert_eq!(Operation::named(name), Some((name, operation)));
            assert!(NAMES.iter().skip(index + 1).all(|(other, same)| *other != name && *same != operation), "{name}");
        }
        assert_eq!(Operation::named("nothing"), None);
    }
}
