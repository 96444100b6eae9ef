//! Decides whether a request wants JSON, as the vendor's framework does: by the preferred type in `Accept`.

/// Whether the preferred type of this `Accept` header is JSON; `false` without the header.
pub(crate) fn wants_json(accept: Option<&str>) -> bool {
    let mut preferred: Option<(f32, &str)> = None;
    for item in accept.unwrap_or_default().split(',') {
        let mut parts = item.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        if preferred.is_none_or(|(best, _)| quality > best) {
            preferred = Some((quality, kind));
        }
    }
    preferred.is_some_and(|(_, kind)| is_json(kind))
}

/// Whether the framework treats a media type as JSON.
pub(crate) fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind.contains("/json") || kind.contains("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_preferred_type_counts() {
        for accept in
            ["application/json", "application/json, text/html", "text/html;q=0.5, application/problem+json;q=0.9"]
        {
            assert!(wants_json(Some(accept)), "{accept}");
        }
        for accept in ["*/*", "text/html, application/json", "application/json;q=0.1, text/html", ""] {
            assert!(!wants_json(Some(accept)), "{accept}");
        }
        assert!(!wants_json(None));
    }
}
