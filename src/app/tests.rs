//! What the service of both listeners does with a panic, and with the bytes of a request.

use std::convert::Infallible;
use std::sync::Mutex;

use http::{HeaderValue, Uri};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tracing::subscriber::with_default;

use crate::app::*;
use crate::config::{Environment, load_text};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_response_to_a_panic_its_log_line_and_the_service_share_one_request_id() {
    for given in [&[][..], &["crm-1"], &["not valid"], &["two", "ids"]] {
        let (log, seen) = (Log::default(), Arc::new(Mutex::new(Vec::new())));
        let ids = Arc::clone(&seen);
        let service = service_fn(move |request: Request<()>| {
            ids.lock().unwrap().extend(request.headers().get_all(X_REQUEST_ID).iter().cloned());
            async { panic!("boom") as Result<Response<Full<Bytes>>, Infallible> }
        });
        let base: Base = Arc::new(|| Some("https://gateway.example".into()));
        let service = catch_panics(service, &base);
        let mut request = Request::get("/v1/edge?secret=1").body(()).unwrap();
        for id in given {
            request.headers_mut().append(X_REQUEST_ID, id.parse().unwrap());
        }
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = with_default(lines, || runtime.block_on(service.oneshot(request))).unwrap();
        let id = response.headers()[X_REQUEST_ID].clone();
        assert_eq!(*seen.lock().unwrap(), std::slice::from_ref(&id));
        assert_eq!(id == "crm-1", given == ["crm-1"]);
        let line: serde_json::Value = serde_json::from_slice(&log.0.lock().unwrap()).unwrap();
        assert_eq!(line["fields"]["request_id"], id.to_str().unwrap());
        assert_eq!(line["fields"]["path"], "/v1/edge");
        assert_eq!(line["fields"]["panic"], "boom");
        let body = runtime.block_on(response.into_body().collect()).unwrap().to_bytes();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["request_id"], id.to_str().unwrap());
        assert_eq!(problem["type"], "https://gateway.example/problems/internal");
    }
}

/// hyper reads a whole request into one buffer; its head and its body are slices of it.
#[tokio::test]
async fn no_part_of_the_request_stays_in_memory_while_the_vendor_is_called() {
    let vendor = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = format!(
        "[auth]\nmode = \"none\"\n[vendors.v]\ndialect = \"sondos\"\nbase_url = \"http://{}/api\"\n\
         token = {{ env = \"TOKEN\" }}\n",
        vendor.local_addr().unwrap()
    );
    let environment = Environment::default().with([("TOKEN".to_owned(), "1|token".to_owned())].into_iter());
    let settings = load_text(&text, &environment).unwrap();
    let gateway = Arc::new(ArcSwap::from_pointee(Gateway::build(settings, None, &Tasks::default()).unwrap()));
    let base: Base = Arc::new(|| None);
    let api = catch_panics(Api::new(gateway, Shutdown::new(), Telemetry::default(), None).service(), &base);

    let headers = [
        ("x-request-id", "crm-1"),
        ("content-type", "application/json"),
        ("prefer", "handling=lenient"),
        ("request-timeout", "20"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=b"),
        ("authorization", "Bearer nobody"),
    ];
    let (path, body) = ("/v1/assistants/v:789?dry_run=false", r#"{"name":"a name"}"#);
    let pieces: Vec<_> = headers.iter().map(|(_, value)| *value).chain([path, body]).collect();
    let buffer = Bytes::from(pieces.concat());
    let piece = |text: &str| {
        let at = pieces.concat().find(text).unwrap();
        buffer.slice(at..at + text.len())
    };
    let mut request = Request::put(Uri::from_maybe_shared(piece(path)).unwrap()).body(Full::new(piece(body))).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(name, HeaderValue::from_maybe_shared(piece(value)).unwrap());
    }
    assert!(!buffer.is_unique());

    let vendor = async {
        let (mut stream, _) = vendor.accept().await.unwrap();
        let mut received = Vec::new();
        while !received.ends_with(br#"{"assistant_name":"a name"}"#) {
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0);
        }
        assert!(buffer.is_unique(), "a slice is still held");
        let body =
            r#"{"message":"m","data":{"id":789,"name":"a name","status":"s","type":"inbound","mode":"pipeline"}}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).await.unwrap();
    };
    let (response, ()) = tokio::join!(api.oneshot(request), vendor);
    let response = response.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()[X_REQUEST_ID]), (200, &"crm-1".parse().unwrap()));
}
