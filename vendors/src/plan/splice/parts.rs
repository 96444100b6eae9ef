//! Maps and arrays of which what is written is all, or a part that is named by a key.

use crate::json::{Limits, Value, read_value};

use super::{Kept, Splicer, name_of, overlaid};

impl Splicer<'_> {
    /// Writes a map that has these entries and no others, each over the stored one of its name.
    pub(super) fn only(&mut self, at: &[&str], sparse: Value<'_>, stored: Option<Value<'_>>) {
        self.out.push(b'{');
        for (spelled, written) in sparse.spelled_members() {
            let name = name_of(spelled);
            let before = stored.and_then(|stored| stored.get(&name));
            self.key(spelled);
            self.value(&[at, &[&*name]].concat(), written, before, true);
        }
        self.out.push(b'}');
    }

    /// Writes an array of the wanted elements, each over the stored one of its name, with the members that each gets.
    pub(super) fn wanted(&mut self, at: &[&str], key: &str, sparse: Value<'_>, stored: Option<Value<'_>>) {
        let stored: Vec<_> = stored.into_iter().flat_map(Value::elements).collect();
        let of_name = |name: &str| {
            let is_own = |element: &Value<'_>| element.get(key).is_some_and(|known| known.is_str(name));
            stored.iter().copied().find(is_own)
        };
        let wanted: Vec<_> = match sparse.get("only") {
            Some(only) => only.members().map(|(name, written)| (Some(written), of_name(&name))).collect(),
            None => stored.iter().map(|element| (None, Some(*element))).collect(),
        };
        self.out.push(b'[');
        for (written, known) in wanted {
            let Some(base) = known.or(written) else { continue };
            let over = written.map(|written| overlaid(self.splices, at, base, written));
            let element = over.as_deref().and_then(|over| read_value(over, Limits::VENDOR).ok()).unwrap_or(base);
            self.comma();
            match sparse.get("each") {
                Some(each) => self.object(at, Kept::All, each, Some(element)),
                None => self.text(element.text()),
            }
        }
        self.out.push(b']');
    }
}
