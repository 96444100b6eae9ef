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
                "<tr><td><a href=\"/problems/{name}\"><code>{name}</code></a></td><td>{status}</td><td>{fault}</td><td class=\"long\">{when}</td></tr>\n",
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
            "<h1>Problems</h1>\n<div class=\"table\" role=\"region\" aria-label=\"Problems\" tabindex=\"0\">\n<table>\n\
             <tr><th>code</th><th>status</th><th>fault</th><th>when</th></tr>\n{rows}</table>\n</div>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Switchboard</title>\n<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/docs.css\">\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

/// Escapes HTML and turns backticks into code spans.
pub fn code_spans(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let spans = escaped.split('`').enumerate().map(|(index, part)| match index % 2 {
        1 => format!("<code>{part}</code>"),
        _ => part.to_owned(),
    });
    spans.collect()
}
