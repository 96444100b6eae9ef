//! The HTML pages of `GET /problems` and `GET /problems/{code}`.

use super::code::{Code, Fault};

/// The page of one problem, as HTML without external resources.
pub fn problem_page(code: Code) -> String {
    let kind = code.kind();
    let fault = match kind.fault {
        Fault::Caller => "the caller",
        Fault::Gateway => "this gateway or its operators",
        Fault::Vendor => "the vendor",
    };
    let again = if kind.retryable { "may succeed later" } else { "will not help by itself" };
    page(
        kind.title,
        &format!(
            "<h1>{title}</h1>\n<p><code>{name}</code>, HTTP status {status}</p>\n\
             <h2>What it means</h2>\n<p>{when}</p>\n<h2>What to do</h2>\n<p>{remedy}</p>\n\
             <h2>Whose fault it is</h2>\n<p>That of {fault}. Sending the same request again {again}.</p>\n\
             <p><a href=\"/problems\">All problems</a></p>",
            title = kind.title,
            name = kind.name,
            status = kind.status.as_u16(),
            when = code_spans(kind.when),
            remedy = code_spans(kind.remedy),
        ),
    )
}

/// The table of all problems, as HTML.
pub fn problem_index() -> String {
    let rows: String = Code::ALL
        .iter()
        .map(|code| {
            let kind = code.kind();
            format!(
                "<tr><td><a href=\"/problems/{name}\"><code>{name}</code></a></td><td>{status}</td><td>{fault}</td><td>{when}</td></tr>\n",
                name = kind.name,
                status = kind.status.as_u16(),
                fault = kind.fault.as_str(),
                when = code_spans(kind.when),
            )
        })
        .collect();
    page(
        "Problems",
        &format!(
            "<h1>Problems</h1>\n<table>\n<tr><th>code</th><th>status</th><th>fault</th><th>when</th></tr>\n{rows}</table>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Switchboard</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;margin:0;color:#1c1c1e;background:#fff}\
    main{max-width:50rem;margin:3rem auto;padding:0 1.25rem}code{font:.9em ui-monospace,monospace;background:#f2f2f5;\
    padding:.1em .3em;border-radius:.25em}table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;\
    padding:.4rem .8rem .4rem 0;border-bottom:1px solid #ddd}a{color:#0a58ca}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#161618}code{background:#2a2a2e}td,th{border-color:#333}a{color:#7ab0ff}}";

/// Escapes HTML and turns backticks into code spans.
pub fn code_spans(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let spans = escaped.split('`').enumerate().map(|(index, part)| match index % 2 {
        1 => format!("<code>{part}</code>"),
        _ => part.to_owned(),
    });
    spans.collect()
}
