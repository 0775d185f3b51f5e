use super::document::Document;

/// The bytes before a text: the document's id, its flags, the text's length.
const HEAD: usize = 8 + 1 + 4;
const IS_SUBSEGMENT: u8 = 1;
const IN_PROGRESS: u8 = 2;

/// The documents of one trace as they were sent, in one piece of memory: a store has half a million of them, and as many
/// pieces would cost more time than what is in them.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// While more are expected: one after the other, with those that others came in place of.
    open: Vec<u8>,
    /// Where each begins, by id: so the same documents make the same trace, whatever the order in which they came.
    places: Vec<(u64, usize)>,
    /// How many bytes of `open` still count.
    live: usize,
    /// Once none came for a while: all of them by id, compressed to a fifth or less of their texts.
    packed: Option<Box<[u8]>>,
}

/// A document that is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kept<'a> {
    pub(super) id: u64,
    pub(super) is_subsegment: bool,
    pub(super) in_progress: bool,
    pub(super) text: &'a str,
}

impl<'a> From<&'a Document> for Kept<'a> {
    fn from(document: &'a Document) -> Self {
        let Document { id, is_subsegment, in_progress, text, .. } = document;
        // What was accepted has an id of 16 hexadecimal digits.
        let id = u64::from_str_radix(id, 16).unwrap_or_default();
        Self { id, is_subsegment: *is_subsegment, in_progress: *in_progress, text }
    }
}

impl Documents {
    /// The document with that id.
    pub(super) fn get(&mut self, id: u64) -> Option<Kept<'_>> {
        self.unpack();
        let place = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.at(self.places[place].1)
    }

    /// Puts a document in place of the one with its id, if there is one.
    pub(super) fn put(&mut self, document: Kept<'_>) {
        self.unpack();
        let at = self.open.len();
        match self.places.binary_search_by_key(&document.id, |(id, _)| *id) {
            Ok(place) => {
                let before = std::mem::replace(&mut self.places[place].1, at);
                self.live -= self.at(before).map_or(0, Kept::size);
            }
            Err(place) => self.places.insert(place, (document.id, at)),
        }
        self.live += document.size();
        document.append_to(&mut self.open);
        if self.open.len() > 2 * self.live {
            self.take(self.in_order());
        }
    }

    /// Makes room for texts of so many bytes in all, before they are put.
    pub(super) fn reserve(&mut self, count: usize, bytes: usize) {
        self.unpack();
        self.places.reserve(count);
        self.open.reserve(count * HEAD + bytes);
    }

    /// All of them by id.
    pub(super) fn read<R>(&self, read: impl FnOnce(&[Kept<'_>]) -> R) -> R {
        let Some(packed) = &self.packed else {
            let places = self.places.iter();
            return read(&places.filter_map(|(_, at)| self.at(*at)).collect::<Vec<_>>());
        };
        let bytes = decompress(packed);
        read(&all(&bytes).map(|(_, document)| document).collect::<Vec<_>>())
    }

    /// Compresses them.
    pub(super) fn pack(&mut self) {
        if self.packed.is_none() {
            let bytes = lz4_flex::compress_prepend_size(&self.in_order()).into_boxed_slice();
            *self = Self { packed: Some(bytes), ..Self::default() };
        }
    }

    fn unpack(&mut self) {
        if let Some(packed) = self.packed.take() {
            self.take(decompress(&packed));
        }
    }

    /// Takes documents one after the other in place of those that are there.
    fn take(&mut self, bytes: Vec<u8>) {
        self.places = all(&bytes).map(|(at, document)| (document.id, at)).collect();
        (self.live, self.open) = (bytes.len(), bytes);
    }

    /// Those that count, one after the other by id.
    fn in_order(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.live);
        let documents = self.places.iter().filter_map(|(_, at)| self.at(*at));
        documents.for_each(|document| document.append_to(&mut bytes));
        bytes
    }

    fn at(&self, place: usize) -> Option<Kept<'_>> {
        Kept::first(self.open.get(place..)?).map(|(document, _)| document)
    }
}

impl<'a> Kept<'a> {
    /// How many bytes it takes.
    fn size(self) -> usize {
        HEAD + self.text.len()
    }

    fn append_to(self, bytes: &mut Vec<u8>) {
        let flags = if self.is_subsegment { IS_SUBSEGMENT } else { 0 }
            | if self.in_progress { IN_PROGRESS } else { 0 };
        // A document has at most 64 KB.
        let length = u32::try_from(self.text.len()).unwrap_or_default();
        bytes.extend(self.id.to_le_bytes());
        bytes.push(flags);
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(self.text.as_bytes());
    }

    /// The first of some documents, and the bytes of the others.
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (flags, rest) = rest.split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let document = Self {
            id: u64::from_le_bytes(*id),
            is_subsegment: flags & IS_SUBSEGMENT != 0,
            in_progress: flags & IN_PROGRESS != 0,
            text: std::str::from_utf8(text).ok()?,
        };
        Some((document, rest))
    }
}

/// Documents that stand one after the other, each with where it begins.
fn all(bytes: &[u8]) -> impl Iterator<Item = (usize, Kept<'_>)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let at = bytes.len() - rest.len();
        let (document, others) = Kept::first(rest)?;
        rest = others;
        Some((at, document))
    })
}

fn decompress(packed: &[u8]) -> Vec<u8> {
    // It was packed here, so nothing of it is missing.
    lz4_flex::decompress_size_prepended(packed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What was put last for each id comes out, however often it was packed in between, and what others came in
        /// place of takes no more memory than the rest.
        #[test]
        fn what_is_kept_comes_out_again(
            given in proptest::collection::vec((0u64..12, any::<(bool, bool)>(), ".{0,300}", 0u32..8), 0..60),
        ) {
            let (mut documents, mut expected) = (Documents::default(), BTreeMap::new());
            for (id, (is_subsegment, in_progress), text, step) in &given {
                let document = Kept { id: *id, is_subsegment: *is_subsegment, in_progress: *in_progress, text };
                documents.put(document);
                expected.insert(*id, document);
                if *step == 0 {
                    documents.pack();
                    prop_assert!(documents.open.is_empty() && documents.packed.is_some());
                }
                prop_assert!(documents.open.len() <= 2 * documents.live);
                documents.read(|kept| assert!(kept.iter().eq(expected.values())));
                prop_assert_eq!(documents.get(*id), Some(document));
            }
            prop_assert_eq!(documents.get(99), None);
        }
    }
}
