//! Who a peer is: behind a balancer or a proxy, and as one of many addresses of one host.

pub(crate) mod forwarded;
pub(crate) mod group;
pub(crate) mod proxy_protocol;
