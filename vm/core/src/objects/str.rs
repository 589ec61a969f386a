//! `str`: WTF-8 bytes in the object's own block, with an ASCII flag and the keyed hash cached. A longer text that is not
//! ASCII gets a table of where every 64th character begins when one of its characters is first asked for by number. A text that
//! `+=` made long has room behind it, for the next.
use crate::memory::{Heap, Kind, Obj, Payload, Ref};
use crate::objects::Type;
use std::cell::Cell;
use std::hash::{BuildHasher, Hash};

pub struct Str {
    /// Changes only in [`Str::append`].
    len: Cell<usize>,
    /// 0 while not computed.
    hash: Cell<u64>,
    /// Code points; `u32::MAX` while not counted, and where there are as many or more.
    chars: Cell<u32>,
    ascii: Cell<bool>,
    interned: Cell<bool>,
    /// The heap has a table of where its characters are.
    indexed: Cell<bool>,
}

/// Characters between two entries of the table, and the length from which on there is one.
const INDEX_INTERVAL: usize = 64;
const INDEXED_FROM: usize = 256;
/// Texts of so many bytes get room when they grow. Shorter ones are copied as fast.
pub(crate) const GROWS_FROM: usize = 1024;

impl Payload for Str {
    const KIND: Kind = Kind::Str;
    const NAME: &'static str = "str";
    unsafe fn drop_trailing(this: *mut Obj<Str>) {
        // SAFETY: the object is still whole.
        unsafe {
            if (*this).data.interned.get() {
                (*this).header.heap().forget_interned(this);
            }
            if (*this).data.indexed.get() {
                (*this).header.heap().forget_index(this);
            }
        }
    }
}

impl Str {
    /// `bytes` must be WTF-8; callers outside this crate go through `Vm::new_str`.
    pub fn alloc(heap: &Heap, class: &Ref<Type>, bytes: &[u8]) -> Ref<Str> {
        Str::alloc_parts(heap, class, [bytes, &[]], bytes.is_ascii(), 0)
    }

    /// One text behind the other. With `grows`, a long one gets room for more.
    pub fn concat(heap: &Heap, class: &Ref<Type>, a: &Str, b: &Str, grows: bool) -> Ref<Str> {
        let len = a.byte_len() + b.byte_len();
        let room = if grows { Str::grown(len) - len } else { 0 };
        let ascii = a.is_ascii() && b.is_ascii();
        Str::alloc_parts(heap, class, [a.as_bytes(), b.as_bytes()], ascii, room)
    }

    /// The bytes for a text of `len` bytes that grows.
    pub(crate) fn grown(len: usize) -> usize {
        if len >= GROWS_FROM {
            len + len / 4
        } else {
            len
        }
    }

    fn alloc_parts(
        heap: &Heap,
        class: &Ref<Type>,
        parts: [&[u8]; 2],
        ascii: bool,
        room: usize,
    ) -> Ref<Str> {
        let len = parts[0].len() + parts[1].len();
        let s = Str::alloc_raw(heap, class, len, ascii, room);
        // SAFETY: the block has `len` bytes behind the payload, and nobody else sees it yet.
        unsafe {
            let tail = s.as_ptr().as_ptr().cast::<u8>().add(size_of::<Obj<Str>>());
            let [a, b] = parts;
            std::ptr::copy_nonoverlapping(a.as_ptr(), tail, a.len());
            std::ptr::copy_nonoverlapping(b.as_ptr(), tail.add(a.len()), b.len());
        }
        s
    }

    /// `text` with its ASCII characters replaced by others, in one pass. `f` must give ASCII for ASCII, and leave other
    /// bytes as they are.
    #[inline]
    pub fn map_ascii(heap: &Heap, class: &Ref<Type>, from: &Str, f: impl Fn(u8) -> u8) -> Ref<Str> {
        let text = from.as_bytes();
        let s = Str::alloc_raw(heap, class, text.len(), from.is_ascii(), 0);
        // SAFETY: as in `alloc_parts`.
        let tail = unsafe { s.as_ptr().as_ptr().cast::<u8>().add(size_of::<Obj<Str>>()) };
        for (i, b) in text.iter().enumerate() {
            // SAFETY: the block has as many bytes as `text`.
            unsafe { tail.add(i).write(f(*b)) };
        }
        s
    }

