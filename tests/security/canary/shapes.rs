//! The shapes of answers in which a vendor may repeat what it was sent.

use super::secret::base64;

/// How a text may be written.
pub(crate) const FORMS: [fn(&str) -> String; 13] = [
    |text| text.to_owned(),
    |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
    |text| text.bytes().map(|byte| format!("%25{byte:02x}")).collect(),
    |text| text.replace('|', "%7C").replace('+', "%2b").replace('/', "%2F").replace('~', "%7e"),
    |text| text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    |text| text.bytes().map(|byte| format!("{byte:02X}")).collect(),
    |text| base64(text.as_bytes()),
    |text| base64(format!("x{text}").as_bytes()),
    |text| base64(format!("xy{text}").as_bytes()).replace('+', "-").replace('/', "_").replace('=', ""),
    |text| text.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
    |text| text.replace('/', "\\/").replace('|', "\\u007C"),
    |text| text.bytes().map(|byte| format!("&#{byte};")).collect(),
    |text| base64(text.as_bytes()).bytes().map(|byte| format!("%{byte:02x}")).collect(),
];

/// Where in an answer a text may stand; each makes the whole answer.
pub(crate) const PLACES: [fn(&str) -> Vec<u8>; 38] = [
    |text| {
        ok(&format!(r#"{{"message":{0},"data":{{"id":1,"name":{0},"status":{0},"type":{0},"mode":{0}}}}}"#, json(text)))
    },
    |text| ok(&format!(r#"{{"message":"fine","data":{{"id":{0},"name":"x"}}}}"#, json(text))),
    |text| ok(&format!(r#"{{"message":{0},"data":{{"id":1}}}}"#, json(&padded(text, 900)))),
    |text| ok(&format!(r#"{{"message":"fine","data":{{"id":1,"name":{0}}}}}"#, json(&padded(text, 5000)))),
    |text| ok(&format!(r#"{{"message":{0},"errors":{{"name":[{0}]}}}}"#, json(text))),
    |text| ok(&format!(r#"{{"success":false,"message":{0}}}"#, json(text))),
    |text| ok(&format!(r#"{{"error":{0}}}"#, json(text))),
    |text| ok(&format!(r#"{{"answer":{0}}}"#, json(text))),
    |text| ok(&format!(r#"{{"data":{{"id":1}},"message":{0}"#, json(text))),
    |text| ok(&format!("<html><body>{text}</body></html>")),
    |text| ok(text),
    |text| answer("200 OK", &format!("x-echo: {text}\r\nset-cookie: token={text}\r\n"), r#"{"data":{"id":1}}"#),
    |text| answer("301 Moved Permanently", &format!("location: http://other.example/{text}\r\n"), text),
    |text| problem("400 Bad Request", text),
    |text| problem("401 Unauthorized", text),
    |text| problem("402 Payment Required", text),
    |text| problem("403 Forbidden", text),
    |text| problem("404 Not Found", text),
    |text| problem("418 I'm a teapot", text),
    |text| problem("422 Unprocessable Content", text),
    |text| answer("422 Unprocessable Content", "", &format!(r#"{{"message":{0},"errors":{{{0}:[{0}]}}}}"#, json(text))),
    |text| {
        answer(
            "422 Unprocessable Content",
            "",
            &format!(r#"{{"errors":{{"name.{1}":{{{0}:[{0}]}}}}}}"#, json(text), inner(text)),
        )
    },
    |text| answer("422 Unprocessable Content", "", &format!(r#"{{"errors":[{0},[{0}],{{"x":{0}}}]}}"#, json(text))),
    |text| {
        answer("422 Unprocessable Content", "", &format!(r#"{{"errors":{0},"error":{{"message":{0}}}}}"#, json(text)))
    },
    |text| {
        answer(
            "422 Unprocessable Content",
            "",
            &format!(r#"{{"errors":{{"name":[{0},{1}]}}}}"#, json(&padded(text, 950)), json(&padded(text, 1000))),
        )
    },
    |text| {
        answer(
            "429 Too Many Requests",
            &format!("retry-after: {text}\r\n"),
            &format!(r#"{{"message":{0},"retry_after":{0}}}"#, json(text)),
        )
    },
    |text| problem("500 Internal Server Error", text),
    |text| answer("500 Internal Server Error", "content-type: text/html\r\n", &format!("<pre>{text}</pre>")),
    |text| problem("502 Bad Gateway", text),
    |text| problem("503 Service Unavailable", text),
    |text| problem("504 Gateway Timeout", text),
    |text| format!("HTTP/1.1 200 {text}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
    |text| format!("HTTP/9.9 {text}\r\n\r\n").into_bytes(),
    |text| format!("{text}\r\n{text}\r\n\r\n").into_bytes(),
    |text| format!("HTTP/1.1 200 OK\r\n{text}: {text}\r\ncontent-length: {text}\r\n\r\n").into_bytes(),
    |text| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{text}\r\n{text}").into_bytes(),
    |text| format!("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{text}").into_bytes(),
    |text| format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", text.repeat(3000)).into_bytes(),
];

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "content-type: application/json\r\n", body)
}

fn problem(status: &str, text: &str) -> Vec<u8> {
    answer(status, "", &format!(r#"{{"message":{0},"error":{{"message":{0}}},"exception":{0}}}"#, json(text)))
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn inner(text: &str) -> String {
    json(text).trim_matches('"').to_owned()
}

/// So long that the place where long texts are cut lies somewhere in `text`, each time at another place.
fn padded(text: &str, at: usize) -> String {
    let shift = text.len() % 40;
    format!("{}{}", ".".repeat(at + shift), text.repeat(3))
}
