//! What a request asks for, by method and path.

use hyper::Method;

use crate::fault_plan::Aim;

/// The requests that the pages document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Updates the assistant with this id; `None` if it is not a number.
    Update(Option<u64>),
    /// The account's assistants, paged.
    Assistants,
    /// The languages.
    Languages,
    /// The models.
    Models,
    /// The voices.
    Voices,
    /// Whose key this is.
    Me,
    /// A path that is there, with another method.
    WrongMethod {
        /// The methods it has.
        allow: &'static str,
    },
    /// No such path.
    Unknown,
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let (route, allowed, allow) = match path.strip_prefix("/api/user/") {
            Some("assistants/get") => (Self::Assistants, is_read(method), "GET, HEAD"),
            Some("assistants/languages") => (Self::Languages, is_read(method), "GET, HEAD"),
            Some("assistants/models") => (Self::Models, is_read(method), "GET, HEAD"),
            Some("assistants/voices") => (Self::Voices, is_read(method), "GET, HEAD"),
            Some("me") => (Self::Me, is_read(method), "GET, HEAD"),
            Some(path) => match path.strip_prefix("assistant/") {
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    (Self::Update(number(id)), method == Method::PUT, "PUT")
                }
                _ => return Self::Unknown,
            },
            None => return Self::Unknown,
        };
        if allowed { route } else { Self::WrongMethod { allow } }
    }

    /// What this is to a fault's scope; nothing if no vendor would have served it.
    pub(crate) const fn aim(self) -> Option<Aim> {
        match self {
            Self::Update(id) => Some(Aim::Update(id)),
            Self::Assistants | Self::Languages | Self::Models | Self::Voices | Self::Me => Some(Aim::Read),
            Self::WrongMethod { .. } | Self::Unknown => None,
        }
    }
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn number(id: &str) -> Option<u64> {
    if id.bytes().all(|byte| byte.is_ascii_digit()) { id.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_literally() {
        for (method, path, route) in [
            (Method::PUT, "/api/user/assistant/789", Route::Update(Some(789))),
            (Method::PUT, "/api/user/assistant/+7", Route::Update(None)),
            (Method::PUT, "/api/user/assistant/7/8", Route::Unknown),
            (Method::PUT, "/api//user/assistant/7", Route::Unknown),
            (Method::PUT, "/api/user/assistant/", Route::Unknown),
            (Method::PATCH, "/api/user/assistant/7", Route::WrongMethod { allow: "PUT" }),
            (Method::GET, "/api/user/me", Route::Me),
            (Method::POST, "/api/user/assistants/get", Route::WrongMethod { allow: "GET, HEAD" }),
        ] {
            assert_eq!(Route::of(&method, path), route, "{method} {path}");
        }
    }
}