    /// A text of `len` bytes that `fill` writes piece by piece where it stays. The pieces must make up WTF-8, and be ASCII
    /// if that is said.
    pub fn build(
        heap: &Heap,
        class: &Ref<Type>,
        len: usize,
        ascii: bool,
        fill: impl FnOnce(&mut Pieces),
    ) -> Ref<Str> {
        let s = Str::alloc_raw(heap, class, len, ascii, 0);
        // SAFETY: as in `alloc_parts`.
        let tail = unsafe { s.as_ptr().as_ptr().cast::<u8>().add(size_of::<Obj<Str>>()) };
        let mut out = Pieces {
            at: tail,
            left: len,
        };
        fill(&mut out);
        debug_assert_eq!(out.left, 0, "a text shorter than announced");
        // SAFETY: so many bytes are left behind `at`. There are none, unless the caller miscounted.
        unsafe { std::ptr::write_bytes(out.at, 0, out.left) };
        s
    }

    /// The bytes are the caller's to write, at once.
    #[inline(always)]
    fn alloc_raw(heap: &Heap, class: &Ref<Type>, len: usize, ascii: bool, room: usize) -> Ref<Str> {
        let data = Str {
            len: Cell::new(len),
            hash: Cell::new(0),
            chars: Cell::new(if ascii { counted(len) } else { u32::MAX }),
            ascii: Cell::new(ascii),
            interned: Cell::new(false),
            indexed: Cell::new(false),
        };
        heap.alloc_with(class, data, len + room)
    }

    /// Whether the block of a text has room for another behind it.
    pub(crate) fn has_room(this: &Ref<Str>, more: &Str) -> bool {
        let size = this.as_value().header().and_then(crate::memory::large_size);
        size.is_some_and(|size| size_of::<Obj<Str>>() + this.byte_len() + more.byte_len() <= size)
    }

    /// Appends to a text that nobody but the caller holds, where its block has the room. False: nothing was done.
    pub(crate) fn append(this: &Ref<Str>, more: &Str) -> bool {
        let Some(header) = this.as_value().header() else {
            return false;
        };
        let Some(size) = crate::memory::large_size(header) else {
            return false;
        };
        let (len, end) = (this.byte_len(), this.byte_len() + more.byte_len());
        if header.refs.get() != 1 || this.interned.get() || size_of::<Obj<Str>>() + end > size {
            return false;
        }
        // SAFETY: the block has the bytes, and no slice of this text is in use, since its one reference is the caller's;
        // for the same reason `more` is another text.
        unsafe {
            let tail = this
                .as_ptr()
                .as_ptr()
                .cast::<u8>()
                .add(size_of::<Obj<Str>>());
            std::ptr::copy_nonoverlapping(more.as_bytes().as_ptr(), tail.add(len), end - len);
        }
        this.len.set(end);
        this.hash.set(0);
        let counted = |s: &Str| (s.chars.get() != u32::MAX).then(|| s.chars.get());
        let chars = counted(this)
            .zip(counted(more))
            .and_then(|(a, b)| a.checked_add(b));
        this.chars.set(chars.unwrap_or(u32::MAX));
        this.ascii.set(this.ascii.get() && more.ascii.get());
        if this.indexed.replace(false) {
            header.heap().forget_index(this.as_ptr().as_ptr());
        }
        true
    }

    /// Length in bytes.
    #[inline]
    pub fn byte_len(&self) -> usize {
        self.len.get()
    }

