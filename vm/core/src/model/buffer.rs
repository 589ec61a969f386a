//! The buffer protocol: reading the bytes of bytes, bytearray, memoryview and types that registered themselves, and
//! Python's `__buffer__` (PEP 688).
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

/// Bytes of a buffer, copied only when they have to be. No Python may run while one is held: it may borrow a
/// bytearray.
pub enum Data<'a> {
    Slice(&'a [u8]),
    Guard(std::cell::Ref<'a, Vec<u8>>),
    Owned(Vec<u8>),
}

impl Deref for Data<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Data::Slice(s) => s,
            Data::Guard(g) => g,
            Data::Owned(v) => v,
        }
    }
}

impl Data<'_> {
    /// The bytes, copied where they belong to somebody else.
    pub fn into_vec(self, vm: &Vm) -> PyResult<Vec<u8>> {
        match self {
            Data::Owned(v) => Ok(v),
            other => vm.copy_of(&other),
        }
    }
}

/// How a memoryview of an exporter looks.
#[derive(Clone, Debug)]
pub struct BufferInfo {
    /// One native struct code, as `array.typecode`.
    pub format: String,
    pub itemsize: usize,
    pub readonly: bool,
}

impl BufferInfo {
    pub fn bytes(readonly: bool) -> BufferInfo {
        BufferInfo {
            format: "B".into(),
            itemsize: 1,
            readonly,
        }
    }
}

/// What a native type of another module gives to be a buffer.
#[derive(Clone, Copy)]
pub struct BufferProcs {
    pub info: fn(&Vm, &Value) -> PyResult<BufferInfo>,
    /// Shows the bytes; the closure runs no Python.
    pub read: fn(&Value, &mut dyn FnMut(&[u8])),
    /// Shows the bytes for writing; never called on a read-only buffer.
    pub write: fn(&Value, &mut dyn FnMut(&mut [u8])),
    /// A view begins (true) or ends (false): the size must stay while there are views.
    pub export: fn(&Value, bool),
}

#[derive(Default)]
struct Registry(RefCell<Vec<(Ref<Type>, BufferProcs)>>);

const BYTES: BufferProcs = BufferProcs {
    info: |_, _| Ok(BufferInfo::bytes(true)),
    read: |v, f| {
        if let Some(b) = v.downcast::<Bytes>() {
            f(&b.data);
        }
    },
    write: |_, _| {},
    export: |_, _| {},
};

const BYTEARRAY: BufferProcs = BufferProcs {
    info: |_, _| Ok(BufferInfo::bytes(false)),
    read: |v, f| {
        if let Some(b) = v.downcast::<ByteArray>() {
            f(&b.data.borrow());
        }
    },
    write: |v, f| {
        if let Some(b) = v.downcast::<ByteArray>()
            && let Ok(mut data) = b.data.try_borrow_mut()
        {
            f(&mut data);
        }
    },
    export: |v, on| {
        if let Some(b) = v.downcast::<ByteArray>() {
            let n = b.exports.get();
            b.exports.set(if on { n + 1 } else { n.saturating_sub(1) });
        }
    },
};

impl Vm {
    /// Makes objects of a native type (and its subclasses) buffers.
    pub fn register_buffer(&self, t: &Ref<Type>, procs: BufferProcs) {
        self.module_state(Registry::default)
            .0
            .borrow_mut()
            .push((t.clone(), procs));
    }
}

/// The procedures of a native exporter (memoryviews apart).
pub fn procs_of(vm: &Vm, v: &Value) -> Option<BufferProcs> {
    if v.downcast::<Bytes>().is_some() {
        return Some(BYTES);
    }
    if v.downcast::<ByteArray>().is_some() {
        return Some(BYTEARRAY);
    }
    v.header()?;
    let registry: Rc<Registry> = vm.module_state(Registry::default);

    registry
        .0
        .borrow()
        .iter()
        .find(|(t, _)| vm.is_instance(v, t))
        .map(|(_, p)| *p)
}

/// The bytes of a buffer; `None` for what is no buffer.
pub fn try_bytes_like<'a>(vm: &Vm, v: &'a Value) -> PyResult<Option<Data<'a>>> {
    if let Some(b) = v.downcast::<Bytes>() {
        return Ok(Some(Data::Slice(&b.data)));
    }
    if let Some(b) = v.downcast::<ByteArray>() {
        return Ok(Some(Data::Guard(b.data.borrow())));
    }
    if let Some(b) = (vm.hooks.memoryview_bytes)(vm, v)? {
        return Ok(Some(Data::Owned(b)));
    }
    if let Some(p) = procs_of(vm, v) {
        let mut out = Vec::new();
        (p.read)(v, &mut |b| out.extend_from_slice(b));
        return Ok(Some(Data::Owned(out)));
    }
    if vm.type_of(v).is_heap_type()
        && let Some(view) = vm.call_special(v, &vm.intern("__buffer__"), &[Value::small_int(0)])?
    {
        let Some(out) = (vm.hooks.memoryview_bytes)(vm, &view)? else {
            return Err(vm.type_error("__buffer__ returned non-memoryview object"));
        };
        vm.call_special(v, &vm.intern("__release_buffer__"), &[view])?;
        return Ok(Some(Data::Owned(out)));
    }
    Ok(None)
}

/// The bytes of a buffer, or the TypeError that asks for one.
#[inline]
pub fn bytes_like<'a>(vm: &Vm, v: &'a Value) -> PyResult<Data<'a>> {
    match try_bytes_like(vm, v)? {
        Some(d) => Ok(d),
        None => Err(not_a_buffer(vm, v)),
    }
}

#[cold]
pub fn not_a_buffer(vm: &Vm, v: &Value) -> Exc {
    vm.type_error(format!(
        "a bytes-like object is required, not '{}'",
        vm.type_name(v)
    ))
}
