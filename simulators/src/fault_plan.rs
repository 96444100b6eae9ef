//! The faults in force, and how much of each is left.

use std::time::Duration;

use crate::{
    fault::{Fault, FaultKind, Scope},
    route::Route,
};

/// What is done to one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How long to wait first.
    pub(crate) delay: Duration,
    /// Whether to wait until the faults are changed.
    pub(crate) hold: bool,
    /// What to do then, if not the vendor's own answer.
    pub(crate) answer: Option<FaultKind>,
}

/// The faults in force, in the order given.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    faults: Vec<Fault>,
}

impl FaultPlan {
    pub(crate) const fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The plan for one request; uses up one of each fault that takes part.
    pub(crate) fn take(&mut self, route: Route) -> Plan {
        let mut plan = Plan::default();
        for fault in self.faults.iter_mut().filter(|fault| hits(fault, route)) {
            match &fault.kind {
                FaultKind::Delay(time) => plan.delay += *time,
                FaultKind::Hold => plan.hold = true,
                _ if plan.answer.is_some() => continue,
                kind => plan.answer = Some(kind.clone()),
            }
            fault.times = fault.times.map(|times| times.saturating_sub(1));
        }
        plan
    }
}

fn hits(fault: &Fault, route: Route) -> bool {
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
    fn a_counted_fault_is_spent_and_the_next_one_follows() {
        let mut plan = plan(&["html=502*1", "empty*1"]);
        let answers = [(); 3].map(|()| plan.take(Route::Update(Some(1))).answer);
        assert_eq!(answers, [Some(FaultKind::Html(502)), Some(FaultKind::Empty(200)), None]);
    }

    #[test]
    fn delays_add_up_and_leave_room_for_one_answer() {
        let taken = plan(&["delay=1s", "reset", "delay=2s", "hold", "hang"]).take(Route::Update(None));
        assert_eq!(taken, Plan { delay: Duration::from_secs(3), hold: true, answer: Some(FaultKind::Reset) });
    }

    #[test]
    fn a_scope_spares_the_other_requests() {
        let mut plan = plan(&["hang@get", "reset@7"]);
        assert_eq!(plan.take(Route::Update(Some(8))).answer, None);
        assert_eq!(plan.take(Route::Update(Some(7))).answer, Some(FaultKind::Reset));
        assert_eq!(plan.take(Route::Read(Backend::me)).answer, Some(FaultKind::Hang));
    }
}
