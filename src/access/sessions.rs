//! Sessions of browsers that have signed in with a token of administration. They live in memory and end with the process,
//! after twelve hours, by signing out, or once their token is another one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::value::Lock;

use super::admin_tokens::{AdminTokens, Role, TokenDigest};

/// The cookie with the id of a session.
pub(crate) const SESSION_COOKIE: &str = "switchboard_session";
/// How long a session lasts.
pub(crate) const LIFETIME: Duration = Duration::from_hours(12);
/// The most sessions at once; the oldest of the same role gives way.
const MOST: usize = 1000;

/// The sessions of this process, by the digest of their ids.
#[derive(Default)]
pub struct Sessions(Lock<HashMap<[u8; 32], AdminSession>>);

/// A browser that has signed in.
#[derive(Clone)]
pub struct AdminSession {
    /// What it may do.
    pub(crate) role: Role,
    /// What each of its forms has to send along.
    form_token: Arc<str>,
    token: TokenDigest,
    started: Instant,
}

impl Sessions {
    /// Starts a session of the token with this digest, and returns its id.
    pub(crate) fn start(&self, role: Role, token: TokenDigest) -> String {
        let (id, form_token) = (random(), random().into());
        let mut sessions = self.0.lock();
        if sessions.len() >= MOST {
            // One of the same role first, so that viewers do not end administrators' sessions.
            let oldest = sessions.iter().min_by_key(|(_, one)| (one.role != role, one.started)).map(|(id, _)| *id);
            oldest.and_then(|oldest| sessions.remove(&oldest));
        }
        sessions.insert(digest(&id), AdminSession { role, form_token, token, started: Instant::now() });
        id
    }

    /// The session whose cookie a request carries, if it still holds.
    pub(crate) fn find(&self, headers: &HeaderMap, tokens: &AdminTokens) -> Option<AdminSession> {
        let mut sessions = self.0.lock();
        sessions.retain(|_, session| session.started.elapsed() < LIFETIME && tokens.still(session.role, session.token));
        ids(headers).find_map(|id| sessions.get(&digest(id)).cloned())
    }

    /// Ends the session whose cookie a request carries.
    pub(crate) fn end(&self, headers: &HeaderMap) {
        let mut sessions = self.0.lock();
        ids(headers).for_each(|id| drop(sessions.remove(&digest(id))));
    }
}

impl AdminSession {
    /// What a form of this session has to send along, so that no other page can have it sent.
    pub(crate) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form has sent it.
    pub(crate) fn has_sent(&self, form_token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(form_token.as_bytes()).into()
    }
}

/// A value of one cookie of a request.
pub(crate) fn cookies<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    all.filter_map(move |cookie| cookie.trim().split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value)
}

fn ids(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies(headers, SESSION_COOKIE)
}

fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

/// 244 random bits as text.
fn random() -> String {
    let [one, two] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    format!("{}{}", one.simple(), two.simple())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use crate::access::sessions::*;

    fn carrying(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers
    }

    fn tokens(admin: &str) -> AdminTokens {
        AdminTokens::new(Some(admin), Some("looks"), None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_holds_until_it_ends() {
        let (sessions, tokens) = (Sessions::default(), tokens("secret"));
        let (role, digest) = tokens.role_of(b"secret").unwrap();
        let id = sessions.start(role, digest);
        let headers = carrying(&format!("theme=dark; {SESSION_COOKIE}={id}"));
        let session = sessions.find(&headers, &tokens).unwrap();
        assert_eq!(session.role, Role::Administrator);
        assert!(session.has_sent(session.form_token()) && !session.has_sent("") && !session.has_sent(&id));
        assert!(sessions.find(&carrying(&format!("other={id}")), &tokens).is_none());
        tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
        assert!(sessions.find(&headers, &tokens).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(sessions.find(&headers, &tokens).is_none());
    }

    #[tokio::test]
    async fn a_session_ends_with_its_token_and_by_signing_out() {
        let sessions = Sessions::default();
        let before = tokens("secret");
        let start = |sent: &[u8]| {
            let (role, digest) = before.role_of(sent).unwrap();
            carrying(&format!("{SESSION_COOKIE}={}", sessions.start(role, digest)))
        };
        let (admin, viewer, left) = (start(b"secret"), start(b"looks"), start(b"looks"));
        sessions.end(&left);
        assert!(sessions.find(&left, &before).is_none());
        assert_eq!(sessions.find(&viewer, &before).unwrap().role, Role::Viewer);
        assert!(sessions.find(&admin, &tokens("another")).is_none());
        assert!(sessions.find(&viewer, &tokens("another")).is_some());
        assert!(sessions.find(&viewer, &AdminTokens::default()).is_none());
    }

    #[test]
    fn a_viewers_sessions_end_no_administrators() {
        let (sessions, tokens) = (Sessions::default(), tokens("secret"));
        let start = |sent: &[u8]| {
            let (role, digest) = tokens.role_of(sent).unwrap();
            sessions.start(role, digest)
        };
        let administrator = start(b"secret");
        for _ in 0..MOST + 5 {
            start(b"looks");
        }
        let session = sessions.find(&carrying(&format!("{SESSION_COOKIE}={administrator}")), &tokens);
        assert_eq!(session.unwrap().role, Role::Administrator);
    }

    #[test]
    fn there_are_not_more_sessions_than_a_thousand() {
        let (sessions, tokens) = (Sessions::default(), tokens("secret"));
        let (role, digest) = tokens.role_of(b"secret").unwrap();
        let first = sessions.start(role, digest);
        for _ in 0..MOST {
            sessions.start(role, digest);
        }
        assert_eq!(sessions.0.lock().len(), MOST);
        assert!(sessions.find(&carrying(&format!("{SESSION_COOKIE}={first}")), &tokens).is_none());
    }
}
