//! The header of the PROXY protocol, version 2, with which a balancer starts a connection: who connected to it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The most that may follow the fixed part: addresses and the balancer's own remarks, which are ignored.
const MAX_REST: usize = 4096;

/// Reads the header; `None` if the balancer speaks for itself, as in a health check, or of something without addresses.
///
/// # Errors
/// There is no such header, or the connection ends.
pub(crate) async fn read(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "no header of the PROXY protocol, version 2");
    let mut fixed = [0; 16];
    io.read_exact(&mut fixed).await?;
    let [signature @ .., version, family, high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if signature != SIGNATURE || length > MAX_REST {
        return Err(malformed());
    }
    let mut rest = vec![0; length];
    io.read_exact(&mut rest).await?;
    match (version, family) {
        (0x20, _) => Ok(None),
        (0x21, 0x11) => {
            let addresses = rest.first_chunk::<12>().ok_or_else(malformed)?;
            let [a, b, c, d, _, _, _, _, high, low, ..] = *addresses;
            Ok(Some((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into()))
        }
        (0x21, 0x21) => {
            let addresses = rest.first_chunk::<36>().ok_or_else(malformed)?;
            let source: [u8; 16] = *addresses.first_chunk().ok_or_else(malformed)?;
            Ok(Some((Ipv6Addr::from(source), u16::from_be_bytes([addresses[32], addresses[33]])).into()))
        }
        (0x21, _) => Ok(None),
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use crate::net::peers::proxy_protocol::*;

    fn header(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[version, family], &length, rest].concat()
    }

    async fn read_from(mut bytes: &[u8]) -> (Option<Option<SocketAddr>>, usize) {
        let read = read(&mut bytes).await.ok();
        (read, bytes.len())
    }

    #[tokio::test]
    async fn the_source_is_read_and_nothing_behind_the_header() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80];
        let mut v6 = [0; 36];
        (v6[0], v6[1], v6[15], v6[32], v6[33]) = (0x20, 0x01, 7, 0x30, 0x39);
        let remarks = [&v4[..], &[4, 0, 1, 9]].concat();
        for (bytes, expected) in [
            (header(0x21, 0x11, &v4), Some("192.0.2.7:12345")),
            (header(0x21, 0x11, &remarks), Some("192.0.2.7:12345")),
            (header(0x21, 0x21, &v6), Some("[2001::7]:12345")),
            (header(0x20, 0x00, &[]), None),
            (header(0x20, 0x11, &v4), None),
            (header(0x21, 0x00, &[]), None),
            (header(0x21, 0x31, &[0; 216]), None),
        ] {
            let bytes = [&bytes[..], b"GET / HTTP/1.1"].concat();
            assert_eq!(read_from(&bytes).await, (Some(expected.map(|text| text.parse().unwrap())), 14));
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80];
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n".to_vec(),
            header(0x11, 0x11, &v4),
            header(0x22, 0x11, &v4),
            header(0x21, 0x11, &v4[..11]),
            header(0x21, 0x21, &v4),
            header(0x21, 0x11, &[0; 4097]),
            header(0x21, 0x11, &v4)[..27].to_vec(),
            Vec::new(),
        ] {
            assert_eq!(read_from(&bytes).await.0, None, "{bytes:?}");
        }
    }
}
