//! A reference to one of three kinds of object, and a small number with it, in one word.
use super::{GRAIN, Header, Obj, Payload, Ref, Value, prefetch};
use crate::objects::Type;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// What stands in the low bits of the address: a number below this for an `A`, and one of the two for the others.
const SECOND: usize = 8;
const OTHER: usize = 9;
const TAG: usize = GRAIN - 1;

/// An [`Untagged`] in 8 bytes, for rings of very many.
pub struct Tagged<A: Payload, B: Payload>(NonNull<Header>, PhantomData<(Ref<A>, Ref<B>)>);

pub enum Untagged<A: Payload, B: Payload> {
    /// With a number below 8.
    First(Ref<A>, u8),
    Second(Ref<B>),
    /// Any other object; no value that is none.
    Other(Value),
}

impl<A: Payload, B: Payload> Tagged<A, B> {
    /// Panics for a number that is too large, and for a value without an object.
    #[inline]
    pub fn new(of: Untagged<A, B>) -> Self {
        let (value, tag): (Value, usize) = match of {
            Untagged::First(a, n) => {
                assert!((n as usize) < SECOND);
                (a.into(), n as usize)
            }
            Untagged::Second(b) => (b.into(), SECOND),
            Untagged::Other(v) => (v, OTHER),
        };
        let object = ManuallyDrop::new(value).object();
        let object = object.expect("a reference to an object");
        Tagged(object.map_addr(|a| a | tag), PhantomData)
    }

    #[inline]
    fn tag(&self) -> usize {
        self.0.as_ptr().addr() & TAG
    }
    #[inline]
    fn object(&self) -> NonNull<Header> {
        // SAFETY: objects stand at multiples of GRAIN, and none at 0.
        unsafe { NonNull::new_unchecked(self.0.as_ptr().map_addr(|a| a & !TAG)) }
    }

    #[inline]
    pub fn untag(self) -> Untagged<A, B> {
        let this = ManuallyDrop::new(self);
        let p = this.object();
        // SAFETY: the reference that `new` took over, of the type that the tag was given for.
        unsafe {
            match this.tag() {
                SECOND => Untagged::Second(Ref::from_raw(p.cast())),
                OTHER => Untagged::Other(Ref::<Type>::from_raw(p.cast()).into()),
                n => Untagged::First(Ref::from_raw(p.cast()), n as u8),
            }
        }
    }

    /// The payload and the number of a `First`.
    #[inline]
    pub fn first(&self) -> Option<(&A, u8)> {
        let tag = self.tag();
        // SAFETY: the word owns a reference to an object of this type, by the tag.
        (tag < SECOND)
            .then(|| unsafe { (&self.object().cast::<Obj<A>>().as_ref().data, tag as u8) })
    }

    /// Shows the object, as to the collector.
    #[inline]
    pub fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: the count stays with this word: the value is not dropped.
        visit(&ManuallyDrop::new(unsafe {
            Value::from_counted(self.object())
        }));
    }

    /// Asks for the object's first two lines of memory, which will be needed soon.
    #[inline]
    pub fn prefetch(&self) {
        let p = self.object().as_ptr();
        prefetch(p);
        prefetch(p.wrapping_byte_add(super::LINE));
    }
}

impl<A: Payload, B: Payload> Drop for Tagged<A, B> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the reference that `new` took over ends here.
        drop(unsafe { Value::from_counted(self.object()) });
    }
}
