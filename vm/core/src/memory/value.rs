//! The value word: 8 bytes, NaN-boxed, with the type of a pointer.
//!
//! An object is a real pointer. Any other value is an address without provenance, which nobody follows. That the word is a pointer
//! keeps `Value` on its thread (`!Send`, `!Sync`), and makes `Value` and [`Ref`] two views of the same pointer.
//!
//! | top 16 bits          | meaning                                             |
//! |----------------------|-----------------------------------------------------|
//! | `0x0000`             | pointer to a heap object                            |
//! | `0x0001`..=`0xFFF1`  | a float: its bits plus 2^48 (never a NaN)           |
//! | `0xFFF2`             | an immediate: None, True, ...                       |
//! | `0xFFF8`..=`0xFFFF`  | an int of 51 bits in two's complement               |
//!
//! Ordinary code uses [`Value::unpack`] and the typed accessors and never sees bits.
//!
//! ```compile_fail
//! fn crosses_threads<T: Send>() {}
//! crosses_threads::<lasti_core::Value>(); // the counts of references are not atomic
//! ```
use super::header::{Kind, Obj, Payload, flag};
use super::{Header, release};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

const FLOAT_OFFSET: u64 = 1 << 48;
const FLOAT_SPAN: u64 = 0xFFF0_0000_0000_0000;
const IMMEDIATE: u64 = 0xFFF2_0000_0000_0000;
const INT_TAG: u64 = 0xFFF8_0000_0000_0000;
const INT_BITS: u32 = 51;
/// Largest and smallest int that fits in the word.
pub const INT_MAX: i64 = (1 << (INT_BITS - 1)) - 1;
pub const INT_MIN: i64 = -(1 << (INT_BITS - 1));

/// One Python value. Cloning counts a reference, dropping gives it back.
#[repr(transparent)]
pub struct Value(NonNull<Header>);

const _: () = assert!(size_of::<Option<Value>>() == 8);
const _: () = assert!(size_of::<usize>() == 8, "floats need words of 64 bits");

/// A value as an enum to match on.
pub enum Unpacked<'a> {
    /// An empty slot: an unbound local, or 3.8's NULL on the value stack.
    Unbound,
    None,
    Bool(bool),
    Ellipsis,
    NotImplemented,
    Int(i64),
    Float(f64),
    Object(&'a Header),
}

impl Value {
    pub const UNBOUND: Value = Value::immediate(0);
    pub const NONE: Value = Value::immediate(1);
    pub const FALSE: Value = Value::immediate(2);
    pub const TRUE: Value = Value::immediate(3);
    pub const ELLIPSIS: Value = Value::immediate(4);
    pub const NOT_IMPLEMENTED: Value = Value::immediate(5);

    const fn immediate(n: u64) -> Value {
        let word = std::ptr::without_provenance_mut((IMMEDIATE | n) as usize);
        Value(NonNull::new(word).expect("the tag is not zero"))
    }

    /// The word of an int, a float or an immediate.
    #[inline(always)]
    fn from_bits(bits: u64) -> Value {
        debug_assert!(bits >> 48 != 0);
        let word = std::ptr::without_provenance_mut(bits as usize);
        // SAFETY: every caller composes the word with a tag, which is not zero.
        Value(unsafe { NonNull::new_unchecked(word) })
    }

    /// The value that owns one counted reference to an object.
    ///
    /// # Safety
    /// The caller hands over a counted reference to a live object.
    #[inline]
    pub(super) unsafe fn from_counted(object: NonNull<Header>) -> Value {
        debug_assert!(object.as_ptr().addr() >> 48 == 0);
        Value(object)
    }

