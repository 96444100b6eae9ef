//! Names of members that no page documents, and that most likely hold a secret.

/// What the name of a member or of a URL's parameter contains if the value is a secret.
const SECRET_WORDS: [&str; 9] =
    ["secret", "token", "password", "passwd", "credential", "authorization", "bearer", "apikey", "auth_"];

/// Whether a member or parameter of that name holds a secret, as far as a name tells. The parameters of a request to another
/// server, and the address of a socket there, often have a key in them.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    matches!(&*name, "key" | "auth" | "query_params")
        || name.ends_with("_key")
        || name.ends_with("websocket_url")
        || SECRET_WORDS.iter().any(|word| name.contains(word))
}
