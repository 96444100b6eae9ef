//! The transport half of the edge over real sockets and, where time matters, over pipes on paused time.

#[cfg(test)]
mod malformed;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
