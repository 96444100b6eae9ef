//! A metric for each operation.

use std::sync::OnceLock;

use crate::value::AssistantOperation;

/// A metric for each operation that has occurred, found without a look-up. The one of updates is there from the start.
#[derive(Debug)]
pub struct ByOperation<M>([OnceLock<M>; AssistantOperation::ALL.len()]);

impl<M: Default> ByOperation<M> {
    /// The metrics so far.
    pub fn read(&self) -> impl Iterator<Item = (AssistantOperation, &M)> {
        AssistantOperation::ALL
            .into_iter()
            .filter_map(|operation| Some((operation, self.0.get(operation as usize)?.get()?)))
    }

    pub(super) fn of(&self, operation: AssistantOperation) -> &M {
        let Self(metrics) = self;
        metrics[operation as usize].get_or_init(M::default)
    }
}

impl<M: Default> Default for ByOperation<M> {
    fn default() -> Self {
        let metrics = Self(Default::default());
        metrics.of(AssistantOperation::Update);
        metrics
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::telemetry::metrics::by_operation::*;

    #[test]
    fn each_operation_has_a_metric_of_its_own_once_it_occurred() {
        let counts = ByOperation::<AtomicU32>::default();
        let read = || counts.read().map(|(operation, n)| (operation, n.load(Ordering::Relaxed))).collect::<Vec<_>>();
        assert_eq!(read(), [(AssistantOperation::Update, 0)]);
        for (times, operation) in AssistantOperation::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| _ = counts.of(operation).fetch_add(1, Ordering::Relaxed));
        }
        let expected: Vec<_> = AssistantOperation::ALL.into_iter().zip(0..).collect();
        assert_eq!(read(), expected);
    }
}
