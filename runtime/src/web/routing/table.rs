//! The table of the texts that routes are made of.

/// Finds a text among those of a scope by one hash and, almost always, one comparison.
///
/// The hash is fast and unkeyed. That is safe here: the keys are the application's own paths, so a client can choose
/// which of them to look for, but cannot make the table's chains longer than they are.
#[derive(Debug)]
pub(super) struct Table {
    /// A power of two, at most half of them taken, so every search ends at an empty one.
    slots: Box<[Option<Slot>]>,
}

#[derive(Clone, Debug)]
struct Slot {
    hash: u64,
    scope: usize,
    text: Box<[u8]>,
    value: usize,
}

impl Table {
    /// The table of these scopes and texts, all different, and the value of each.
    pub(super) fn new(entries: impl ExactSizeIterator<Item = ((usize, Box<[u8]>), usize)>) -> Self {
        let mut slots = vec![None; (entries.len() * 2).next_power_of_two()].into_boxed_slice();
        for ((scope, text), value) in entries {
            let hash = hash(scope, &text);
            let mut at = hash as usize & (slots.len() - 1);
            while slots[at].is_some() {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = Some(Slot { hash, scope, text, value });
        }
        Self { slots }
    }

    #[inline]
    pub(super) fn find(&self, scope: usize, text: &[u8]) -> Option<usize> {
        let hash = hash(scope, text);
        let mut at = hash as usize & (self.slots.len() - 1);
        loop {
            let slot = self.slots[at].as_ref()?;
            if slot.hash == hash && slot.scope == scope && *slot.text == *text {
                return Some(slot.value);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

/// Multiplies eight bytes at a time into the hash; the last eight may overlap the ones before.
#[inline]
fn hash(scope: usize, text: &[u8]) -> u64 {
    let start = mix(scope as u64, text.len() as u64);
    let Some(last) = text.last_chunk() else {
        return mix(start, short(text));
    };
    let mut hash = start;
    // One byte less, or the last chunk of a multiple of eight would be hashed twice.
    for word in text[..text.len() - 1].chunks_exact(8) {
        hash = mix(hash, word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word)));
    }
    mix(hash, u64::from_le_bytes(*last))
}

/// All of at most seven bytes.
#[inline]
fn short(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Folds the upper half of the product, which depends on every bit, onto the lower.
#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    // The digits of the golden ratio: odd, and without a pattern. The turn keeps equal words from cancelling out.
    let product = u128::from(hash.rotate_left(23) ^ word) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(paths: &[String]) -> Table {
        let keys = paths.iter().map(|path| (path.len() % 3, path.as_bytes().into()));
        Table::new(keys.collect::<Vec<_>>().into_iter().zip(0..paths.len()))
    }

    #[test]
    fn finds_each_text_in_its_scope_and_no_other() {
        let paths: Vec<_> = (0..2000).map(|n| format!("/{}/{n}", "x".repeat(n % 40))).collect();
        let table = table(&paths);
        for (n, path) in paths.iter().enumerate() {
            let scope = path.len() % 3;
            assert_eq!(table.find(scope, path.as_bytes()), Some(n), "{path}");
            assert_eq!(table.find(scope + 1, path.as_bytes()), None);
            assert_eq!(table.find(scope, format!("{path}/").as_bytes()), None);
        }
        assert_eq!(table.find(0, b""), None);
    }

    /// Paths of one application differ in little. With a weak hash they pile up behind each other.
    #[test]
    fn similar_paths_do_not_pile_up() {
        let paths: Vec<_> = (0..1000).map(|n| format!("/api/v1/resource{n}/list")).collect();
        let table = table(&paths);
        let longest = table.slots.split(Option::is_none).map(<[_]>::len).max();
        assert!(longest < Some(40), "{longest:?}");
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        assert_eq!(table(&[]).find(0, b"/"), None);
    }

    #[test]
    fn every_byte_counts_in_the_hash() {
        for length in 1..40 {
            let path = vec![b'a'; length];
            for at in 0..length {
                let mut other = path.clone();
                other[at] = b'b';
                assert_ne!(hash(0, &path), hash(0, &other), "byte {at} of {length}");
            }
        }
    }
}
