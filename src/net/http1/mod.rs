//! HTTP/1 on the socket: strict framing in front of hyper, timed IO, the lingering close.

pub(super) mod framing;
pub(super) mod guarded_io;
pub(super) mod lingering_close;
