//! The simulators as their callers see them.

#[cfg(test)]
mod assistants;
#[cfg(test)]
mod client;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod refusals;
