//! What a row of the table of operations says.

use crate::problem::Code;
use crate::value::AssistantOperation;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The assistants.
    ListAssistants,
    /// One assistant.
    ReadAssistant,
    /// A partial update.
    UpdateAssistant,
    /// A new assistant.
    CreateAssistant,
    /// The end of an assistant.
    DeleteAssistant,
    /// A new assistant like another one.
    CopyAssistant,
    /// What became of a change.
    ReadRecord,
    /// What became of changes.
    ListRecords,
    /// The end of a change that waits.
    CancelRecord,
    /// A dead change once more.
    ReplayRecord,
    /// The route of an assistant.
    ExplainRoute,
    /// The vendors.
    ListVendors,
    /// One vendor's fields.
    DescribeVendor,
    /// One vendor's catalogs.
    ListCatalogs,
    /// The entries of a catalog.
    ReadCatalog,
    /// The coverage matrix.
    ListFields,
    /// The schema of updates.
    UpdateSchema,
    /// The OpenAPI document.
    OpenApi,
    /// The way to the documentation page.
    Root,
    /// The documentation page.
    Docs,
    /// How the pages look.
    Style,
    /// The icon of the pages.
    Icon,
    /// All problems.
    ListProblems,
    /// One problem.
    ExplainProblem,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Everyone: it is about the API itself, and the same at every gateway.
    Public,
    /// Clients: it is about this gateway.
    Client,
}

/// What the API's operations have besides method, path and summary.
#[derive(Debug)]
pub struct Operation {
    /// What it does.
    pub action: Action,
    /// The name in the OpenAPI document.
    pub id: &'static str,
    /// The group in the OpenAPI document.
    pub tag: &'static str,
    /// Who may call it.
    pub permission: Permission,
    /// What it does with assistants, for which a client needs the rights; `None` for discovery and documentation.
    pub does: Option<AssistantOperation>,
    /// Whether the OpenAPI document, `/docs` and the README list it; what only browsers ask for is not.
    pub listed: bool,
    /// More than the summary says, in Markdown; empty if that is all.
    pub description: &'static str,
    /// Names of `openapi/parameters.rs`.
    pub parameters: &'static [&'static str],
    /// The request's body.
    pub body: Option<Body>,
    /// The response if it succeeds.
    pub success: Success,
    /// Its problems, besides those of every request, of every client, and of every vendor.
    pub problems: &'static [Code],
}

/// A request's body.
#[derive(Debug)]
pub struct Body {
    /// A name of `openapi/schemas.rs`.
    pub schema: &'static str,
    /// The media types that are read.
    pub media: &'static [&'static str],
    /// Examples that hold at every vendor: name, summary, JSON.
    pub examples: &'static [(&'static str, &'static str, &'static str)],
}

/// The response of an operation that succeeds.
#[derive(Debug)]
pub struct Success {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub media: &'static str,
    /// What it holds.
    pub content: Content,
    /// Names of `openapi/responses.rs`, besides those of every response.
    pub headers: &'static [&'static str],
    /// Links to other operations.
    pub links: &'static [Link],
}

/// A link: its name, the id of the operation, that operation's parameter, and the pointer to its value in the response.
pub type Link = (&'static str, &'static str, &'static str, &'static str);

/// The content of a response.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// JSON of this schema, a name of `openapi/schemas.rs`.
    Schema(&'static str),
    /// Some object.
    Object,
    /// Text.
    Text,
}
