//! Damages inputs, in the same way in every run.

/// Tokens that have a meaning for at least one parser.
const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\u0061",
    "\\ud83d",
    "null",
    "-",
    "0",
    "1e999",
    "\u{feff}",
    "😀",
    "%2f",
    "%",
    "..",
    "handling=",
    ";",
    "~1",
    "\"tools\":[",
    "\0",
    "\\",
];

/// `count` damaged copies of `seed`, each with one to four changes.
pub fn mutations(seed: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random(
        seed.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)),
    );
    (0..count).map(move |_| {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(4) {
            damage(&mut bytes, &mut random);
        }
        bytes
    })
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let to = at + random.below((bytes.len() - at).min(16) + 1);
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => bytes.insert(at, random.next().to_le_bytes()[0]),
        3 => drop(bytes.splice(at..to, TOKENS[random.below(TOKENS.len())].bytes())),
        4 => {
            let copied = bytes[at..to].to_vec();
            let elsewhere = random.below(bytes.len() + 1);
            drop(bytes.splice(elsewhere..elsewhere, copied));
        }
        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
    }
}

/// A xorshift generator, which is enough here.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}
