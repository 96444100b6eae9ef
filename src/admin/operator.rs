//! An operator's request: who asks, and what the documents are made from.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::access::{AdminSession, AdminTokens, Role, bearer, is_from_browser};
use crate::api::{Api, Context};
use crate::gateway::Gateway;
use crate::http::request_id::RequestId;
use crate::net::peer::Peer;
use crate::problem::{Code, Problem};
#[cfg(feature = "console")]
use crate::reload::ReloadResult;
use crate::reload::Reloader;

use super::Shared;
use super::routes::Permission;

/// What a request may do, and why.
#[derive(Clone)]
pub(crate) struct Access {
    /// What it may do; `None` at what is open to all.
    pub(crate) role: Option<Role>,
    /// The session that its cookie names.
    #[cfg_attr(not(feature = "console"), expect(dead_code, reason = "only the console's forms ask for it"))]
    pub(crate) session: Option<AdminSession>,
}

/// An operator's request.
#[derive(Clone)]
pub(crate) struct Operator {
    pub(super) shared: Arc<Shared>,
    /// The context that operations on assistants and records need.
    pub(crate) context: Context,
    /// What it may do.
    #[cfg_attr(not(feature = "console"), expect(dead_code, reason = "only the console shows it"))]
    pub(crate) access: Access,
}

impl Operator {
    /// `request_id` is the one that the response has.
    pub(super) fn new(shared: &Arc<Shared>, head: &Parts, access: Access, request_id: &RequestId) -> Self {
        let context = Context { request_id: request_id.clone(), ..shared.api.operators_context(head) };
        Self { shared: Arc::clone(shared), context, access }
    }

    /// The generation that the request started with.
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.context.gateway
    }

    /// What applies configurations.
    pub(crate) fn reloader(&self) -> &Arc<Reloader> {
        &self.shared.reloader
    }

    /// The API of callers.
    pub(crate) fn api(&self) -> &Api {
        &self.shared.api
    }

    /// For how long the process has run.
    pub(crate) fn uptime(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// Reads the configuration again, and applies it if it is right.
    ///
    /// # Errors
    /// The reload itself failed. A refused configuration is an outcome.
    #[cfg(feature = "console")]
    pub(crate) async fn reload(&self) -> Result<ReloadResult, Problem> {
        self.shared.reloaded(&self.context).await
    }

    /// Whether it may change anything.
    #[cfg(feature = "console")]
    pub(crate) fn may_write(&self) -> bool {
        self.access.role == Some(Role::Administrator)
    }
}

impl Shared {
    /// `/admin/*`, `/metrics` and the console need a configured token, which is required on addresses other than loopback,
    /// or the session of a browser that has signed in with one. `/metrics` also accepts a token of its own. Without a valid
    /// token, `Host` has to be a name of this listener: a website that made its name point here has no token.
    /// `permission` is `None` where there is no operation.
    pub(super) fn authenticate(&self, permission: Option<Permission>, head: &Parts) -> Result<Access, Problem> {
        // A cookie is sent without the page's doing, so it opens only what changes nothing; the console's forms send more.
        let identified = self.identify(permission, head, head.method.is_safe());
        identified.map_err(|problem| self.refused(head, problem, true))
    }

    /// The same for the console, whose forms count as well: they send their session's form token besides the cookie.
    /// A browser without a session, or with one that is over, has tried nothing yet; it is led to signing in.
    #[cfg(feature = "console")]
    pub(super) fn authenticate_reader(&self, head: &Parts) -> Result<Access, Problem> {
        let identified = self.identify(Some(Permission::Viewer), head, true);
        identified.map_err(|problem| self.refused(head, problem, bearer(&head.headers).is_ok()))
    }

