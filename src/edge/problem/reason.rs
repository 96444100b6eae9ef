//! Why a request ended as it did, as one word of a closed list: the label of logs and metrics.
//!
//! It is the problem's code, except where one code stands for causes that operators act on differently.

use crate::upstream::FailureKind;

use super::Code;

/// Why a request ended as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was answered without a problem.
    Ok,
    /// The caller left before the answer.
    ClientClosed,
    /// The gateway stopped before the answer.
    Stopped,
    /// A panic: a defect.
    Panic,
    /// The gateway takes no more requests because it is stopping.
    Draining,
    /// What kept the vendor from answering.
    Vendor(FailureKind),
    /// Nothing more precise than the code.
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
                FailureKind::Dns => "vendor_dns",
                FailureKind::Connect => "vendor_connect",
                FailureKind::Tls => "vendor_tls",
                FailureKind::Timeout => Code::VendorTimeout.as_str(),
                FailureKind::ConnectionLost => "vendor_connection_lost",
                FailureKind::AnswerCut { .. } => "vendor_answer_cut",
                FailureKind::MalformedAnswer => "vendor_not_http",
                FailureKind::BodyTooLong { .. } => "vendor_answer_too_long",
                FailureKind::Overloaded { .. } => "vendor_queue_full",
                FailureKind::RateLimited { .. } => "vendor_own_limit",
                FailureKind::Paused { .. } => "vendor_paused",
                FailureKind::CircuitOpen { .. } => Code::VendorCircuitOpen.as_str(),
                FailureKind::DeadlineBeforeSend => "deadline_in_queue",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;
    use crate::edge::problem::Problem;

    #[test]
    fn the_words_of_causes_are_no_codes_that_mean_something_else() {
        let (status, retry_after) = (StatusCode::OK, Duration::ZERO);
        let causes = [
            FailureKind::Dns,
            FailureKind::Connect,
            FailureKind::Tls,
            FailureKind::ConnectionLost,
            FailureKind::AnswerCut { status },
            FailureKind::MalformedAnswer,
            FailureKind::BodyTooLong { status },
            FailureKind::Overloaded { retry_after },
            FailureKind::RateLimited { retry_after },
            FailureKind::Paused { retry_after },
            FailureKind::DeadlineBeforeSend,
        ];
        let own = [Reason::Ok, Reason::ClientClosed, Reason::Stopped, Reason::Panic, Reason::Draining];
        let words: Vec<_> = causes.map(Reason::Vendor).into_iter().chain(own).map(Reason::as_str).collect();
        for (index, word) in words.iter().enumerate() {
            assert!(Code::from_name(word).is_none() && !words[..index].contains(word), "{word}");
        }
    }

    #[test]
    fn a_problem_without_a_cause_of_its_own_has_its_code_for_a_reason() {
        for &code in Code::ALL {
            assert_eq!(Problem::new(code, "").reason().as_str(), code.as_str());
        }
        let draining = Problem { cause: Some(Reason::Draining), ..Problem::new(Code::Overloaded, "") };
        assert_eq!(draining.reason(), Reason::Draining);
    }
}
