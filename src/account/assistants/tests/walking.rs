//! In which order pages are asked for, and when a list is whole.

use tokio::time::{advance, pause, resume};

use super::*;
use crate::account::assistants::walk::MAX_PAGES;

/// A vendor whose list a test changes.
async fn changing(ids: Vec<u64>) -> (Arc<Vendor>, Arc<Mutex<Vec<u64>>>) {
    let ids = Arc::new(Mutex::new(ids));
    let listed = Arc::clone(&ids);
    let vendor =
        Vendor::start(move |page, per_page| Answer::Json(paginated(&listed.lock().unwrap(), page, per_page, 0))).await;
    (vendor, ids)
}

#[tokio::test]
async fn the_page_that_last_held_an_assistant_is_asked_first() {
    let (vendor, ids) = changing(range(1..1_001)).await;
    let (pages, reader) = (kept_for(0), vendor.reader("v"));
    assert_eq!(find(&pages, &reader, "750", true).await, (true, 8));
    assert_eq!(find(&pages, &reader, "750", true).await, (true, 1));
    assert_eq!(vendor.asked()[8..], [(8, 100)]);
    // The list grows at its front: the assistant is on the next page.
    ids.lock().unwrap().splice(0..0, 2_001..2_101);
    assert_eq!(find(&pages, &reader, "750", true).await, (true, 9));
    assert_eq!(vendor.asked(), [8, 1, 2, 3, 4, 5, 6, 7, 9].map(|page| (page, 100)), "no page is asked for twice");
    // It shrinks: the page is after the last one.
    ids.lock().unwrap().retain(|id| *id > 740 && *id < 2_000);
    assert_eq!(find(&pages, &reader, "750", true).await, (true, 2));
    assert_eq!(vendor.asked(), [(9, 100), (1, 100)]);
    // Deleted: all pages are asked for.
    ids.lock().unwrap().retain(|id| *id != 750);
    assert_eq!(find(&pages, &reader, "750", true).await, (false, 3));
    assert_eq!(vendor.asked(), [1, 2, 3].map(|page| (page, 100)));
}

/// A vendor whose pages of more than `most` assistants are too long.
async fn long(ids: Vec<u64>, most: usize) -> Arc<Vendor> {
    Vendor::start(move |page, per_page| match per_page > most {
        true => Answer::TooLong,
        false => Answer::Json(paginated(&ids, page, per_page, 0)),
    })
    .await
}

#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_with_fewer_assistants() {
    for (most, sizes) in [(99, &[100][..]), (49, &[100, 50]), (24, &[100, 50, 25]), (2, &[100, 50, 25, 5])] {
        let vendor = long(range(1..301), most).await;
        let (pages, reader) = (kept_for(600), vendor.reader("v"));
        let (ids, _) = list(&pages, &reader, false).await.unwrap();
        assert_eq!(ids, range(1..301), "{most}");
        let asked = vendor.asked();
        let (refused, read) = asked.split_at(sizes.len());
        assert_eq!(refused, sizes.iter().map(|size| (1, *size)).collect::<Vec<_>>());
        let size = read[0].1;
        assert_eq!(read, (1..=300 / size).map(|page| (page, size)).collect::<Vec<_>>());
        // Others know it for a while.
        pages.state.lock().pages.clear();
        assert_eq!(find(&pages, &reader, "300", false).await, (true, 1));
        assert_eq!(vendor.asked(), [(300 / size, size)]);
        write(&reader).await;
        assert_eq!(find(&pages, &reader, "300", false).await, (true, 1), "a write changes nothing about it");
        pause();
        advance(Duration::from_secs(601)).await;
        resume();
        vendor.asked();
        assert_eq!(list(&pages, &reader, true).await.unwrap().0, range(1..301));
        assert_eq!(vendor.asked()[0], (1, 100));
    }
}

