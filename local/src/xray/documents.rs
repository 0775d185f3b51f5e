use std::collections::BTreeMap;

use super::document::Document;

/// The bytes before a text in a packed trace: the document's id, its flags, the text's length.
const HEAD: usize = 8 + 1 + 4;
const IS_SUBSEGMENT: u8 = 1;
const IN_PROGRESS: u8 = 2;

/// The documents of one trace as they were sent, by id: so the same documents make the same trace, whatever the order
/// in which they came.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// While more are expected.
    open: BTreeMap<u64, Kept>,
    /// Once none came for a while: all of them, compressed to a fifth or less of their texts.
    packed: Option<Box<[u8]>>,
}

/// A document without its ids.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) is_subsegment: bool,
    pub(super) in_progress: bool,
    pub(super) text: Box<str>,
}

impl From<Document> for Kept {
    fn from(document: Document) -> Self {
        let Document { is_subsegment, in_progress, text, .. } = document;
        Self { is_subsegment, in_progress, text: text.into_boxed_str() }
    }
}

impl Documents {
    /// All of them, unpacked if need be.
    pub(super) fn open(&mut self) -> &mut BTreeMap<u64, Kept> {
        if let Some(packed) = self.packed.take() {
            self.open = unpack(&packed);
        }
        &mut self.open
    }

    /// The same, for reading.
    pub(super) fn read<R>(&self, read: impl FnOnce(&BTreeMap<u64, Kept>) -> R) -> R {
        match &self.packed {
            Some(packed) => read(&unpack(packed)),
            None => read(&self.open),
        }
    }

    /// Compresses them.
    pub(super) fn pack(&mut self) {
        if self.packed.is_some() {
            return;
        }
        let documents = std::mem::take(&mut self.open);
        let size = documents.values().map(|document| HEAD + document.text.len()).sum();
        let mut bytes = Vec::with_capacity(size);
        for (id, Kept { is_subsegment, in_progress, text }) in documents {
            // A document has at most 64 KB.
            let length = u32::try_from(text.len()).unwrap_or_default();
            let flags = if is_subsegment { IS_SUBSEGMENT } else { 0 }
                | if in_progress { IN_PROGRESS } else { 0 };
            bytes.extend(id.to_le_bytes());
            bytes.push(flags);
            bytes.extend(length.to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        self.packed = Some(lz4_flex::compress_prepend_size(&bytes).into_boxed_slice());
    }
}

fn unpack(packed: &[u8]) -> BTreeMap<u64, Kept> {
    // It was packed here, so nothing of it is missing.
    let bytes = lz4_flex::decompress_size_prepended(packed).unwrap_or_default();
    let (mut documents, mut rest) = (BTreeMap::new(), bytes.as_slice());
    while let Some((id, document, more)) = first(rest) {
        documents.insert(id, document);
        rest = more;
    }
    documents
}

fn first(bytes: &[u8]) -> Option<(u64, Kept, &[u8])> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (flags, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let document = Kept {
        is_subsegment: flags & IS_SUBSEGMENT != 0,
        in_progress: flags & IN_PROGRESS != 0,
        text: std::str::from_utf8(text).ok()?.into(),
    };
    Some((u64::from_le_bytes(*id), document, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            given in proptest::collection::btree_map(any::<u64>(), (any::<bool>(), any::<bool>(), ".{0,300}"), 0..20),
        ) {
            let open = || given.iter().map(|(id, (is_subsegment, in_progress, text))| {
                let text = text.as_str().into();
                (*id, Kept { is_subsegment: *is_subsegment, in_progress: *in_progress, text })
            });
            let mut documents = Documents { open: open().collect(), packed: None };
            documents.pack();
            prop_assert!(documents.open.is_empty() && documents.packed.is_some());
            documents.read(|unpacked| assert!(unpacked.iter().eq(open().collect::<BTreeMap<_, _>>().iter())));
            prop_assert_eq!(&*documents.open(), &open().collect::<BTreeMap<_, _>>());
        }
    }
}
