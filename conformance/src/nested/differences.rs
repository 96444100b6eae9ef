//! Where two documents of an assistant differ.

use vendors::json::{Kind, Limits, Value, push_string, read_value};
use vendors::{Dialect, Plan, Step};

use super::Document;

/// The dotted paths at which `after` has another value than `before`, without those that change by themselves. The order of
/// an array does not matter where an update writes some of its elements beside others.
pub(super) fn changed(before: Value<'_>, after: Value<'_>, dialect: &Dialect) -> Vec<String> {
    let mut walk = Walk { dialect, partial: false, path: Vec::new(), found: Vec::new() };
    walk.objects(before, after);
    walk.found
}

/// The dotted paths at which a write sends another value than is stored. What it does not send stays as it is.
pub(super) fn would_change(dialect: &Dialect, step: &Step, stored: &Document) -> Vec<String> {
    let objects = dialect.plan.map_or(&[][..], |plan| plan.objects);
    let object = objects.iter().find(|object| object.title == step.title);
    let (Some(object), Some(stored)) = (object, stored.value()) else { return Vec::new() };
    let path: Vec<_> = [object.name].into_iter().filter(|name| !name.is_empty()).collect();
    let (Some(stored), Ok(sent)) = (stored.at(&path), read_value(&step.body, Limits::VENDOR)) else {
        return Vec::new();
    };
    let path = path.into_iter().map(str::to_owned).collect();
    let mut walk = Walk { dialect, partial: true, path, found: Vec::new() };
    walk.objects(stored, sent);
    walk.found
}

struct Walk<'a> {
    dialect: &'a Dialect,
    /// Whether what `after` lacks is as it was.
    partial: bool,
    path: Vec<String>,
    found: Vec<String>,
}

impl Walk<'_> {
    fn member(&mut self, name: &str, before: Option<Value<'_>>, after: Option<Value<'_>>) {
        self.path.push(name.to_owned());
        let path = self.path.join(".");
        if !self.dialect.listed.volatile.contains(&path.as_str()) {
            match (before, after) {
                (_, None) if self.partial => {}
                (None, Some(after)) if self.partial && after.is_null() => {}
                (None, Some(after)) if self.partial && after.kind() == Kind::Object => {
                    after.members().for_each(|(name, value)| self.member(&name, None, Some(value)));
                }
                (Some(before), Some(after)) if before.kind() == Kind::Object && after.kind() == Kind::Object => {
                    self.objects(before, after);
                }
                (Some(before), Some(after)) if is_same(before, after) => {}
                (Some(before), Some(after)) if self.is_spliced(&path) && has_same_elements(before, after) => {}
                _ => self.found.push(path),
            }
        }
        self.path.pop();
    }

    /// Whether an update writes some elements of an array beside others.
    fn is_spliced(&self, path: &str) -> bool {
        self.dialect.splices.iter().any(|splice| splice.path.join(".") == path)
    }

    fn objects(&mut self, before: Value<'_>, after: Value<'_>) {
        for (name, value) in before.members() {
            self.member(&name, Some(value), after.get(&name));
        }
        for (name, value) in after.members().filter(|(name, _)| before.get(name).is_none()) {
            self.member(&name, None, Some(value));
        }
    }
}

/// Whether two values are the same, however they are written.
fn is_same(left: Value<'_>, right: Value<'_>) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Number, Kind::Number) => left.text() == right.text() || left.as_f64() == right.as_f64(),
        (Kind::String, Kind::String) => left.as_str() == right.as_str(),
        (Kind::Array, Kind::Array) => {
            left.elements().count() == right.elements().count()
                && left.elements().zip(right.elements()).all(|(left, right)| is_same(left, right))
        }
        (Kind::Object, Kind::Object) => {
            left.members().count() == right.members().count()
                && left.members().all(|(name, left)| right.get(&name).is_some_and(|right| is_same(left, right)))
        }
        (kind, other) => kind == other && left.text() == right.text(),
    }
}

/// Whether two arrays have the same elements in any order.
fn has_same_elements(left: Value<'_>, right: Value<'_>) -> bool {
    let mut rest: Vec<_> = right.elements().collect();
    let is_there = |element: Value<'_>| {
        let found = rest.iter().position(|other| is_same(element, *other));
        found.map(|index| rest.swap_remove(index)).is_some()
    };
    left.kind() == Kind::Array && right.kind() == Kind::Array && left.elements().all(is_there) && rest.is_empty()
}

