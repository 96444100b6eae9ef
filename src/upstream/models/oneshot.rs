//! tokio's channel for one value, with another thread possibly running before each step.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use shuttle::sync::atomic::AtomicBool;
use tokio::sync::oneshot;

#[derive(Debug)]
pub(crate) struct Sender<T>(oneshot::Sender<T>);

#[derive(Debug)]
pub(crate) struct Receiver<T>(oneshot::Receiver<T>);

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = oneshot::channel();
    (Sender(sender), Receiver(receiver))
}

/// shuttle considers a switch of threads at its own operations only.
fn step() {
    AtomicBool::new(false).load(Ordering::SeqCst);
}

impl<T> Sender<T> {
    pub(crate) fn send(self, value: T) -> Result<(), T> {
        step();
        self.0.send(value)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        step();
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        step();
    }
}