    /// The text as WTF-8.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` initialised bytes stand behind the payload; a Str exists only inside its object.
        unsafe {
            let tail = (self as *const Str).cast::<u8>().add(size_of::<Str>());
            std::slice::from_raw_parts(tail, self.len.get())
        }
    }
    /// The text, unless it holds a lone surrogate.
    #[inline]
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()).ok()
    }
    /// The text with lone surrogates shown as U+FFFD.
    pub fn to_string_lossy(&self) -> std::borrow::Cow<'_, str> {
        match self.to_str() {
            Some(s) => s.into(),
            None => String::from_utf8_lossy(self.as_bytes()).into_owned().into(),
        }
    }
    pub fn is_ascii(&self) -> bool {
        self.ascii.get()
    }
    /// Length in code points.
    #[inline]
    pub fn char_len(&self) -> usize {
        match self.chars.get() {
            u32::MAX => self.count_chars(),
            n => n as usize,
        }
    }
    #[cold]
    #[inline(never)]
    fn count_chars(&self) -> usize {
        if self.ascii.get() {
            return self.len.get();
        }
        let begins = |b: &&u8| (**b & 0xC0) != 0x80;
        let n = self.as_bytes().iter().filter(begins).count();
        self.chars.set(counted(n));
        n
    }
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }
    /// Byte offset of code point `index` (up to and including the length).
    pub fn offset(&self, index: usize) -> usize {
        if self.ascii.get() {
            return index;
        }
        if index >= self.char_len() {
            return self.len.get();
        }
        let (mut seen, from) = match self.len.get() {
            INDEXED_FROM.. if self.len.get() < u32::MAX as usize => self.indexed_before(index),
            _ => (0, 0),
        };
        for (i, b) in self.as_bytes()[from..].iter().enumerate() {
            if (*b & 0xC0) != 0x80 {
                if seen == index {
                    return from + i;
                }
                seen += 1;
            }
        }
        self.len.get()
    }
    /// The code points from `start` up to `stop`, as bytes.
    pub fn part(&self, start: usize, stop: usize) -> &[u8] {
        let from = self.offset(start);
        let rest = &self.as_bytes()[from..];
        if stop > start + 2 * INDEX_INTERVAL || self.ascii.get() {
            return &rest[..self.offset(stop).max(from) - from];
        }
        let mut begins = rest
            .iter()
            .enumerate()
            .filter(|(_, b)| (**b & 0xC0) != 0x80);
        let end = begins.nth(stop.saturating_sub(start));
        &rest[..end.map_or(rest.len(), |(i, _)| i)]
    }
    /// The last character at or before `index` that the table has, and its byte.
    fn indexed_before(&self, index: usize) -> (usize, usize) {
        // SAFETY: a Str exists only inside its object, behind the header.
        let object = unsafe {
            &*(self as *const Str)
                .cast::<u8>()
                .sub(std::mem::offset_of!(Obj<Str>, data))
                .cast::<Obj<Str>>()
        };
        let heap = object.header.heap();
        if !self.indexed.replace(true) {
            let begins = self.as_bytes().iter().enumerate();
            let begins = begins.filter(|(_, b)| (**b & 0xC0) != 0x80);
            let table = begins
                .step_by(INDEX_INTERVAL)
                .map(|(i, _)| i as u32)
                .collect();
            heap.keep_index(object, table);
        }
        let n = index / INDEX_INTERVAL;
        match heap.index_entry(object, n) {
            Some(byte) => (n * INDEX_INTERVAL, byte as usize),
            None => (0, 0),
        }
    }
    /// Keyed hash (SipHash-1-3), never 0.
    #[inline]
    pub fn hash_with(&self, keys: &HashKeys) -> u64 {
        let h = self.hash.get();
        if h != 0 {
            return h;
        }
        let h = keys.hash_bytes(self.as_bytes());
        self.hash.set(h);
        h
    }
    pub(crate) fn cached_hash(&self) -> u64 {
        self.hash.get()
    }
    pub fn is_interned(&self) -> bool {
        self.interned.get()
    }
    pub(crate) fn set_interned(&self) {
        self.interned.set(true);
    }
}

/// A number of code points as it stands in a text.
#[inline(always)]
fn counted(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The unwritten rest of a text; see [`Str::build`].
pub struct Pieces {
    at: *mut u8,
    left: usize,
}

impl Pieces {
    /// Writes a piece, or as much of it as has room.
    #[inline]
    pub fn push(&mut self, piece: &[u8]) {
        let n = piece.len().min(self.left);
        // SAFETY: `left` bytes of the new text stand at `at`; nobody else sees them yet.
        unsafe {
            copy_piece(piece.as_ptr(), self.at, n);
            self.at = self.at.add(n);
        }
        self.left -= n;
    }
}

/// A copy without a call where it is short, as most pieces are: its first and its last bytes, which may overlap.
///
/// # Safety
/// `n` bytes are readable at `from` and writable at `to`, and are not the same.
#[inline(always)]
unsafe fn copy_piece(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: by contract; no more than `n` bytes from either end. With a constant it is a load and a store each.
    let ends = |k: usize| unsafe {
        std::ptr::copy_nonoverlapping(from, to, k);
        std::ptr::copy_nonoverlapping(from.add(n - k), to.add(n - k), k);
    };
    match n {
        0 => {}
        1 => ends(1),
        2..=3 => ends(2),
        4..=7 => ends(4),
        8..=15 => ends(8),
        // SAFETY: by contract.
        _ => unsafe { std::ptr::copy_nonoverlapping(from, to, n) },
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

/// The interpreter's hash keys (`PYTHONHASHSEED`).
pub struct HashKeys(siphasher::sip::SipHasher13);

impl HashKeys {
    pub fn new(k0: u64, k1: u64) -> HashKeys {
        HashKeys(siphasher::sip::SipHasher13::new_with_keys(k0, k1))
    }
    /// Hash of text or bytes; never 0, which means "not computed".
    pub fn hash_bytes(&self, bytes: &[u8]) -> u64 {
        use std::hash::Hasher;
        let mut h = self.0;
        h.write(bytes);
        match h.finish() {
            0 | u64::MAX => 0x9E37_79B9,
            h => h,
        }
    }
}

/// Hash of a few words, for tuples of hashes and the like.
pub fn mix_words(words: impl Iterator<Item = u64>) -> u64 {
    let state = rustc_hash::FxBuildHasher;
    let mut h = state.build_hasher();
    for w in words {
        w.hash(&mut h);
    }
    std::hash::Hasher::finish(&h)
}
