//! The active faults, with how often each still applies.

use std::time::Duration;

use crate::backend::Target;

use super::{Fault, FaultKind, Scope};

/// The operation that faults without a scope affect.
const UPDATE: &str = "update";

/// The faults of one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How long to wait first.
    pub(crate) delay: Duration,
    /// Whether to wait until the faults are changed.
    pub(crate) hold: bool,
    /// The paths of the body whose values have no effect.
    pub(crate) dropped: Vec<String>,
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
    pub(crate) fn take(&mut self, target: Option<Target>) -> Plan {
        let mut plan = Plan::default();
        for fault in self.faults.iter_mut().filter(|fault| affects(fault, target)) {
            if fault.from > 1 {
                fault.from -= 1;
                continue;
            }
            match &fault.kind {
                FaultKind::Drop(path) => plan.dropped.push(path.clone()),
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

fn affects(fault: &Fault, target: Option<Target>) -> bool {
    let Some(target) = target else { return false };
    let in_scope = match fault.scope {
        Scope::Updates => target.name == UPDATE,
        Scope::Assistant(wanted) => target.name == UPDATE && target.id == Some(wanted),
        Scope::Reads => target.reads,
        Scope::Operation(name) => target.name == name,
        Scope::Any => true,
    };
    in_scope && fault.times != Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(id: Option<u64>) -> Option<Target> {
        Some(Target { name: "update", reads: false, id })
    }

    fn plan(texts: &[&str]) -> FaultPlan {
        FaultPlan::new(texts.iter().map(|text| text.parse().expect(text)).collect())
    }

    #[test]
    fn a_counted_fault_ends_and_the_next_one_follows() {
        let mut plan = plan(&["html=502*1", "empty*1"]);
        let responses = [(); 3].map(|()| plan.take(update(Some(1))).response);
        assert_eq!(responses, [Some(FaultKind::Html(502)), Some(FaultKind::Empty(200)), None]);
    }

    #[test]
    fn delays_add_up_and_one_response_fault_applies() {
        let taken = plan(&["delay=1s", "reset", "delay=2s", "hold", "hang", "drop=a.b"]).take(update(None));
        let (delay, dropped) = (Duration::from_secs(3), vec!["a.b".to_owned()]);
        assert_eq!(taken, Plan { delay, hold: true, dropped, response: Some(FaultKind::Reset) });
    }

    #[test]
    fn a_fault_can_wait_for_the_nth_request() {
        let mut plan = plan(&["reset@any#3*1", "hang@list#2"]);
        let of_list = Some(Target { name: "list", reads: true, id: None });
        let responses =
            [update(None), of_list, of_list, of_list, update(None)].map(|target| plan.take(target).response);
        assert_eq!(responses, [None, None, Some(FaultKind::Reset), Some(FaultKind::Hang), None]);
    }

    #[test]
    fn a_scope_does_not_affect_other_requests() {
        let mut plan = plan(&["hang@list-tools", "html@get", "reset@7", "empty@create"]);
        let target = |name, reads| Some(Target { name, reads, id: Some(7) });
        for (target, response) in [
            (update(Some(8)), None),
            (update(Some(7)), Some(FaultKind::Reset)),
            (target("delete", false), None),
            (target("get-account", true), Some(FaultKind::Html(200))),
            (target("list-tools", true), Some(FaultKind::Hang)),
            (target("create", false), Some(FaultKind::Empty(200))),
            (None, None),
        ] {
            assert_eq!(plan.take(target).response, response, "{target:?}");
        }
    }

    #[test]
    fn any_request_of_the_vendor_can_be_affected() {
        let mut plan = plan(&["hang@any"]);
        assert_eq!(plan.take(Some(Target { name: "delete", reads: false, id: None })).response, Some(FaultKind::Hang));
        assert_eq!(plan.take(None).response, None);
    }
}
