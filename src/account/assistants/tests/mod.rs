//! The list against a vendor on loopback that counts what it is asked.

mod copying;
mod walking;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::account::Token;
use crate::account::assistants::{Asked, AssistantPages, ListFailure, ListReader, Page, Walk};
use crate::upstream::{
    BreakerSettings, RetrySettings, Stack, StackSettings, Tasks, TlsRoots, VendorRequest, VendorTls,
};

/// What the vendor sends for a page.
enum Answer {
    Json(String),
    /// The same once there is a permit.
    Held(Arc<Semaphore>, String),
    /// The head of a response that is longer than is read.
    TooLong,
    /// The connection ends without a response.
    Nothing,
}

/// The vendor as its tests see it.
struct Vendor {
    /// What was asked for: the number of the page, and how many assistants on it.
    asked: Mutex<Vec<(usize, usize)>>,
    arrived: Semaphore,
    /// Connections that have ended.
    closed: Semaphore,
    writes: AtomicUsize,
    base_url: http::Uri,
    tasks: Tasks,
}

impl Vendor {
    async fn start(answer: impl Fn(usize, usize) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let vendor = Arc::new(Self {
            asked: Mutex::default(),
            arrived: Semaphore::new(0),
            closed: Semaphore::new(0),
            writes: AtomicUsize::new(0),
            base_url: format!("http://{}", listener.local_addr().unwrap()).parse().unwrap(),
            tasks: Tasks::default(),
        });
        let (serving, answer) = (Arc::clone(&vendor), Arc::new(answer));
        vendor.tasks.connections.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (vendor, answer) = (Arc::clone(&serving), Arc::clone(&answer));
                serving.tasks.connections.spawn(async move {
                    vendor.serve(stream, &*answer).await;
                    vendor.closed.add_permits(1);
                });
            }
        });
        vendor
    }

    async fn serve(&self, mut stream: TcpStream, answer: &(dyn Fn(usize, usize) -> Answer + Send + Sync)) {
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&buffer[..count]);
            let Some(target) = head.split(' ').nth(1) else { return };
            let number = |name: &str| target.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.parse().ok());
            let reply = match (number("page="), number("per_page=")) {
                (Some(page), Some(per_page)) => {
                    self.asked.lock().unwrap().push((page, per_page));
                    self.arrived.add_permits(1);
                    answer(page, per_page)
                }
                _ => {
                    self.writes.fetch_add(1, Ordering::SeqCst);
                    Answer::Json("{}".to_owned())
                }
            };
            let body = match reply {
                Answer::Json(body) => body,
                Answer::Held(gate, body) => {
                    tokio::select! {
                        permit = gate.acquire() => permit.unwrap().forget(),
                        _ = stream.read(&mut buffer) => return,
                    }
                    body
                }
                Answer::TooLong => {
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{{", 9 << 20);
                    let _ = stream.write_all(head.as_bytes()).await;
                    return;
                }
                Answer::Nothing => return,
            };
            let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// A reader of an account with this name.
    fn reader(&self, name: &str) -> ListReader {
        let second = Duration::from_secs(1);
        let settings = StackSettings {
            name: name.into(),
            base_url: self.base_url.clone(),
            timeout: 20 * second,
            connect_timeout: 10 * second,
            max_connection_age: 900 * second,
            max_in_flight: 64,
            max_waiting: 64,
            settle_after_unknown: second,
            rate_limit: None,
            retry: RetrySettings { max_attempts: 1, backoff: second, max_backoff: second },
            breaker: BreakerSettings { failure_ratio: 1.0, min_requests: 100, window: second, open_for: second },
            tls: TlsRoots::default().client(false, &VendorTls::default()).unwrap(),
            server_name: None,
        };
        ListReader {
            dialect: vendors::registry::dialect("autocalls").unwrap(),
            stack: Arc::new(Stack::new(&settings, &self.tasks)),
            headers: HeaderMap::new(),
            drift: Arc::default(),
            token: Token::new(vendors::Auth::Bearer, "1|abc").unwrap(),
        }
    }

    /// What was asked for since the last call.
    fn asked(&self) -> Vec<(usize, usize)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    async fn has_been_asked(&self, times: u32) {
        self.arrived.acquire_many(times).await.unwrap().forget();
    }
}

/// An update of an assistant through this account.
async fn write(reader: &ListReader) {
    let uri = reader.stack.uri("/assistant/1").unwrap();
    let mut request = VendorRequest::new(Method::PUT, uri, deadline());
    request.key = Some("1".into());
    reader.stack.update(request).await.unwrap();
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn kept_for(seconds: u64) -> Arc<AssistantPages> {
    AssistantPages::new(Duration::from_secs(seconds))
}

/// A page of a list with these ids, each entry with so many bytes more.
fn paginated(ids: &[u64], page: usize, per_page: usize, more: usize) -> String {
    let (last, more) = (ids.len().div_ceil(per_page).max(1), "x".repeat(more));
    let entries = ids.iter().skip((page - 1) * per_page).take(per_page);
    let entries: Vec<_> = entries.map(|id| format!("{{\"id\":{id},\"name\":\"{more}\"}}")).collect();
    format!(
        "{{\"current_page\":{page},\"data\":[{}],\"last_page\":{last},\"per_page\":{per_page},\"total\":{}}}",
        entries.join(","),
        ids.len()
    )
}

/// A vendor with the assistants 1 to `count`.
async fn counted(count: u64) -> Arc<Vendor> {
    let ids: Vec<u64> = (1..=count).collect();
    Vendor::start(move |page, per_page| Answer::Json(paginated(&ids, page, per_page, 0))).await
}

/// The ids that a list shows, and the attempts that it took.
async fn list(pages: &Arc<AssistantPages>, reader: &ListReader, fresh: bool) -> Result<(Vec<u64>, u32), ListFailure> {
    let mut walk = Walk::new(pages, reader, fresh, deadline())?;
    let mut ids = Vec::new();
    while let Some(page) = walk.next().await? {
        for listed in page.read(reader.dialect).unwrap().assistants {
            if walk.is_new(&listed.id) {
                ids.push(listed.id.parse().unwrap());
            }
        }
    }
    Ok((ids, walk.attempts))
}

/// Whether the list holds the assistant, and the attempts that it took to find out.
async fn find(pages: &Arc<AssistantPages>, reader: &ListReader, id: &str, fresh: bool) -> (bool, u32) {
    let mut walk = Walk::new(pages, reader, fresh, deadline()).unwrap();
    let found = walk.find(id, |_: &Arc<Page>, listed| assert_eq!(listed.id, id)).await.unwrap();
    (found.is_some(), walk.attempts)
}

fn range(range: Range<u64>) -> Vec<u64> {
    range.collect()
}
