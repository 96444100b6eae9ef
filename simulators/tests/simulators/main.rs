//! The simulators, tested over the network as callers use them.

#[cfg(test)]
mod assistants;
#[cfg(test)]
mod client;
#[cfg(test)]
mod documentation;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod rejections;
