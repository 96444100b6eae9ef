//! A disk that fills up while the gateway runs: what needs the store is refused, everything else goes on, and nothing is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::tempdir;

use crate::gateway::{Gateway, Setup, name, path};
use crate::states::{whole, written};
use crate::support::{PATIENCE, eventually};
use crate::vendor::{Answer, Gate, Vendor};

const KEY: (&str, &str) = ("idempotency-key", "a");

/// A file system of a few megabytes in memory; `None` where nobody may mount one.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    /// Takes all space that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        for piece in [64 * 1024, 4096, 512, 1] {
            while std::io::Write::write_all(&mut file, &vec![0; piece]).is_ok() {}
        }
        path
    }

    /// The same until a gateway can store nothing any more. Rows for the journal use up what room its log has inside its file.
    async fn fill_under(&self, gateway: &Gateway) -> PathBuf {
        let filler = self.fill();
        eventually(PATIENCE, async || {
            let body = "{\"name\":\"n0\",\"system_prompt\":\"P\"}".replace('P', &"p".repeat(20_000));
            let reply = gateway.put(2, &[("prefer", "respond-async")], &body).await;
            (reply.status == 503).then_some(())
        })
        .await;
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg::<&Path>(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_what_needs_the_store_and_nothing_else_until_there_is_space() {
    let vendor = Vendor::start().await;
    let home = tempdir().unwrap();
    let Some(disk) = Disk::mount(home.path().join("data")) else {
        eprintln!("skipped: only root may mount a small file system");
        return;
    };
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start_in(home, &setup, "").await;
    let before = gateway.put(1, &[KEY], &name(1)).await;
    assert_eq!(before.status, 200, "{before:?}");
    let filler = disk.fill();
    let asynchronous = [("prefer", "respond-async")];
    // The log of the database may have some room left inside its file.
    eventually(PATIENCE, async || {
        let reply = gateway
            .put(2, &asynchronous, &"{\"name\":\"n0\",\"system_prompt\":\"P\"}".replace('P', &"p".repeat(20_000)))
            .await;
        if reply.status == 202 {
            return None;
        }
        let problem = reply.problem("store_unavailable");
        assert_eq!((reply.status.as_u16(), &problem["retryable"]), (503, &true.into()), "{problem:#}");
        Some(())
    })
    .await;
    let keyed = gateway.put(3, &[("idempotency-key", "b")], &name(1)).await;
    keyed.problem("store_unavailable");
    assert!(!vendor.numbers(3).contains(&1));
    for number in 1..=20 {
        let plain = gateway.put(4, &[("x-request-id", &format!("plain-{number}"))], &name(number)).await;
        assert_eq!(plain.status, 200, "{plain:?}");
    }
    assert_eq!(gateway.get("/v1/updates?assistant=sondos:1").await.status, 200);
    let again = gateway.put(1, &[KEY], &name(1)).await;
    assert_eq!((again.status, &again.body), (before.status, &before.body), "{again:?}");
    fs::remove_file(filler).unwrap();
    let update = eventually(PATIENCE, async || {
        let reply = gateway.put(2, &asynchronous, &name(7)).await;
        (reply.status == 202).then(|| reply.json()["update"].as_str().unwrap().to_owned())
    })
    .await;
    assert_eq!(gateway.end_state(&update).await, "applied");
    assert_eq!(gateway.put(3, &[("idempotency-key", "b")], &name(1)).await.status, 200);
    for number in 1..=20 {
        whole(&written(&gateway, &format!("plain-{number}")).await, "applied");
    }
    let home = gateway.killed().await;
    let gateway = Gateway::start_in(home, &setup, "").await;
    assert_eq!(gateway.record(&update).await["state"], "applied");
    gateway.stopped().await;
    drop(disk);
}

/// A change whose end cannot be stored: its caller is told the truth at once, and the end is stored later.
#[tokio::test]
async fn a_caller_does_not_wait_for_a_disk_that_filled_up_meanwhile() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let home = tempdir().unwrap();
    let Some(disk) = Disk::mount(home.path().join("data")) else {
        eprintln!("skipped: only root may mount a small file system");
        return;
    };
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start_in(home, &setup, "").await;
    let first = name(1);
    let call = gateway.put(1, &[KEY], &first);
    let fills = async {
        vendor.arrived(1).await;
        let filler = disk.fill_under(&gateway).await;
        gate.open();
        filler
    };
    let (answered, filler) = futures_util::future::join(call, fills).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    fs::remove_file(filler).unwrap();
    let again = eventually(PATIENCE, async || {
        let reply = gateway.put(1, &[KEY], &name(1)).await;
        (reply.status != 409).then_some(reply)
    })
    .await;
    assert_eq!((again.status, &again.body), (answered.status, &answered.body), "{again:?}");
    assert_eq!(vendor.numbers(1), [1]);
    gateway.stopped().await;
    drop(disk);
}

/// The end of a change cannot be stored, and the process drains: the next process will send it again, so nothing newer goes first. Its
/// caller is told so at once.
#[tokio::test]
async fn a_drain_while_the_disk_is_full_sends_nothing_that_the_next_process_would_overwrite() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let home = tempdir().unwrap();
    let Some(disk) = Disk::mount(home.path().join("data")) else {
        eprintln!("skipped: only root may mount a small file system");
        return;
    };
    let setup = Setup::new(&vendor).more("[server]\nrequest_timeout = \"60s\"\ndrain_timeout = \"60s\"");
    let gateway = Gateway::start_in(home, &setup, "").await;
    let (first, second) = (name(1), name(2));
    let fills = async {
        vendor.arrived(1).await;
        let filler = disk.fill_under(&gateway).await;
        gate.open();
        filler
    };
    let (answered, filler) = futures_util::future::join(gateway.put(1, &[KEY], &first), fills).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let drains = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await; // until the newer one waits for its turn
        gateway.process.signal("TERM");
    };
    let newer = path(1);
    let newer = gateway.try_call(http::Method::PUT, &newer, &[], &second);
    let (newer, ()) = futures_util::future::join(newer, drains).await;
    let newer = newer.unwrap();
    let problem = newer.problem("overloaded");
    assert_eq!((newer.status.as_u16(), &problem["outcome"]), (503, &"not_applied".into()), "{problem:#}");
    let _says_that_something_was_not_stored = gateway.process.ended().await;
    let home = gateway.home;
    assert_eq!(vendor.numbers(1), [1]);
    fs::remove_file(filler).unwrap();
    let gateway = Gateway::start_in(home, &setup, "").await;
    eventually(PATIENCE, async || (vendor.numbers(1) == [1, 1]).then_some(())).await;
    let again = gateway.put(1, &[KEY], &first).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, Some("true")), "{again:?}");
    gateway.stopped().await;
    drop(disk);
}
