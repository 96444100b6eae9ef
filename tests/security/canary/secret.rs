//! Secrets that cannot be mistaken for anything else, and the search for them in whatever form.

use std::collections::BTreeMap;

/// A secret of 40 letters and digits that stand nowhere else, between the characters that vendors' tokens have beside
/// them and that forms write differently.
pub(crate) fn planted(name: &str) -> String {
    format!("7|{}+/~", core(name))
}

/// Letters and digits made from a name.
pub(crate) fn core(name: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut state = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(ALPHABET[(state >> 33) as usize % ALPHABET.len()])
    };
    (0..40).map(letter).collect()
}

/// All secrets of a scene, by the name of the place where they stand.
#[derive(Default)]
pub(crate) struct Canaries(BTreeMap<String, Vec<Vec<u8>>>);

impl Canaries {
    /// Plants a text.
    pub(crate) fn text(&mut self, name: &str) -> String {
        let secret = planted(name);
        self.add(name, secret.as_bytes(), core(name).as_bytes());
        secret
    }

    /// Plants bytes, such as those of a private key, of which any stretch is one too many.
    pub(crate) fn bytes(&mut self, name: &str, secret: &[u8]) {
        self.add(name, secret, secret);
    }

    /// The forms of the whole, and of stretches of what is unmistakable in it, of which any long part holds one.
    fn add(&mut self, name: &str, whole: &[u8], unmistakable: &[u8]) {
        let stretches = unmistakable.chunks_exact(10).flat_map(forms);
        self.0.insert(name.to_owned(), forms(whole).into_iter().chain(stretches).collect());
    }

    /// Asserts that none of them is in `bytes`.
    #[track_caller]
    pub(crate) fn assert_absent(&self, what: &str, bytes: &[u8]) {
        let lower = bytes.to_ascii_lowercase();
        for (name, forms) in &self.0 {
            for form in forms {
                let Some(at) = memchr::memmem::find(&lower, form) else { continue };
                let around = &bytes[at.saturating_sub(300)..(at + 300).min(bytes.len())];
                panic!("{what} holds {name}: …{}…", String::from_utf8_lossy(around));
            }
        }
    }
}

/// What a text may have been turned into, in lower case, as which everything is searched.
pub(crate) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let each = |write: &dyn Fn(u8) -> String| secret.iter().map(|byte| write(*byte)).collect::<String>();
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let mut forms = vec![
        secret.to_vec(),
        each(&|byte| format!("{byte:02x}")).into_bytes(),
        each(&|byte| format!("%{byte:02x}")).into_bytes(),
        each(&|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02x}") }).into_bytes(),
        each(&|byte| format!("\\u{byte:04x}")).into_bytes(),
        each(&|byte| if plain(byte) { char::from(byte).into() } else { format!("\\u{byte:04x}") }).into_bytes(),
        each(&|byte| format!("&#{byte};")).into_bytes(),
        String::from_utf8_lossy(secret).replace('/', "\\/").into_bytes(),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes(),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes(),
    ];
    for aside in 0..3 {
        let standard = base64(&[&vec![0; aside], secret].concat());
        // What the neighbours have a part in is left out at both ends.
        let sextets = (aside + secret.len()) * 8 / 6;
        let inner = standard[(aside * 8).div_ceil(6)..sextets].to_owned();
        forms.push(inner.replace('+', "-").replace('/', "_").into_bytes());
        forms.push(inner.into_bytes());
    }
    forms.iter_mut().for_each(|form| form.make_ascii_lowercase());
    forms
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or_default()));
        let letter = move |at: usize| {
            if at > group.len() { '=' } else { char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]) }
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    let mut canaries = Canaries::default();
    let secret = canaries.text("x");
    canaries.assert_absent("a harmless text", b"7| harmless +/~");
    for text in [
        format!("a {secret} b"),
        base64(format!("a {secret} b").as_bytes()),
        base64(format!("ab {secret}").as_bytes()).replace('+', "-").replace('/', "_"),
        format!("{secret:?}").replace('|', "\\u007C"),
        format!("{:?}", secret.as_bytes()),
        secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        secret[5..30].to_owned(),
    ] {
        let found = std::panic::catch_unwind(|| canaries.assert_absent("it", text.as_bytes()));
        assert!(found.is_err(), "{text}");
    }
}
