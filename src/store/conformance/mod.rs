//! What every store promises: a model in memory that says it plainly, and one suite that runs against every store.

pub(in crate::store) mod model;
mod property;
pub(in crate::store) mod samples;
pub(in crate::store) mod suite;

use std::sync::Arc;

use crate::store::Store;

/// A store to be tested, and what it needs.
pub(in crate::store) struct Place {
    pub(in crate::store) store: Arc<dyn Store>,
    /// The folder of its files, removed with it.
    pub(in crate::store) _folder: Option<tempfile::TempDir>,
}

/// Each case of the suite as a test of one store.
macro_rules! suite_of {
    ($open:expr; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                // `None` where its server cannot be had.
                let place: Option<$crate::store::conformance::Place> = $open.into();
                if let Some(place) = place {
                    $crate::store::conformance::suite::$case(&place).await;
                }
            }
        )+
    };
}

/// All cases; a case that is missing here is dead code, which the compiler refuses.
macro_rules! conforms {
    ($open:expr) => {
        suite_of! {
            $open;
            a_ticket_is_read_as_it_was_written,
            a_key_in_use_stores_nothing_and_says_what_became_of_its_request,
            keys_belong_to_one_client,
            an_ended_key_answers_until_its_time_is_over,
            a_key_is_free_after_an_ending_that_keeps_no_answer,
            a_key_of_an_unknown_outcome_is_taken_again_only_by_name,
            tickets_start_all_or_none,
            only_what_is_sending_is_postponed,
            an_end_moves_a_ticket_once,
            an_end_says_what_was_created,
            only_what_waits_is_canceled,
            only_a_dead_body_is_discarded_and_once,
            what_was_noted_is_discarded_though_it_may_wait_to_be_written,
            bodies_come_in_the_order_of_their_ids,
            what_was_noted_is_seen_by_the_next_read,
            a_request_id_finds_the_newest_of_its_owner,
            a_list_mixes_tickets_and_journal_newest_first,
            a_list_holds_what_fits_every_condition,
            a_list_tells_what_is_replayed,
            pages_join_without_a_gap_or_a_repetition,
            newer_ones_are_those_that_a_replay_would_overwrite,
            the_newest_replay_is_found,
            tickets_come_in_order_without_what_is_sealed,
            doubts_are_found_after_their_time_only,
            callbacks_wait_until_they_arrive_or_are_given_up,
            a_sweep_removes_what_is_old_and_nothing_else,
            numbers_go_on_after_the_greatest,
            a_statement_is_carried_out_though_nobody_waits,
            a_closed_store_refuses_everything,
        }
    };
}

mod of_the_model {
    use crate::store::conformance::{Place, model::Model};

    fn open() -> Place {
        Place { store: std::sync::Arc::new(Model::default()), _folder: None }
    }

    conforms!(open());
}

mod of_sqlite {
    use crate::store::conformance::Place;
    use crate::store::{KeySource, Sqlite};

    fn open() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("data/switchboard.db"), KeySource::FileBeside).unwrap();
        Place { store: std::sync::Arc::new(store), _folder: Some(folder) }
    }

    conforms!(open());
}

mod of_postgres {
    use crate::store::conformance::Place;
    use crate::store::postgres::tests::open as open_on;

    async fn open() -> Option<Place> {
        let database = private_postgres::database().await?;
        Some(Place { store: std::sync::Arc::new(open_on(&database).await), _folder: None })
    }

    conforms!(open().await);
}
