//! One of the vendors behind the same server: a white label of the platform, or a vendor with an API of its own.

use hyper::Method;
use serde_json::Value;

use crate::{
    backend::{Backend, Body, Operation, Route, Target},
    contracts::Contract,
    families::{self, Family},
    http::{Received, VendorResponse},
};

/// A vendor's behaviour.
#[derive(Debug)]
pub(crate) enum Vendor {
    /// A white label of the platform.
    Platform(Box<Backend>),
    /// A vendor with an API of its own.
    Family(Box<Family>),
}

/// Where a request leads.
#[derive(Debug, Clone)]
pub(crate) enum Call<'v> {
    Platform(Route<'v>),
    Family(families::Route<'v>),
}

/// A request's body as the vendor reads it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    body: Body,
    /// The keys that are not documented.
    pub(crate) unknown_keys: Vec<String>,
}

impl Call<'_> {
    /// What faults need to know of the request; `None` if it leads to no operation.
    pub(crate) fn target(&self) -> Option<Target> {
        match self {
            Self::Platform(route) => route.target(),
            Self::Family(route) => route.row().map(|row| Target { name: row.name, reads: row.reads, id: None }),
        }
    }
}

impl Vendor {
    /// Where a request leads.
    pub(crate) fn call(&self, method: &Method, path: &str) -> Call<'_> {
        match self {
            Self::Platform(backend) => Call::Platform(backend.route(method, path)),
            Self::Family(family) => Call::Family(family.route(method, path)),
        }
    }

    /// Reads a body as the vendor does.
    pub(crate) fn read_body(&self, call: &Call<'_>, request: &Received) -> Reading {
        match (self, call) {
            (Self::Platform(backend), Call::Platform(route)) => {
                let body = backend.read_body(*route, request);
                let unknown_keys = body.unknown_keys().to_vec();
                Reading { body, unknown_keys }
            }
            (Self::Family(family), Call::Family(route)) => {
                Reading { unknown_keys: family.unknown_members(route, request), ..Reading::default() }
            }
            _ => Reading::default(),
        }
    }

    /// The vendor's response; the values at the paths in `dropped` are accepted and have no effect.
    pub(crate) fn respond(
        &self,
        call: &Call<'_>,
        request: &Received,
        reading: Reading,
        dropped: &[String],
    ) -> VendorResponse {
        match (self, call) {
            (Self::Platform(backend), Call::Platform(route)) => {
                backend.respond(*route, request, reading.body.without(dropped))
            }
            (Self::Family(family), Call::Family(route)) => family.respond(route, request, dropped),
            _ => VendorResponse::empty(500),
        }
    }

    /// `http://` and the simulator's address.
    pub(crate) fn origin(&self) -> &str {
        match self {
            Self::Platform(backend) => &backend.origin,
            Self::Family(family) => &family.origin,
        }
    }

    /// The response with this slug in the vendor's documentation.
    pub(crate) fn answer(&self, slug: &str) -> Option<(u16, Value)> {
        match self {
            Self::Platform(backend) => backend.contract.answer(slug),
            Self::Family(family) => family.contract.answer(slug),
        }
    }

    /// The body for a status: that of the operation, else of any, else in the vendor's shape.
    pub(crate) fn documented(&self, call: &Call<'_>, status: u16) -> Value {
        match (self, call) {
            (Self::Family(family), _) => family.documented(status),
            (Self::Platform(backend), Call::Platform(route)) => {
                let of_row = route.row().and_then(|row| row.answer(status).cloned());
                of_row.or_else(|| of_any(backend.contract, status)).unwrap_or_else(|| plain(status))
            }
            (Self::Platform(_), Call::Family(_)) => plain(status),
        }
    }

    /// Returns everything to its initial state.
    pub(crate) fn reset(&self) {
        match self {
            Self::Platform(backend) => backend.reset(),
            Self::Family(family) => family.reset(),
        }
    }

    /// An assistant's current state.
    pub(crate) fn state(&self, id: u64) -> Option<Value> {
        match self {
            Self::Platform(backend) => backend.state(id),
            Self::Family(_) => None,
        }
    }

    /// An object of the account as a reading request tells it.
    pub(crate) fn document(&self, id: &str) -> Option<Value> {
        match self {
            Self::Platform(backend) => backend.state(id.parse().ok()?),
            Self::Family(family) => family.document(id),
        }
    }

    /// Every version of it, oldest first.
    pub(crate) fn versions(&self, id: &str) -> Vec<Value> {
        match self {
            Self::Platform(_) => self.document(id).into_iter().collect(),
            Self::Family(family) => family.versions(id),
        }
    }

    /// The ids that lists show, if they are numbers.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        match self {
            Self::Platform(backend) => backend.ids(),
            Self::Family(_) => Vec::new(),
        }
    }

    /// The ids that lists show, oldest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        match self {
            Self::Platform(backend) => backend.ids().iter().map(ToString::to_string).collect(),
            Self::Family(family) => family.ids(),
        }
    }
}

/// The name of an operation, of any vendor.
pub(crate) fn operation(name: &str) -> Option<&'static str> {
    Operation::named(name).map(|(name, _)| name).or_else(|| families::named(name))
}

fn of_any(contract: &Contract, status: u16) -> Option<Value> {
    contract.answers.iter().find_map(|(slug, _)| {
        let (of, body) = contract.answer(slug)?;
        (of == status && body.is_object()).then_some(body)
    })
}

fn plain(status: u16) -> Value {
    let reason = VendorResponse::empty(status).status.canonical_reason().unwrap_or("Unknown status");
    serde_json::json!({ "message": reason })
}
