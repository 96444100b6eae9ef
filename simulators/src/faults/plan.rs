//! The active faults, with how often each still applies.

use std::time::Duration;

use crate::backend::Route;

use super::{Fault, FaultKind, Scope};

/// The faults of one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How long to wait first.
    pub(crate) delay: Duration,
    /// Whether to wait until the faults are changed.
    pub(crate) hold: bool,
    /// The fault that replaces or alters the response, if there is one.
    pub(crate) response: Option<FaultKind>,
}

/// The active faults, in the order given.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    faults: Vec<Fault>,
}

impl FaultPlan {
    pub(crate) const fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The plan for one request; counts each fault that takes part.
    pub(crate) fn take(&mut self, route: Route) -> Plan {
        let mut plan = Plan::default();
        for fault in self.faults.iter_mut().filter(|fault| affects(fault, route)) {
            match &fault.kind {
                FaultKind::Delay(time) => plan.delay += *time,
                FaultKind::Hold => plan.hold = true,
                _ if plan.response.is_some() => continue,
                kind => plan.response = Some(kind.clone()),
            }
            fault.times = fault.times.map(|times| times.saturating_sub(1));
        }
        plan
    }
}

fn affects(fault: &Fault, route: Route) -> bool {
    let in_scope = match (fault.scope, route) {
        (Scope::Updates, Route::Update(_)) | (Scope::Reads, Route::Read(_)) => true,
        (Scope::Assistant(wanted), Route::Update(id)) => id == Some(wanted),
        _ => false,
    };
    in_scope && fault.times != Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    fn plan(texts: &[&str]) -> FaultPlan {
        FaultPlan::new(texts.iter().map(|text| text.parse().expect(text)).collect())
    }

    #[test]
    fn a_counted_fault_ends_and_the_next_one_follows() {
        let mut plan = plan(&["html=502*1", "empty*1"]);
        let responses = [(); 3].map(|()| plan.take(Route::Update(Some(1))).response);
        assert_eq!(responses, [Some(FaultKind::Html(502)), Some(FaultKind::Empty(200)), None]);
    }

    #[test]
    fn delays_add_up_and_one_response_fault_applies() {
        let taken = plan(&["delay=1s", "reset", "delay=2s", "hold", "hang"]).take(Route::Update(None));
        assert_eq!(taken, Plan { delay: Duration::from_secs(3), hold: true, response: Some(FaultKind::Reset) });
    }

    #[test]
    fn a_scope_does_not_affect_other_requests() {
        let mut plan = plan(&["hang@get", "reset@7"]);
        assert_eq!(plan.take(Route::Update(Some(8))).response, None);
        assert_eq!(plan.take(Route::Update(Some(7))).response, Some(FaultKind::Reset));
        assert_eq!(plan.take(Route::Read(Backend::me)).response, Some(FaultKind::Hang));
    }
}
