//! The simulators, tested over the network as callers use them.

#[cfg(test)]
mod assistants;
#[cfg(test)]
mod client;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod creation;
#[cfg(test)]
mod documentation;
#[cfg(test)]
mod families;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod rejections;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod webhooks;
