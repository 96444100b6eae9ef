//! A set of canonical fields, one bit each. Two words cost less than one of twice the length.

use super::field::Field;

/// A set of canonical fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldSet([u64; 2]);

const _: () = assert!(Field::COUNT <= 128, "a FieldSet has one bit for each field");

/// The word and the bit of a field.
const fn place(field: Field) -> (usize, u64) {
    let index = field as usize;
    (index / 64 % 2, 1 << (index % 64))
}

impl FieldSet {
    /// The empty set.
    pub const EMPTY: Self = Self([0; 2]);

    /// The fields whose values can have members, at any depth.
    pub const STRUCTURED: Self = {
        let (mut set, mut index) = (Self::EMPTY, 0);
        while index < Field::COUNT {
            let field = Field::ALL[index];
            if field.spec().shape.has_members() {
                set.insert(field);
            }
            index += 1;
        }
        set
    };

    /// Adds a field.
    pub const fn insert(&mut self, field: Field) {
        let (word, bit) = place(field);
        self.0[word] |= bit;
    }

    /// Whether the field is in the set.
    pub const fn contains(self, field: Field) -> bool {
        let (word, bit) = place(field);
        self.0[word] & bit != 0
    }

    /// Whether the two sets have a field in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0[0] & other.0[0] | self.0[1] & other.0[1] != 0
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::EMPTY;
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_exactly_the_inserted_fields() {
        for one in Field::ALL {
            for other in Field::ALL {
                let set: FieldSet = [one, other, one].into_iter().collect();
                let held: Vec<_> = Field::ALL.into_iter().filter(|&field| set.contains(field)).collect();
                assert!(held.iter().all(|&field| field == one || field == other) && set.contains(one));
                assert_eq!(held.len(), if one == other { 1 } else { 2 });
                let (one_alone, other_alone) = ([one].into_iter().collect(), [other].into_iter().collect());
                assert!(set.intersects(one_alone) && set.intersects(other_alone));
                assert_eq!(one_alone.intersects(other_alone), one == other);
            }
        }
        assert!(!FieldSet::EMPTY.intersects(Field::ALL.into_iter().collect()));
    }
}
