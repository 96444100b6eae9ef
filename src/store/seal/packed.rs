//! Answers as bytes that are sealed as one.

use bytes::Bytes;

use crate::store::record::Answer;

/// The length of the head, the head as JSON, and the body's bytes if there is one.
pub(in crate::store) fn pack(answer: &Answer) -> Result<Vec<u8>, String> {
    let head = serde_json::to_vec(&(answer.status, &answer.headers, answer.body.is_some()));
    let head = head.map_err(|error| error.to_string())?;
    let len = u32::try_from(head.len()).map_err(|_| "the headers of an answer are too long".to_owned())?;
    let body = answer.body.as_deref().unwrap_or_default();
    Ok([&len.to_be_bytes(), head.as_slice(), body].concat())
}

/// The answer of such bytes; `None` if they have another form.
pub(in crate::store) fn unpack(bytes: &Bytes) -> Option<Answer> {
    let (len, _) = bytes.split_first_chunk::<4>()?;
    let end = usize::try_from(u32::from_be_bytes(*len)).ok()?.checked_add(4)?;
    let (status, headers, has_body): (u16, Vec<(String, String)>, bool) =
        serde_json::from_slice(bytes.get(4..end)?).ok()?;
    Some(Answer { status, headers, body: has_body.then(|| bytes.slice(end..)) })
}
