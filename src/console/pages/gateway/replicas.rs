//! Replicas: the gateways that share the store, and which of them this is.

use maud::{Markup, html};

use crate::admin::documents::replicas::{ReplicaView, replicas};
use crate::console::parts::{self, Tone};
use crate::console::routes::Made;
use crate::console::visit::Visit;
use crate::problem::Code;

pub(in crate::console) fn show(visit: &Visit) -> Made<'_, Markup> {
    Box::pin(async move {
        match replicas(&visit.operator) {
            Ok(view) => Ok(parts::live(visit, &content(&view))),
            Err(problem) if problem.code == Code::StoreRequired => Ok(alone(&problem.detail)),
            Err(problem) => Err(problem),
        }
    })
}

fn alone(why: &str) -> Markup {
    html! {
        p { "This gateway works alone: " (parts::code_spans(why)) "." }
        (parts::empty(
            "No other gateway is known here",
            parts::code_spans("Gateways that share one PostgreSQL show each other: set `[store]` with `kind = \"postgres\"` and `[store.postgres]` with the same `url` at each, and restart them."),
        ))
    }
}

fn content(view: &ReplicaView) -> Markup {
    let own = view.replicas.iter().find(|member| member.is_self);
    html! {
        dl.figures {
            (parts::figure("this gateway", html! { code data-id=(view.id) { (own.map_or(&*view.id, |own| &*own.name)) } }))
            (parts::figure("its session", match view.fresh {
                true => parts::badge(Tone::Good, "fresh"),
                false => parts::badge(Tone::Bad, "lost: sends nothing until it has a new one"),
            }))
            (parts::figure("may begin attempts for", format!("{:.1} s", view.fresh_seconds)))
            (parts::figure("store silent for", format!("{:.1} s", view.silent_seconds)))
            (parts::figure("leads", if view.leads { "yes: callbacks and sweeping" } else { "no" }))
            (parts::figure("gateways removed", view.removed))
            (parts::figure("assistants taken over", view.adopted))
            (parts::figure("sessions lost", view.sessions_lost))
        }
        @if view.replicas.len() < 2 {
            p.hint { "It knows only itself. Another gateway that should stand here uses another database, or does not run." }
        }
        (parts::table(
            "Gateways that share the store",
            "Gateways that share the store, as of this one's last beat",
            &["gateway", "version", "#assistants it delivers for", "since", "#last beat", "id"],
            &html! {
                @for member in &view.replicas {
                    tr {
                        th scope="row" { (member.name) @if member.is_self { " " (parts::badge(Tone::Plain, "this one")) } }
                        td { (member.version) }
                        td.number { (member.assistants) }
                        td.nowrap { time datetime=(member.joined_at) { (member.joined_at) } }
                        td.number { (format!("{:.1} s ago", member.silent_seconds)) }
                        td { code data-id=(member.id) { (member.id) } }
                    }
                }
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::api::MemberView;
    use crate::console::pages::gateway::replicas::*;

    #[test]
    fn it_says_which_gateway_this_is_and_names_are_escaped() {
        let member = |id: &str, name: &str, is_self| MemberView {
            id: id.to_owned(),
            is_self,
            name: name.to_owned(),
            version: "1".to_owned(),
            assistants: 3,
            joined_at: "2026-01-02T03:04:05Z".to_owned(),
            silent_seconds: 0.4,
        };
        let view = ReplicaView {
            id: "a".to_owned(),
            fresh: false,
            fresh_seconds: 0.0,
            silent_seconds: 9.0,
            leads: false,
            removed: 0,
            adopted: 0,
            sessions_lost: 1,
            replicas: vec![member("b", "<script>", false), member("a", "here", true)],
        };
        let page = content(&view).into_string();
        assert!(page.contains(r#"<code data-id="a">here</code>"#) && page.contains("&lt;script&gt;"), "{page}");
        assert!(
            !page.contains("<script>") && page.contains("sends nothing") && !page.contains("only itself"),
            "{page}"
        );
    }
}
