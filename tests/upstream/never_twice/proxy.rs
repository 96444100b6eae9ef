//! A proxy that ends a connection at a given byte of what it passes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::vendor::reset;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    Vendor,
    Gateway,
}

/// Where the next connection ends: after so many bytes in that direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) towards: Towards,
    pub(super) at: usize,
    /// By RST instead of FIN.
    pub(super) reset: bool,
}

#[derive(Clone, Default)]
pub(super) struct Proxy {
    pub(super) port: u16,
    next: Arc<Mutex<Option<Cut>>>,
    /// Bytes passed on towards the vendor and towards the gateway, by all connections.
    passed: Arc<[AtomicUsize; 2]>,
}

impl Proxy {
    pub(super) async fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let accepting = proxy.clone();
        TaskTracker::new().spawn(async move {
            let relaying = TaskTracker::new();
            while let Ok((client, _)) = listener.accept().await {
                let cut = accepting.next.lock().unwrap().take();
                let proxy = accepting.clone();
                relaying.spawn(async move { proxy.relay(client, target, cut).await });
            }
        });
        proxy
    }

    /// Ends the next connection there; those after it are passed on whole.
    pub(super) fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    /// How many bytes all connections so far have passed on in that direction.
    pub(super) fn passed(&self, towards: Towards) -> usize {
        self.passed[towards as usize].load(Ordering::SeqCst)
    }

    async fn relay(&self, mut client: TcpStream, target: u16, cut: Option<Cut>) {
        let mut vendor = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
        vendor.set_nodelay(true).unwrap();
        client.set_nodelay(true).unwrap();
        let mut left = [Towards::Vendor, Towards::Gateway].map(|towards| match cut {
            Some(cut) if cut.towards == towards => cut.at,
            _ => usize::MAX,
        });
        let (mut outgoing, mut incoming) = ([0; 4096], [0; 4096]);
        while left[0] > 0 {
            let (read, towards) = tokio::select! {
                read = client.read(&mut outgoing) => (read, Towards::Vendor),
                read = vendor.read(&mut incoming) => (read, Towards::Gateway),
            };
            let (to, bytes) = match towards {
                Towards::Vendor => (&mut vendor, &outgoing),
                Towards::Gateway => (&mut client, &incoming),
            };
            let Ok(length @ 1..) = read else { break };
            let passed = length.min(left[towards as usize]);
            left[towards as usize] -= passed;
            self.passed[towards as usize].fetch_add(passed, Ordering::SeqCst);
            if to.write_all(&bytes[..passed]).await.is_err() || left[towards as usize] == 0 {
                break;
            }
        }
        if cut.is_some_and(|cut| cut.reset) {
            reset(client);
        }
    }
}
