//! The files that pages load, under addresses with a digest, so that browsers may keep them for ever.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest, Sha256};

use crate::admin::FullResponse;

/// One file.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $type:literal) => {
        Asset { name: $name, media_type: $type, bytes: include_bytes!(concat!("../../assets/console/", $name)) }
    };
}

static ASSETS: [Asset; 5] = [
    asset!("console.css", "text/css; charset=utf-8"),
    asset!("console.js", "text/javascript; charset=utf-8"),
    asset!("htmx.min.js", "text/javascript; charset=utf-8"),
    asset!("idiomorph-ext.min.js", "text/javascript; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
];

/// A file as it is served.
struct Served {
    address: String,
    compressed: Bytes,
}

static SERVED: LazyLock<Vec<Served>> = LazyLock::new(|| ASSETS.iter().map(Asset::served).collect());

impl Asset {
    fn served(&self) -> Served {
        let mut address = "assets/".to_owned();
        let digest = Sha256::digest(self.bytes);
        let written = digest.iter().take(6).try_for_each(|byte| write!(address, "{byte:02x}"));
        debug_assert!(written.is_ok());
        address.push('-');
        address.push_str(self.name);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let compressed = encoder.write_all(self.bytes).and_then(|()| encoder.finish());
        Served { address, compressed: compressed.unwrap_or_default().into() }
    }
}

/// The relative address of a file; empty if there is none of this name.
pub(super) fn address(name: &str) -> &'static str {
    let all = ASSETS.iter().zip(SERVED.iter());
    all.filter(|(asset, _)| asset.name == name).map(|(_, served)| &*served.address).next().unwrap_or_default()
}

/// A file, by what follows `assets/`.
pub(super) fn serve(name: &str, head: &Parts) -> FullResponse {
    let mut all = ASSETS.iter().zip(SERVED.iter());
    let is = |served: &Served| served.address.strip_prefix("assets/") == Some(name);
    let Some((asset, served)) = all.find(|(_, served)| is(served)) else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let accepted = head.headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let takes_gzip = accepted.flat_map(|value| value.split(',')).any(is_gzip);
    let is_compressed = takes_gzip && !served.compressed.is_empty();
    let bytes = if is_compressed { served.compressed.clone() } else { Bytes::from_static(asset.bytes) };
    let mut response = Response::new(Full::from(bytes));
    let headers = response.headers_mut();
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

/// Whether an element of `Accept-Encoding` is gzip with a weight above zero.
fn is_gzip(element: &str) -> bool {
    let (coding, weight) = element.split_once(';').unwrap_or((element, ""));
    let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), |weight| weight.trim().parse::<f32>());
    coding.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use crate::console::assets::*;

    /// Files of others are as they were published, and named with their version, licence and origin.
    #[test]
    fn files_of_others_are_unchanged() {
        let list = include_str!("../../assets/console/VENDORED.toml");
        let listed: Vec<_> = list.split("[[file]]").skip(1).collect();
        let of_others: Vec<_> = ASSETS.iter().filter(|asset| asset.name.contains(".min.")).collect();
        let others = ASSETS.iter().filter(|asset| asset.name.contains("idiomorph") || asset.name.contains("htmx"));
        assert_eq!(others.count(), listed.len());
        for file in listed {
            let line = |key: &str| file.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
            let text = |key: &str| line(key).unwrap().trim_end_matches('"');
            let asset = of_others.iter().find(|asset| asset.name == text("name")).unwrap();
            assert_eq!(hex::encode(Sha256::digest(asset.bytes)), text("sha256"), "{}", asset.name);
            assert!(text("origin").contains(text("version")) && !text("licence").is_empty());
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_accept_it() {
        for accepted in ["gzip", " gzip;q=0.5", "GZIP; q=1"] {
            assert!(is_gzip(accepted), "{accepted}");
        }
        for other in ["", "br", "gzip;q=0", "gzip; q=0.0", "gzip;q=x", "gzipped"] {
            assert!(!is_gzip(other), "{other}");
        }
    }

    #[test]
    fn all_files_together_are_small() {
        let bytes: usize = SERVED.iter().map(|served| served.compressed.len()).sum();
        assert!(bytes < 60_000, "{bytes} bytes compressed");
    }
}
