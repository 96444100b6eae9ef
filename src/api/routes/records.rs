//! The rows of the records of changes.

use http::Method;

use crate::api::endpoint::Endpoint;
use crate::problem::Code;

use super::row::{Action, Link, Operation, Success};
use super::{discovery, json};

const UPDATES: &str = "/v1/updates";
const UPDATE: &str = "/v1/updates/{update}";

const FIRST: Link = ("first", "readRecord", "update", "/data/0/update");
const AGAIN: Link = ("record", "readRecord", "update", "/update");

pub(super) const READ: Endpoint<Operation> = Endpoint {
    method: Method::GET,
    path: UPDATE,
    summary: "What became of a change",
    exists: |_| true,
    operation: Operation {
        description: "With `wait` the answer comes when the change has ended, or as it is after so many seconds. A client sees its own records only, \
                      and needs the operation `read`.",
        parameters: &["update", "wait", "request_timeout", "request_id"],
        success: json("Record"),
        ..records(Action::ReadRecord, "readRecord")
    },
};

pub(super) const CANCEL: Endpoint<Operation> = Endpoint {
    method: Method::DELETE,
    path: UPDATE,
    summary: "Cancel a change that waits",
    exists: |_| true,
    operation: Operation {
        description: "Only a `queued` one that no attempt has started. A client needs the operation of the change itself.",
        parameters: &["record", "request_id"],
        success: Success { links: &[AGAIN], ..json("Record") },
        problems: &[
            Code::Forbidden,
            Code::UpdateNotFound,
            Code::AlreadyStarted,
            Code::StoreRequired,
            Code::StoreUnavailable,
        ],
        ..records(Action::CancelRecord, "cancelRecord")
    },
};

pub(super) const REPLAY: Endpoint<Operation> = Endpoint {
    method: Method::POST,
    path: "/v1/updates/{update}/replay",
    summary: "Send a dead change again",
    exists: |_| true,
    operation: Operation {
        description: "As a new record, whose `replay_of` is the dead one. It is refused as `superseded` if newer changes have set fields of it. \
                      A client needs the operation of the change itself.",
        parameters: &["record", "replay_fields", "force", "request_id"],
        success: Success { status: 202, headers: &["Location", "Retry-After"], links: &[AGAIN], ..json("Record") },
        problems: &[
            Code::Forbidden,
            Code::UpdateNotFound,
            Code::AlreadyStarted,
            Code::Superseded,
            Code::QueueFull,
            Code::StoreRequired,
            Code::StoreUnavailable,
        ],
        ..records(Action::ReplayRecord, "replayRecord")
    },
};

pub(super) const LIST: Endpoint<Operation> = Endpoint {
    method: Method::GET,
    path: UPDATES,
    summary: "The changes of this client, and what became of each",
    exists: |_| true,
    operation: Operation {
        description: "Newest first, the client's own only. Everything that is asked for has to hold. An assistant is found under all names that lead to it. \
                      Repeat the request with `next_cursor` as `cursor` until it is null.",
        parameters: &[
            "of_assistant",
            "of_vendor",
            "state",
            "operation",
            "field",
            "since",
            "until",
            "record_limit",
            "record_cursor",
            "request_id",
        ],
        success: Success { links: &[FIRST], ..json("RecordList") },
        problems: &[Code::Forbidden, Code::StoreRequired, Code::StoreUnavailable],
        ..records(Action::ListRecords, "listRecords")
    },
};

/// What all of them have. Rights are those of the record's operation, which the row cannot know.
const fn records(action: Action, id: &'static str) -> Operation {
    let problems = &[Code::Forbidden, Code::UpdateNotFound, Code::StoreRequired, Code::StoreUnavailable];
    Operation { tag: "records", problems, ..discovery(action, id) }
}