    /// The word as a number: what tells two values apart.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.0.as_ptr().addr() as u64
    }
    /// The word itself, for a cell that keeps words.
    #[inline(always)]
    pub(crate) fn word(&self) -> *const () {
        self.0.as_ptr().cast()
    }

    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        Value::from_bits(IMMEDIATE | (2 + b as u64))
    }

    /// An int that is known to fit in 51 bits.
    #[inline(always)]
    pub fn small_int(i: i64) -> Value {
        debug_assert!((INT_MIN..=INT_MAX).contains(&i));
        Value::from_bits(INT_TAG | (i as u64 & !INT_TAG))
    }

    /// An int, when it fits in the word.
    #[inline(always)]
    pub fn try_int(i: i64) -> Option<Value> {
        let v = Value::from_bits(INT_TAG | (i as u64 & !INT_TAG));
        if ((v.bits() << 13) as i64) >> 13 == i {
            Some(v)
        } else {
            None
        }
    }

    /// A float, when it is not a NaN (those are heap objects).
    #[inline(always)]
    pub fn try_float(f: f64) -> Option<Value> {
        if f.is_nan() {
            None
        } else {
            Some(Value::from_bits(f.to_bits() + FLOAT_OFFSET))
        }
    }

    #[inline(always)]
    pub fn is_object(&self) -> bool {
        self.bits() >> 48 == 0
    }
    #[inline(always)]
    pub fn is_unbound(&self) -> bool {
        self.bits() == IMMEDIATE
    }
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        self.bits() == IMMEDIATE | 1
    }
    #[inline(always)]
    pub fn is_true(&self) -> bool {
        self.bits() == IMMEDIATE | 3
    }
    #[inline(always)]
    pub fn is_false(&self) -> bool {
        self.bits() == IMMEDIATE | 2
    }
    #[inline(always)]
    pub fn is_not_implemented(&self) -> bool {
        self.bits() == IMMEDIATE | 5
    }
    /// Python's `is`.
    #[inline(always)]
    pub fn is(&self, other: &Value) -> bool {
        self.bits() == other.bits()
    }

    #[inline(always)]
    pub fn as_small_int(&self) -> Option<i64> {
        if self.bits() >= INT_TAG {
            Some(((self.bits() << 13) as i64) >> 13)
        } else {
            None
        }
    }
    /// Both ints of a pair, when both stand in the word.
    #[inline(always)]
    pub fn both_small(a: &Value, b: &Value) -> Option<(i64, i64)> {
        if a.bits() & b.bits() >= INT_TAG {
            Some((
                ((a.bits() << 13) as i64) >> 13,
                ((b.bits() << 13) as i64) >> 13,
            ))
        } else {
            None
        }
    }
    /// The sum of two ints, when both and it stand in the word.
    #[inline(always)]
    pub fn add_small(a: &Value, b: &Value) -> Option<Value> {
        Value::combine_small(a, b, i64::checked_add)
    }
    /// The difference of two ints, when both and it stand in the word.
    #[inline(always)]
    pub fn sub_small(a: &Value, b: &Value) -> Option<Value> {
        Value::combine_small(a, b, i64::checked_sub)
    }
    /// Both numbers moved to the top of the word overflow there when the result has more than 51 bits.
    #[inline(always)]
    fn combine_small(a: &Value, b: &Value, f: fn(i64, i64) -> Option<i64>) -> Option<Value> {
        if a.bits() & b.bits() < INT_TAG {
            return None;
        }
        let shift = 64 - INT_BITS;
        let top = f((a.bits() << shift) as i64, (b.bits() << shift) as i64)?;
        Some(Value::from_bits(INT_TAG | top as u64 >> shift))
    }
    /// How two ints compare, as the number of a bit: less 0, equal 1, greater 2, when both stand in the word.
    #[inline(always)]
    pub fn order_small(a: &Value, b: &Value) -> Option<u32> {
        if a.bits() & b.bits() < INT_TAG {
            return None;
        }
        let shift = 64 - INT_BITS;
        let (a, b) = ((a.bits() << shift) as i64, (b.bits() << shift) as i64);
        Some((a > b) as u32 + (a >= b) as u32)
    }
    #[inline(always)]
    pub fn as_inline_float(&self) -> Option<f64> {
        let bits = self.bits().wrapping_sub(FLOAT_OFFSET);
        if bits <= FLOAT_SPAN {
            Some(f64::from_bits(bits))
        } else {
            None
        }
    }
    #[inline]
    pub fn as_bool(&self) -> Option<bool> {
        match self.bits().wrapping_sub(IMMEDIATE | 2) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    #[inline]
    pub fn unpack(&self) -> Unpacked<'_> {
        if let Some(h) = self.header() {
            return Unpacked::Object(h);
        }
        if let Some(i) = self.as_small_int() {
            return Unpacked::Int(i);
        }
        match self.bits().wrapping_sub(IMMEDIATE) {
            0 => Unpacked::Unbound,
            1 => Unpacked::None,
            2 => Unpacked::Bool(false),
            3 => Unpacked::Bool(true),
            4 => Unpacked::Ellipsis,
            5 => Unpacked::NotImplemented,
            _ => Unpacked::Float(f64::from_bits(self.bits() - FLOAT_OFFSET)),
        }
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> Option<&Header> {
        if self.is_object() {
            // SAFETY: a pointer word owns a reference to a live object.
            Some(unsafe { self.0.as_ref() })
        } else {
            None
        }
    }
    /// Asks for the first line of the object's memory, which will be needed soon.
    #[inline(always)]
    pub fn prefetch(&self) {
        if self.is_object() {
            super::prefetch(self.0.as_ptr());
        }
    }
    /// Asks for the second line, too.
    #[inline(always)]
    pub fn prefetch_two(&self) {
        if self.is_object() {
            let p = self.0.as_ptr();
            super::prefetch(p);
            super::prefetch(p.wrapping_byte_add(super::LINE));
        }
    }
    /// Whether attributes of the object stand in a dict beside it.
    #[inline(always)]
    pub(crate) fn has_side_dict(&self) -> bool {
        self.header().is_some_and(|h| h.has(flag::SIDE_DICT))
    }
    #[inline(always)]
    pub fn kind(&self) -> Option<Kind> {
        self.header().map(|h| h.kind.get())
    }
    #[inline(always)]
    pub(crate) fn object(&self) -> Option<NonNull<Header>> {
        self.is_object().then_some(self.0)
    }
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        self.bits() as usize
    }
    /// See [`Header::check_count`].
    pub(crate) fn check_count(&self) {
        if let Some(h) = self.header() {
            h.check_count();
        }
    }
    /// As many clones as asked for, with the count checked in between.
    pub fn clones(&self, n: usize) -> impl ExactSizeIterator<Item = Value> {
        /// Far fewer than lead from a checked count out of the upper half of its range.
        const UNCHECKED: usize = 1 << 28;
        (0..n).map(|i| {
            if i % UNCHECKED == 0 {
                self.check_count();
            }
            self.clone()
        })
    }
    /// The number of references held to the object (0 for immediates).
    pub fn ref_count(&self) -> u32 {
        self.header().map_or(0, |h| h.refs.get())
    }

    /// The payload, when the object has this native layout (its class may be any subclass).
    #[inline(always)]
    pub fn downcast<T: Payload>(&self) -> Option<&T> {
        self.as_ref::<T>().map(|r| &**r)
    }

    /// This word as a typed reference, when the object has this native layout.
    #[inline(always)]
    pub fn as_ref<T: Payload>(&self) -> Option<&Ref<T>> {
        let header = self.header()?;
        let same = if matches!(T::KIND, Kind::Foreign) {
            header.kind.get() == Kind::Foreign
                && header.class().data.layout().type_id == std::any::TypeId::of::<T>()
        } else {
            header.kind.get() as u8 == T::KIND as u8
        };
        if same {
            // SAFETY: Value and Ref are both one pointer to the object, and the payload type was checked.
            Some(unsafe { &*(self as *const Value).cast::<Ref<T>>() })
        } else {
            None
        }
    }

    /// The typed reference, or the value back.
    #[inline(always)]
    pub fn into_ref<T: Payload>(self) -> Result<Ref<T>, Value> {
        if self.as_ref::<T>().is_none() {
            return Err(self);
        }
        let ptr = self.0.cast::<Obj<T>>();
        std::mem::forget(self);
        // SAFETY: the payload type was checked, and the word's counted reference is handed on.
        Ok(unsafe { Ref::from_raw(ptr) })
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        // Read once: the count might lie where the word does, for all the optimizer knows.
        let v = Value(self.0);
        if let Some(h) = v.header() {
            h.add_ref();
        }
        v
    }
}