    fn identify(&self, permission: Option<Permission>, head: &Parts, takes_session: bool) -> Result<Access, Problem> {
        let gateway = self.reloader.gateway();
        let tokens = &gateway.admin;
        let access = |role| Access { role, session: None };
        if permission == Some(Permission::Open) {
            return Ok(access(None));
        }
        let host = gateway.admin_hosts.check(head);
        let takes_metrics = matches!(permission, Some(Permission::Metrics) | None);
        if tokens.are_open() && !(takes_metrics && tokens.metrics.is_some()) {
            check_not_embedded(head)?;
            if permission == Some(Permission::Administrator) && is_from_browser(head) {
                let detail = "a browser only looks here as long as there is no `admin.token`";
                return Err(Problem::new(Code::Forbidden, detail));
            }
            return host.map(|()| access(Some(Role::Viewer)));
        }
        let sent = bearer(&head.headers);
        let role = sent.ok().and_then(|sent| tokens.role_of(sent)).map(|(role, _)| role);
        let is_scraper = sent.is_ok_and(|sent| tokens.metrics.is_some_and(|token| token.is_of(sent)));
        if takes_metrics && is_scraper {
            return Ok(access(None));
        }
        if role.is_some() {
            return permitted(permission, access(role));
        }
        // Credentials of another scheme are those of a proxy in front.
        if sent.is_err()
            && takes_session
            && let Some(session) = self.sessions.find(&head.headers, tokens)
        {
            host?;
            return permitted(permission, Access { role: Some(session.role), session: Some(session) });
        }
        if permission.is_none() {
            return host.map(|()| access(None));
        }
        Err(Problem::new(Code::Unauthenticated, unauthenticated(permission, tokens, head)))
    }

    /// What a request without a valid token gets. An attempt `counts` under any name.
    fn refused(&self, head: &Parts, problem: Problem, counts: bool) -> Problem {
        if problem.code != Code::Unauthenticated {
            return problem;
        }
        let gateway = self.reloader.gateway();
        let problem = match head.extensions.get::<Arc<Peer>>().filter(|_| counts) {
            Some(peer) => gateway.failed_attempts.record(peer.address.ip(), problem),
            None => problem,
        };
        let host = gateway.admin_hosts.check(head);
        host.err().filter(|_| problem.code == Code::Unauthenticated).unwrap_or(problem)
    }
}

/// Where no token is needed, a page of another website could have a browser send a request that makes this gateway ask a vendor or read files. It could not
/// read the answer, but it would cost. A link to here works.
fn check_not_embedded(head: &Parts) -> Result<(), Problem> {
    let is = |name: &str, value: &str| head.headers.get(name).is_some_and(|sent| sent == value);
    match is("sec-fetch-site", "cross-site") && !is("sec-fetch-mode", "navigate") {
        true => Err(Problem::new(Code::Forbidden, "a browser sent this request from another website")),
        false => Ok(()),
    }
}

/// What the bearer of a valid token may do here.
fn permitted(permission: Option<Permission>, access: Access) -> Result<Access, Problem> {
    if permission == Some(Permission::Administrator) && access.role != Some(Role::Administrator) {
        let detail = "the token of `admin.viewer_token` only looks; this takes the one of `admin.token`";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(access)
}

/// What is wrong with the token that was sent, or which one has to be sent.
fn unauthenticated(permission: Option<Permission>, tokens: &AdminTokens, head: &Parts) -> String {
    let which = match permission {
        Some(Permission::Administrator) if tokens.admin.is_none() => {
            return "there is no `admin.token`, so nothing can be changed here".to_owned();
        }
        Some(Permission::Administrator) => "`admin.token`",
        Some(Permission::Metrics) => "`admin.metrics_token`, `admin.viewer_token` or `admin.token`",
        _ => "`admin.token` or `admin.viewer_token`",
    };
    match (bearer(&head.headers), head.headers.contains_key(AUTHORIZATION)) {
        (Ok(_), _) => format!("this token is not that of {which}"),
        (Err(_), true) => {
            format!("the header `Authorization` must be `Bearer <token>` once, with the token of {which}")
        }
        (Err(_), false) => format!("send the token of {which} as `Authorization: Bearer <token>`"),
    }
}
