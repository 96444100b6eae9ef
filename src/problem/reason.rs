//! The result of a request as one word of a closed list: the label in logs and metrics.
//!
//! It is the problem's code, or a more precise word if operators act differently on its causes.

use super::{Code, FailureReason};

/// The result of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The response is no problem.
    Ok,
    /// The caller disconnected before the response.
    ClientClosed,
    /// The gateway stopped before the response.
    Stopped,
    /// A panic: a defect.
    Panic,
    /// The gateway rejects the request because it is shutting down.
    Draining,
    /// Why the vendor's call failed.
    Vendor(FailureReason),
    /// The problem's code.
    Code(Code),
}

impl Reason {
    /// The word, one of a closed list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ClientClosed => "client_closed",
            Self::Stopped => "stopped",
            Self::Panic => "panic",
            Self::Draining => "draining",
            Self::Code(code) => code.as_str(),
            Self::Vendor(kind) => match kind {
                FailureReason::Dns => "vendor_dns",
                FailureReason::Connect => "vendor_connect",
                FailureReason::Tls => "vendor_tls",
                FailureReason::Timeout => Code::VendorTimeout.as_str(),
                FailureReason::ConnectionLost => "vendor_connection_lost",
                FailureReason::ResponseCut => "vendor_answer_cut",
                FailureReason::MalformedResponse => "vendor_not_http",
                FailureReason::BodyTooLong => "vendor_answer_too_long",
                FailureReason::Overloaded => "vendor_queue_full",
                FailureReason::RateLimited => "vendor_own_limit",
                FailureReason::Paused => "vendor_paused",
                FailureReason::CircuitOpen => Code::VendorCircuitOpen.as_str(),
                FailureReason::DeadlineBeforeSend => "deadline_in_queue",
                FailureReason::NotOwner => "not_owner",
                FailureReason::Settling => "vendor_settling",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use crate::problem::Problem;
    use crate::problem::reason::*;

    #[test]
    fn the_words_of_causes_differ_from_all_codes() {
        let causes = FailureReason::VARIANTS.iter().copied();
        // Two are codes of their own.
        let causes = causes.filter(|cause| !matches!(cause, FailureReason::Timeout | FailureReason::CircuitOpen));
        let own = [Reason::Ok, Reason::ClientClosed, Reason::Stopped, Reason::Panic, Reason::Draining];
        let words: Vec<_> = causes.map(Reason::Vendor).chain(own).map(Reason::as_str).collect();
        for (index, word) in words.iter().enumerate() {
            assert!(Code::from_name(word).is_none() && !words[..index].contains(word), "{word}");
        }
    }

    #[test]
    fn a_problem_without_a_cause_has_its_code_as_the_reason() {
        for &code in Code::ALL {
            assert_eq!(Problem::new(code, "").reason().as_str(), code.as_str());
        }
        let draining = Problem { cause: Some(Reason::Draining), ..Problem::new(Code::Overloaded, "") };
        assert_eq!(draining.reason(), Reason::Draining);
    }
}