impl Drop for Value {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(h) = self.header()
            && h.drop_ref()
        {
            release(NonNull::from(h));
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.unpack() {
            Unpacked::Unbound => write!(f, "<unbound>"),
            Unpacked::None => write!(f, "None"),
            Unpacked::Bool(b) => write!(f, "{b}"),
            Unpacked::Ellipsis => write!(f, "Ellipsis"),
            Unpacked::NotImplemented => write!(f, "NotImplemented"),
            Unpacked::Int(i) => write!(f, "{i}"),
            Unpacked::Float(x) => write!(f, "{x}"),
            Unpacked::Object(h) => write!(f, "<{:?} at {:p}>", h.kind.get(), h),
        }
    }
}

/// An owning reference to a heap object whose payload type is known.
#[repr(transparent)]
pub struct Ref<T: Payload> {
    ptr: NonNull<Obj<T>>,
    _own: PhantomData<Obj<T>>,
}

const _: () = assert!(size_of::<Option<Ref<crate::objects::Tuple>>>() == 8);

impl<T: Payload> Ref<T> {
    /// # Safety
    /// The caller hands over one counted reference to a live object with payload `T`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(ptr: NonNull<Obj<T>>) -> Ref<T> {
        Ref {
            ptr,
            _own: PhantomData,
        }
    }
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> NonNull<Obj<T>> {
        self.ptr
    }
    #[inline(always)]
    pub fn as_value(&self) -> &Value {
        // SAFETY: Value and Ref are both one pointer to the object.
        unsafe { &*(self as *const Ref<T>).cast::<Value>() }
    }
    #[inline(always)]
    pub fn value(&self) -> Value {
        self.as_value().clone()
    }
    #[inline(always)]
    pub fn is(&self, other: &Ref<T>) -> bool {
        self.ptr == other.ptr
    }
    #[inline(always)]
    pub(crate) fn head(&self) -> &Header {
        // SAFETY: the reference keeps the object alive.
        unsafe { &(*self.ptr.as_ptr()).header }
    }
    /// The class of the object.
    #[inline(always)]
    pub fn class(&self) -> &Ref<crate::objects::Type> {
        class_of(self.head())
    }
    /// The reference that stands for a payload borrowed out of an object.
    ///
    /// # Safety
    /// `data` is the payload field of a live object, not a copy of one.
    pub(crate) unsafe fn of_payload(data: &T) -> Ref<T> {
        let offset = std::mem::offset_of!(Obj<T>, data);
        // SAFETY: by contract the payload stands `offset` bytes into a live object.
        unsafe {
            let ptr = (data as *const T).cast::<u8>().sub(offset).cast::<Obj<T>>() as *mut Obj<T>;
            let h = &(*ptr).header;
            h.add_ref();
            Ref::from_raw(NonNull::new_unchecked(ptr))
        }
    }
}

