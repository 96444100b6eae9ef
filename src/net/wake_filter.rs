//! Skips the polls of a future unless its own waker was called.
//!
//! A task polls all its futures whenever one of them is woken. Polling a cancellation token or a timer takes a lock. A
//! connection has several of them that are rarely ready, so this saves 2,000 instructions a request. `FuturesUnordered`
//! does the same for boxed futures of one type and needs a queue.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

pin_project_lite::pin_project! {
    /// A future that depends on nothing that changes without waking it.
    pub(crate) struct WakeFiltered<F> {
        #[pin]
        future: F,
        flag: Arc<WakeFlag>,
        waker: Waker,
        task: Waker,
    }
}

/// Records that the future was woken, and wakes its task.
struct WakeFlag {
    woken: AtomicBool,
    task: Mutex<Waker>,
}

impl<F> WakeFiltered<F> {
    pub(crate) fn new(future: F) -> Self {
        let task = Waker::noop().clone();
        let flag = Arc::new(WakeFlag { woken: AtomicBool::new(true), task: Mutex::new(task.clone()) });
        Self { future, waker: Waker::from(Arc::clone(&flag)), flag, task }
    }
}

impl<F: Future> Future for WakeFiltered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Before the flag is read, so that a wake-up after that wakes this task.
        if !this.task.will_wake(cx.waker()) {
            this.task.clone_from(cx.waker());
            this.flag.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(cx.waker());
        }
        if !this.flag.woken.load(Ordering::Relaxed) || !this.flag.woken.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        this.future.poll(&mut Context::from_waker(this.waker))
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Notify;

    use crate::net::wake_filter::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Wakes {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn it_is_polled_first_and_whenever_it_was_woken() {
        let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        let (notify, polls) = (Notify::new(), AtomicUsize::new(0));
        let mut notified = pin!(notify.notified());
        let mut filtered = pin!(WakeFiltered::new(poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            notified.as_mut().poll(cx)
        })));
        let mut poll_in = |task: &Arc<Wakes>| {
            let ready = filtered.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(task)))).is_ready();
            (ready, polls.load(Ordering::Relaxed))
        };
        assert_eq!(poll_in(&first), (false, 1));
        assert_eq!(poll_in(&first), (false, 1));
        assert_eq!(poll_in(&second), (false, 1), "it has moved to another task");
        notify.notify_one();
        assert_eq!((first.count(), second.count()), (0, 1));
        assert_eq!(poll_in(&second), (true, 2));
    }

    #[test]
    fn a_future_that_wakes_itself_is_polled_again() {
        let (task, mut left) = (Arc::new(Wakes::default()), 3);
        let mut filtered = pin!(WakeFiltered::new(poll_fn(|cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })));
        let waker = Waker::from(Arc::clone(&task));
        let mut poll = || filtered.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!([poll(), poll(), poll()], [Poll::Pending, Poll::Pending, Poll::Ready(())]);
        assert_eq!(task.count(), 3);
    }
}
