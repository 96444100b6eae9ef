//! Vendors that fail at random.

use std::sync::Arc;
use std::time::Duration;

use simulators::{Fault, Simulator};
use tokio_util::sync::CancellationToken;

/// What may go wrong, for a few requests or until the vendor is given something else.
const FAULTS: &[&str] = &[
    "status=500*8",
    "status=502*4",
    "status=503*20",
    "status=504*3",
    "status=429*5",
    "status=429,retry-after=1*2",
    "status=429,body-retry-after=1*2",
    "status=422*2",
    "status=401*2",
    "delay=50ms*50",
    "delay=300ms*10",
    "hang*3",
    "reset*5",
    "reset-in-body*5",
    "drip=1ms*5",
    "html*3",
    "html=502*3",
    "truncated*3",
    "oversized*2",
    "error-in-2xx*3",
    "empty*3",
    "redirect*2",
    "status=503",
    "status=502",
    "hang",
    "delay=200ms",
    "reset",
];

/// Gives one vendor after the other a new set of faults, and takes all away at the end.
pub(crate) async fn faults(simulators: Arc<Vec<Simulator>>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_millis(250))).await.is_some() {
        let simulator = &simulators[fastrand::usize(..simulators.len())];
        let count = fastrand::usize(..3);
        let faults = (0..count).map(|_| FAULTS[fastrand::usize(..FAULTS.len())].parse::<Fault>().unwrap());
        simulator.set_faults(faults.collect());
    }
    simulators.iter().for_each(|simulator| simulator.set_faults(Vec::new()));
}