/// The class of an object as a typed reference borrowed from its header.
#[inline(always)]
pub(crate) fn class_of(h: &Header) -> &Ref<crate::objects::Type> {
    // SAFETY: the header owns a counted reference to its class in a cell of the same representation.
    // The class is only replaced by `set_class`, which defers the old class's release.
    unsafe { &*h.class.as_ptr().cast::<Ref<crate::objects::Type>>() }
}

impl<T: Payload> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        let h = self.head();
        h.add_ref();
        Ref {
            ptr: self.ptr,
            _own: PhantomData,
        }
    }
}

impl<T: Payload> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let h = self.head();
        if h.drop_ref() {
            release(NonNull::from(h));
        }
    }
}

impl<T: Payload> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the reference keeps the object alive, and payloads change only through cells.
        unsafe { &(*self.ptr.as_ptr()).data }
    }
}

impl<T: Payload> From<Ref<T>> for Value {
    #[inline(always)]
    fn from(r: Ref<T>) -> Value {
        let object = r.ptr.cast();
        std::mem::forget(r);
        // SAFETY: the reference's count goes over to the value.
        unsafe { Value::from_counted(object) }
    }
}

impl<T: Payload> std::fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} at {:p}>", T::NAME, self.ptr)
    }
}

#[cfg(test)]
mod tests;