#[tokio::test]
async fn pages_become_smaller_in_the_middle_of_a_list_and_none_is_lost_or_shown_twice() {
    let ids = range(1..301);
    // Page 2 of 100 and what is in its second quarter are too long.
    let vendor = Vendor::start(move |page, per_page| {
        let first = (page - 1) * per_page;
        match (first..first + per_page).contains(&130) && per_page > 5 {
            true => Answer::TooLong,
            false => Answer::Json(paginated(&ids, page, per_page, 0)),
        }
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert_eq!(list(&pages, &reader, false).await.unwrap().0, range(1..301));
    assert_eq!(vendor.asked()[..6], [(1, 100), (2, 100), (3, 50), (5, 25), (6, 25), (26, 5)]);
}

#[tokio::test]
async fn one_assistant_that_is_too_long_is_an_error_and_nothing_is_remembered_of_it() {
    let vendor = long(range(1..11), 0).await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    for _ in 0..2 {
        let failure = list(&pages, &reader, false).await.unwrap_err();
        assert!(failure.is_too_long(), "{failure}");
        assert_eq!(vendor.asked(), [100, 50, 25, 5, 1].map(|size| (1, size)));
    }
}

#[tokio::test]
async fn a_list_that_is_cut_off_is_an_error_and_never_short() {
    let ids = range(1..501);
    let page = |number: usize| paginated(&range(1..501), number, 100, 0);
    let third = page(3);
    for (answer, expected) in [
        (Some(third[..third.len() / 2].to_owned()), "not JSON"),
        (Some(String::new()), "not JSON"),
        (Some(paginated(&[], 3, 100, 0).replace("\"last_page\":1", "\"last_page\":5")), "is empty"),
        (Some(page(2)), "page 3 of the list of assistants was asked for, and page 2 came"),
        (Some(page(2).replace("\"current_page\":2,", "")), "page 3 of the list of assistants is the page before it"),
        (Some("{\"message\":\"x\"}".to_owned()), "neither an array nor"),
        (None, "lost"),
    ] {
        let (ids, is_broken) = (ids.clone(), Arc::new(Mutex::new(true)));
        let broken = Arc::clone(&is_broken);
        let vendor = Vendor::start(move |page, per_page| {
            if page != 3 || !*broken.lock().unwrap() {
                let body = paginated(&ids, page, per_page, 0);
                let is_bare = answer.as_ref().is_some_and(|answer| !answer.contains("current_page"));
                let bare = body.replace(&format!("\"current_page\":{page},"), "");
                return Answer::Json(if is_bare { bare } else { body });
            }
            answer.clone().map_or(Answer::Nothing, Answer::Json)
        })
        .await;
        let (pages, reader) = (kept_for(600), vendor.reader("v"));
        for _ in 0..2 {
            let failure = list(&pages, &reader, false).await.unwrap_err().to_string();
            assert!(failure.contains(expected), "{failure}");
        }
        *is_broken.lock().unwrap() = false;
        assert_eq!(list(&pages, &reader, false).await.unwrap().0, range(1..501), "no failure is kept");
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_an_error() {
    let vendor = Vendor::start(|page, per_page| {
        let ids = page * per_page..(page + 1) * per_page;
        let entries: Vec<_> = ids.map(|id| format!("{{\"id\":{id}}}")).collect();
        let next = "http://127.0.0.1:9/next";
        Answer::Json(format!("{{\"data\":[{}],\"next_page_url\":\"{next}\"}}", entries.join(",")))
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    let mut walk = Walk::new(&pages, &reader, false, deadline()).unwrap();
    assert_eq!(walk.next().await.unwrap().unwrap().read(reader.dialect).unwrap().assistants.len(), 100);
    walk.read = MAX_PAGES - 1;
    assert!(walk.next().await.unwrap().is_some());
    assert!(matches!(walk.next().await, Err(ListFailure::Endless(MAX_PAGES))));
    assert_eq!(vendor.asked(), [(1, 100), (2, 100)], "pages are counted, and no address is followed");
}

#[tokio::test]
async fn an_assistant_that_moves_to_a_page_already_read_is_found() {
    let ids = Arc::new(Mutex::new(range(1..301)));
    let listed = Arc::clone(&ids);
    // When the second page is asked for, an assistant of the first one is deleted elsewhere.
    let vendor = Vendor::start(move |page, per_page| {
        let mut ids = listed.lock().unwrap();
        if page == 2 {
            ids.retain(|id| *id != 7);
        }
        Answer::Json(paginated(&ids, page, per_page, 0))
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert!(find(&pages, &reader, "101", false).await.0);
    assert_eq!(vendor.asked(), [1, 2, 3, 1].map(|page| (page, 100)));
    assert!(!find(&pages, &reader, "7", false).await.0);
}

#[tokio::test]
async fn a_list_that_never_stays_as_it_is_is_read_three_times() {
    let calls = AtomicUsize::new(0);
    let vendor = Vendor::start(move |page, per_page| {
        let more = calls.fetch_add(1, Ordering::SeqCst) as u64;
        Answer::Json(paginated(&range(1..201 + more), page, per_page, 0))
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert!(!find(&pages, &reader, "999", false).await.0);
    assert_eq!(vendor.asked().iter().filter(|(page, _)| *page == 1).count(), 3);
}

#[tokio::test]
async fn a_list_that_grows_at_its_front_shows_none_twice() {
    let ids = Arc::new(Mutex::new(range(1..251)));
    let listed = Arc::clone(&ids);
    let vendor = Vendor::start(move |page, per_page| {
        let mut ids = listed.lock().unwrap();
        if page == 2 && ids[0] == 1 {
            ids.insert(0, 999);
        }
        Answer::Json(paginated(&ids, page, per_page, 0))
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert_eq!(list(&pages, &reader, false).await.unwrap().0, range(1..251));
    assert_eq!(vendor.asked().len(), 3);
}

#[tokio::test]
async fn ids_may_be_strings_and_the_deleted_are_not_there() {
    let vendor = Vendor::start(|_, _| {
        Answer::Json(
            r#"{"data":[{"id":" 7 "},{"id":8,"deleted_at":"2026-01-01T00:00:00Z"},{"id":"9","deleted_at":null}]}"#
                .to_owned(),
        )
    })
    .await;
    let (pages, reader) = (kept_for(600), vendor.reader("v"));
    assert_eq!(list(&pages, &reader, false).await.unwrap().0, [7, 9]);
    for (id, there) in [("7", true), ("8", false), ("9", true), ("", false)] {
        assert_eq!(find(&pages, &reader, id, false).await, (there, 0), "{id}");
    }
}
