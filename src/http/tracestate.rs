//! W3C `tracestate`: what other tracing systems add to a trace. The spans keep it, within limits; vendors do not get it.

use http::{HeaderMap, HeaderName};

/// The header that carries it.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How much is kept, in characters.
const MAX_LEN: usize = 512;
/// The most members of a list.
const MAX_MEMBERS: usize = 32;
/// The length limit of a key, and of a value.
const MAX_PART_LEN: usize = 256;

/// The members of all `tracestate` headers as one list. Members at the end, which are the oldest, are dropped if they
/// do not fit. As the recommendation requires, the list is empty if one member is malformed.
pub fn tracestate(headers: &HeaderMap) -> String {
    let mut list = String::new();
    let (mut members, mut room) = (0, true);
    for value in headers.get_all(TRACESTATE) {
        let Ok(text) = value.to_str() else { return String::new() };
        for member in text.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty())
        {
            members += 1;
            if members > MAX_MEMBERS || !is_member(member) {
                return String::new();
            }
            let comma = usize::from(!list.is_empty());
            room = room && list.len() + comma + member.len() <= MAX_LEN;
            if room {
                list.push_str(&","[..comma]);
                list.push_str(member);
            }
        }
    }
    list
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let in_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let in_value = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    let fits = |part: &str| (1..=MAX_PART_LEN).contains(&part.len());
    fits(key) && key.bytes().all(in_key) && fits(value) && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use crate::http::tracestate::*;

    fn read(values: &[&[u8]]) -> String {
        let values = values.iter().map(|value| (TRACESTATE, HeaderValue::from_bytes(value).unwrap()));
        tracestate(&HeaderMap::from_iter(values.collect::<Vec<_>>()))
    }

    #[test]
    fn all_headers_make_one_list() {
        assert_eq!(read(&[]), "");
        assert_eq!(read(&[b" a=1 , b@c= 2,,", b"", b"d-*/_9=x:y;z"]), "a=1,b@c= 2,d-*/_9=x:y;z");
    }

    #[test]
    fn a_list_with_a_malformed_member_is_dropped() {
        let long = format!("a={}", "x".repeat(257));
        let many = "a=1,".repeat(33);
        for bad in ["a", "=1", "a=", "A=1", "a b=1", "a=1=2", "a=b\tc", "a=1,b", &long, &many] {
            assert_eq!(read(&[b"z=1", bad.as_bytes()]), "", "{bad}");
        }
        assert_eq!(read(&["a=ü".as_bytes()]), "");
    }

    #[test]
    fn the_oldest_members_are_dropped_first() {
        let members: Vec<_> = (0..32).map(|number| format!("k{number:02}={}", "x".repeat(60))).collect();
        let kept = read(&[members.join(",").as_bytes()]);
        assert_eq!(kept, members[..7].join(","));
        assert!(kept.len() <= MAX_LEN);
        let whole = format!("a={}", "x".repeat(256)) + "," + &format!("b={}", "x".repeat(251));
        assert_eq!((whole.len(), read(&[whole.as_bytes()])), (MAX_LEN, whole.clone()));
        assert_eq!(read(&[whole.as_bytes(), b"c=1"]), whole);
    }
}