/// The document `known` with the objects of the plan that `told` has.
pub(super) fn merged(plan: &Plan, known: &Document, told: Document) -> Document {
    let (Some(before), Some(after)) = (known.value(), told.value()) else { return told };
    if plan.objects.iter().any(|object| object.name.is_empty()) {
        return told;
    }
    let mut out = vec![b'{'];
    for object in plan.objects {
        let Some(value) = after.get(object.name).or_else(|| before.get(object.name)) else { continue };
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, object.name);
        out.push(b':');
        out.extend_from_slice(value.text().as_bytes());
    }
    out.push(b'}');
    Document(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(vendor: &str, before: &str, after: &str) -> Vec<String> {
        let value = |text| read_value(text, Limits::VENDOR).unwrap();
        changed(value(before.as_bytes()), value(after.as_bytes()), vendors::registry::dialect(vendor).unwrap())
    }

    #[test]
    fn only_other_values_differ_and_not_those_that_change_by_themselves() {
        let before = r#"{"a":{"speed":1,"name":"\u0041","list":[{"x":1,"y":2}]},"updatedAt":1}"#;
        let same = r#"{"updatedAt":2,"a":{"list":[{"y":2,"x":1.0}],"name":"A","speed":1.0}}"#;
        assert_eq!(between("vapi", before, same), [""; 0]);
        let other = r#"{"a":{"speed":1.1,"list":[{"x":1}],"new":null},"b":{}}"#;
        let differences = ["a.speed", "a.name", "a.list", "a.new", "b"];
        assert_eq!(between("vapi", before, other), differences);
        assert_eq!(between("retell", r#"{"llm":{"version":1,"x":1}}"#, r#"{"llm":{"version":2,"x":2}}"#), ["llm.x"]);
    }

    #[test]
    fn the_order_matters_except_where_elements_are_written_beside_others() {
        let agent = |list: &str| format!(r#"{{"agent":{{"post_call_analysis_data":{list}}}}}"#);
        let one = agent(r#"[{"name":"a"},{"name":"b"}]"#);
        for (other, differs) in
            [(r#"[{"name":"b"},{"name":"a"}]"#, false), (r#"[{"name":"b"},{"name":"b"}]"#, true), ("[]", true)]
        {
            assert_eq!(!between("retell", &one, &agent(other)).is_empty(), differs, "{other}");
        }
        assert_eq!(
            between("retell", r#"{"agent":{"boosted_keywords":[1,2]}}"#, r#"{"agent":{"boosted_keywords":[2,1]}}"#),
            ["agent.boosted_keywords"]
        );
    }

    #[test]
    fn a_write_would_change_only_what_it_sends_otherwise() {
        let dialect = vendors::registry::dialect("retell").unwrap();
        let stored =
            Document(br#"{"agent":{"a":1},"llm":{"prompt":"x","off":null,"config":{"t":0.5,"m":1}}}"#.to_vec());
        for (body, paths) in [
            (r#"{"prompt":"x","config":{"t":0.50}}"#, &[][..]),
            (r#"{"off":null,"new":null}"#, &[]),
            (r#"{"prompt":"y","config":{"t":0.5,"n":{"x":2}}}"#, &["llm.prompt", "llm.config.n.x"]),
            (r#"{"a":1}"#, &["llm.a"]),
        ] {
            let (method, path, body, repeatable) = ("PATCH", String::new(), body.as_bytes().to_vec(), true);
            let step = Step {
                purpose: vendors::Purpose::Write,
                field: None,
                title: "the LLM",
                method,
                path,
                body,
                repeatable,
            };
            assert_eq!(would_change(dialect, &step, &stored), paths);
        }
    }

    #[test]
    fn an_object_that_was_not_told_is_as_it_was_known() {
        let mut plan = vendors::registry::DIALECTS.iter().filter_map(|dialect| dialect.plan);
        let plan = plan.find(|plan| plan.objects.len() == 2).unwrap();
        let known = Document(br#"{"agent":{"a":1},"llm":{"b":2}}"#.to_vec());
        let after = merged(plan, &known, Document(br#"{"agent":{"a":3}}"#.to_vec()));
        assert_eq!(after.0, br#"{"agent":{"a":3},"llm":{"b":2}}"#);
    }
}
