//! The `memoryview` type over one-dimensional buffers (CPython's Objects/memoryobject.c). `cast` can also give a
//! C-contiguous shape of more dimensions, which can be read by tuple index and as nested lists.
use super::slicing::{slice_adjust, slice_unpack};
use super::util::{OrRaise, has_index};
use lasti_core::memory::{Payload, Ref, Slot, Value};
use lasti_core::model::buffer::{self, BufferInfo, BufferProcs};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::{Exc, PyResult};
use lasti_text::structfmt::{self, Field, Kind};
use std::cell::Cell;

/// A view of an exporter's bytes. While it lives, the exporter keeps its size.
pub struct MemoryView {
    /// The exporter; unbound once released.
    owner: Slot,
    procs: BufferProcs,
    format: String,
    itemsize: usize,
    readonly: bool,
    /// Byte offset of the first item, count of items in all, bytes from one to the next.
    start: usize,
    len: usize,
    stride: isize,
    /// Only for views of other than one dimension.
    shape: Option<Vec<usize>>,
    /// Buffers taken of this view itself.
    exports: Cell<usize>,
    hash: Cell<Option<u64>>,
}

impl Payload for MemoryView {
    const CONTAINER: bool = true;
    const NAME: &'static str = "memoryview";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.owner.visit(visit);
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// The class, which has no place in `Types`.
struct Class(Ref<Type>);

fn class(vm: &Vm) -> Ref<Type> {
    vm.module_state(|| {
        Class(vm.new_native_type::<MemoryView>(
            "memoryview",
            &vm.types.object,
            TypeFlags::SEQUENCE | TypeFlags::WEAKREF,
        ))
    })
    .0
    .clone()
}

pub(crate) fn init(vm: &Vm) {
    let t = &class(vm);
    let doc = "memoryview(object)\n--\n\nCreate a new memoryview object which references the given object.";
    vm.type_attr(t, "__doc__", vm.str_value(doc));
    let s = &t.slots;
    s.new.set(Some(|vm, _, args| {
        let [object] = args.bind(vm, "memoryview", ["object"], 1)?;
        new_memoryview(vm, object.unwrap_or(&Value::NONE))
    }));
    s.repr.set(Some(|vm, v| {
        let word = if vm.this::<MemoryView>(v)?.owner.is_unbound() {
            "released memory"
        } else {
            "memory"
        };
        Ok(vm.str_value(&format!("<{word} at {:#x}>", vm.id(v))))
    }));
    s.hash.set(Some(hash));
    s.richcmp.set(Some(richcmp));
    s.len.set(Some(|vm, v| Ok(this(vm, v)?.first_dim())));
    s.getitem.set(Some(getitem));
    s.setitem.set(Some(setitem));
    s.iter.set(Some(|vm, v| {
        let n = this(vm, v)?.first_dim() as i64;
        let state = vec![v.clone(), vm.new_int(n)];
        Ok(vm.new_native_iter(&vm.types.native_iterator, iter_next, state))
    }));
    init_attrs(vm, t);
    init_methods(vm, t);
    vm.ready_type(t);
    vm.dict_set(&vm.builtins, "memoryview", t.value());
}

fn iter_next(vm: &Vm, it: &Value) -> PyResult<Option<Value>> {
    let it = vm.this::<NativeIter>(it)?;
    let (i, n) = (it.count.get(), it.item(1).as_small_int().unwrap_or(0));
    if i >= n {
        return Ok(None);
    }
    it.count.set(i + 1);
    getitem(vm, &it.item(0), &vm.new_int(i)).map(Some)
}

fn init_attrs(vm: &Vm, t: &Ref<Type>) {
    vm.getset(t, "obj", |vm, v| Ok(this(vm, v)?.owner.get()), None);
    vm.getset(
        t,
        "nbytes",
        |vm, v| {
            let m = this(vm, v)?;
            Ok(vm.new_int((m.len * m.itemsize) as i64))
        },
        None,
    );
    vm.getset(
        t,
        "readonly",
        |vm, v| Ok(Value::bool(this(vm, v)?.readonly)),
        None,
    );
    vm.getset(
        t,
        "itemsize",
        |vm, v| Ok(vm.new_int(this(vm, v)?.itemsize as i64)),
        None,
    );
    vm.getset(
        t,
        "format",
        |vm, v| Ok(vm.str_value(&this(vm, v)?.format)),
        None,
    );
    vm.getset(
        t,
        "ndim",
        |vm, v| Ok(vm.new_int(this(vm, v)?.dims().len() as i64)),
        None,
    );
    vm.getset(
        t,
        "shape",
        |vm, v| {
            let dims = this(vm, v)?.dims();
            Ok(vm
                .new_tuple(
                    dims.into_iter()
                        .map(|n| vm.new_int(n as i64))
                        .collect::<Vec<_>>(),
                )
                .into())
        },
        None,
    );
    vm.getset(
        t,
        "strides",
        |vm, v| {
            let m = this(vm, v)?;
            let mut strides = vec![m.stride as i64];
            if let Some(shape) = &m.shape {
                strides = (0..shape.len())
                    .map(|d| (m.itemsize * shape[d + 1..].iter().product::<usize>()) as i64)
                    .collect();
            }
            Ok(vm
                .new_tuple(
                    strides
                        .into_iter()
                        .map(|n| vm.new_int(n))
                        .collect::<Vec<_>>(),
                )
                .into())
        },
        None,
    );
    vm.getset(
        t,
        "suboffsets",
        |vm, v| {
            this(vm, v)?;
            Ok(vm.empty_tuple.value())
        },
        None,
    );
    for name in ["c_contiguous", "f_contiguous", "contiguous"] {
        vm.getset(
            t,
            name,
            |vm, v| Ok(Value::bool(this(vm, v)?.is_contiguous())),
            None,
        );
    }
}

fn init_methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, METHODS);
    add_methods(vm, t);
}

lasti_core::methods! { METHODS =
    "release" "release($self, /)\n--\n\nRelease the underlying buffer exposed by the memoryview object." release;
    "__enter__" "__enter__($self, /)\n--\n\n" enter;
    "__exit__" "__exit__($self, /, *exc_info)\n--\n\n" exit;
    "tobytes" "tobytes($self, /, order='C')\n--\n\nReturn the data in the buffer as a byte string." tobytes;
    "tolist" "tolist($self, /)\n--\n\nReturn the data in the buffer as a list of elements." tolist;
    "hex" "hex($self, /, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nReturn the data in the buffer as a str of hexadecimal numbers." hex;
    "cast" "cast($self, /, format, shape=<unrepresentable>)\n--\n\nCast a memoryview to a new format or shape." cast;
    "toreadonly" "toreadonly($self, /)\n--\n\nReturn a readonly version of the memoryview." toreadonly;
    "count" "count($self, value, /)\n--\n\nCount the number of occurrences of a value." count;
    "index" "index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nReturn the index of the first occurrence of a value." index;
    "_from_flags" "_from_flags($type, /, object, flags)\n--\n\n" from_flags;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\nSee PEP 585" super::class_getitem;
}

fn release(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "memoryview.release")?;
    let m = vm.this::<MemoryView>(v)?;
    if m.exports.get() > 0 {
        let n = m.exports.get();
        let s = if n == 1 { "" } else { "s" };
        return Err(vm.new_exception(
            &vm.exc.buffer_error,
            format!("memoryview has {n} exported buffer{s}"),
        ));
    }
    m.let_go();
    Ok(Value::NONE)
}

fn enter(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    this(vm, v)?;
    Ok(v.clone())
}

fn exit(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.call_method(v, "release", &[])
}

fn tobytes(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [order] = a.bind(vm, "tobytes", ["order"], 0)?;
    match order {
        Some(o) if !o.is_none() => {
            let Some(s) = o.downcast::<Str>() else {
                let t = vm.type_name(o);
                return Err(vm.type_error(format!(
                    "tobytes() argument 'order' must be str or None, not {t}"
                )));
            };
            if !["C", "F", "A"].iter().any(|x| *s == **x) {
                return Err(vm.value_error("order must be 'C', 'F' or 'A'"));
            }
        }
        _ => {}
    }
    vm.try_new_bytes(this(vm, v)?.to_bytes(vm)?)
}

fn tolist(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "memoryview.tolist")?;
    let m = this(vm, v)?;
    let data = m.to_bytes(vm)?;
    nested(vm, m, &m.dims(), &data)
}

fn hex(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (sep, group) = super::bytes_methods::hex_args(vm, a)?;
    let data = this(vm, v)?.to_bytes(vm)?;
    Ok(vm
        .try_new_wtf8(&super::bytes_methods::hex(vm, &data, sep, group)?)?
        .into())
}

fn toreadonly(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "memoryview.toreadonly")?;
    let m = this(vm, v)?;
    Ok(m.view(
        vm,
        View {
            readonly: true,
            ..m.whole()
        },
    ))
}

fn count(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "memoryview.count")?;
    let mut n = 0;
    vm.for_each(v, |item| {
        n += vm.same(&item, x)? as i64;
        Ok(true)
    })?;
    Ok(vm.new_int(n))
}

fn index(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "index", 1, 3)?;
    let range = super::util::raw_range(vm, a.get(1), a.get(2))?;
    if let Some((start, stop)) = super::util::clip(range, this(vm, v)?.first_dim()) {
        for i in start..stop {
            let item = getitem(vm, v, &vm.new_int(i as i64))?;
            if vm.same(&item, &a[0])? {
                return Ok(vm.new_int(i as i64));
            }
        }
    }
    Err(vm.value_error("memoryview.index(x): x not found"))
}

fn from_flags(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [object, _flags] = a.exactly::<2>(vm, "_from_flags")?;
    new_memoryview(vm, object)
}

/// What changes from a view to one made from it.
struct View {
    format: String,
    itemsize: usize,
    readonly: bool,
    start: usize,
    len: usize,
    stride: isize,
    shape: Option<Vec<usize>>,
}

impl MemoryView {
    fn let_go(&self) {
        let owner = self.owner.take();
        if !owner.is_unbound() {
            (self.procs.export)(&owner, false);
        }
    }
    fn dims(&self) -> Vec<usize> {
        self.shape.clone().unwrap_or_else(|| vec![self.len])
    }
    fn first_dim(&self) -> usize {
        match &self.shape {
            Some(s) => s.first().copied().unwrap_or(1),
            None => self.len,
        }
    }
    fn is_contiguous(&self) -> bool {
        self.stride == self.itemsize as isize || self.len <= 1
    }
    fn whole(&self) -> View {
        View {
            format: self.format.clone(),
            itemsize: self.itemsize,
            readonly: self.readonly,
            start: self.start,
            len: self.len,
            stride: self.stride,
            shape: self.shape.clone(),
        }
    }
    /// Another view of the same exporter.
    fn view(&self, vm: &Vm, v: View) -> Value {
        alloc(vm, self.owner.get(), self.procs, v)
    }
    /// Byte offset of item `i`.
    fn offset(&self, i: usize) -> usize {
        self.start
            .saturating_add_signed(self.stride.saturating_mul(i as isize))
    }
    fn released(&self, vm: &Vm) -> PyResult<()> {
        if self.owner.is_unbound() {
            return Err(vm.value_error("operation forbidden on released memoryview object"));
        }
        Ok(())
    }
    /// The bytes of all items, one behind the other.
    pub(crate) fn to_bytes(&self, vm: &Vm) -> PyResult<Vec<u8>> {
        self.released(vm)?;
        let mut out = vm.try_vec(self.len * self.itemsize)?;
        (self.procs.read)(&self.owner.get(), &mut |data| {
            if self.is_contiguous() {
                out.extend_from_slice(part(data, self.start, self.len * self.itemsize));
            } else {
                (0..self.len)
                    .for_each(|i| out.extend_from_slice(part(data, self.offset(i), self.itemsize)));
            }
        });
        Ok(out)
    }
    /// Writes items one behind the other, from item `first` on, `step` items apart.
    fn write(&self, new: &[u8], at: impl Fn(usize) -> usize) {
        (self.procs.write)(&self.owner.get(), &mut |data| {
            for (i, item) in new.chunks(self.itemsize).enumerate() {
                let from = self.offset(at(i));
                if let Some(to) = data.get_mut(from..from + item.len()) {
                    to.copy_from_slice(item);
                }
            }
        });
    }
    fn field(&self, vm: &Vm) -> PyResult<(Field, structfmt::ByteOrder)> {
        let layout = structfmt::parse(self.format.as_bytes()).ok();
        match layout.as_ref().map(|l| (l.fields.as_slice(), l.order)) {
            Some(([f], order)) if f.size == self.itemsize && self.format.len() <= 2 => {
                Ok((*f, order))
            }
            _ => Err(
                vm.not_implemented_error(format!("memoryview: unsupported format {}", self.format))
            ),
        }
    }
    fn unpack(&self, vm: &Vm, data: &[u8]) -> PyResult<Value> {
        if self.itemsize == 1 && self.format == "B" {
            return Ok(Value::small_int(data.first().copied().unwrap_or(0) as i64));
        }
        let (f, order) = self.field(vm)?;
        Ok(match f.kind {
            Kind::Char => vm.new_bytes(data),
            Kind::Bool => Value::bool(data.iter().any(|b| *b != 0)),
            Kind::Float => vm.new_float(structfmt::unpack_float(data, order)),
            Kind::Signed | Kind::Unsigned | Kind::Pointer => {
                super::int::from_text_int(vm, structfmt::unpack_int(data, f.kind, order))
            }
            _ => {
                return Err(vm.not_implemented_error(format!(
                    "memoryview: format {} not supported",
                    self.format
                )));
            }
        })
    }
    fn pack(&self, vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
        let (f, order) = self.field(vm)?;
        let wrong_type = || {
            vm.type_error(format!(
                "memoryview: invalid type for format '{}'",
                self.format
            ))
        };
        let wrong_value = || {
            vm.value_error(format!(
                "memoryview: invalid value for format '{}'",
                self.format
            ))
        };
        let mut out = vec![0; self.itemsize];
        match f.kind {
            Kind::Char => match v.downcast::<Bytes>() {
                Some(b) if b.data.len() == 1 => out.copy_from_slice(&b.data),
                Some(_) => return Err(wrong_value()),
                None => return Err(wrong_type()),
            },
            Kind::Bool => out[0] = vm.is_true(v)? as u8,
            Kind::Float => {
                let x = vm.to_f64(v).map_err(|e| {
                    if vm.exc_is(&e, &vm.exc.type_error) {
                        wrong_type()
                    } else {
                        e
                    }
                })?;
                structfmt::pack_float(&mut out, order, x).or_raise(vm)?;
            }
            Kind::Signed | Kind::Unsigned | Kind::Pointer => {
                if !has_index(vm, v) {
                    return Err(wrong_type());
                }
                let n = vm.index(v)?;
                let n = super::int::this_num(vm, &n)?.text_int();
                structfmt::pack_int(&mut out, &f, order, &n).map_err(|_| wrong_value())?;
            }
            _ => {
                return Err(vm.not_implemented_error(format!(
                    "memoryview: format {} not supported",
                    self.format
                )));
            }
        }
        Ok(out)
    }
}

/// Bytes at a place, fewer where the exporter has none.
fn part(data: &[u8], start: usize, len: usize) -> &[u8] {
    let end = start.saturating_add(len).min(data.len());
    &data[start.min(end)..end]
}

fn alloc(vm: &Vm, owner: Value, procs: BufferProcs, v: View) -> Value {
    (procs.export)(&owner, true);
    let m = MemoryView {
        owner: Slot::new(owner),
        procs,
        format: v.format,
        itemsize: v.itemsize.max(1),
        readonly: v.readonly,
        start: v.start,
        len: v.len,
        stride: v.stride,
        shape: v.shape,
        exports: Cell::new(0),
        hash: Cell::new(None),
    };
    vm.heap.alloc(&class(vm), m).into()
}

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<MemoryView>> {
    let m = vm.this::<MemoryView>(v)?;
    m.released(vm)?;
    Ok(m)
}

/// `memoryview(object)`.
pub fn new_memoryview(vm: &Vm, object: &Value) -> PyResult<Value> {
    if object.downcast::<MemoryView>().is_some() {
        let m = this(vm, object)?;
        return Ok(m.view(vm, m.whole()));
    }
    if let Some(procs) = buffer::procs_of(vm, object) {
        let BufferInfo {
            format,
            itemsize,
            readonly,
        } = (procs.info)(vm, object)?;
        let mut size = 0;
        (procs.read)(object, &mut |d| size = d.len());
        let itemsize = itemsize.max(1);
        let v = View {
            format,
            itemsize,
            readonly,
            start: 0,
            len: size / itemsize,
            stride: itemsize as isize,
            shape: None,
        };
        return Ok(alloc(vm, object.clone(), procs, v));
    }
    if vm.type_of(object).is_heap_type()
        && let Some(r) =
            vm.call_special(object, &vm.intern("__buffer__"), &[Value::small_int(0x11C)])?
    {
        if r.downcast::<MemoryView>().is_some() {
            return Ok(r);
        }
        return Err(vm.type_error("__buffer__ returned non-memoryview object"));
    }
    Err(vm.type_error(format!(
        "memoryview: a bytes-like object is required, not '{}'",
        vm.type_name(object)
    )))
}

// ---- comparison and hash ----

fn hash(vm: &Vm, v: &Value) -> PyResult<u64> {
    let m = vm.this::<MemoryView>(v)?;
    if let Some(h) = m.hash.get() {
        return Ok(h);
    }
    m.released(vm)?;
    if !m.readonly {
        return Err(vm.value_error("cannot hash writable memoryview object"));
    }
    if !matches!(m.format.trim_start_matches('@'), "B" | "b" | "c") {
        return Err(vm.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    vm.hash(&m.owner.get())?;
    let h = vm.hash_keys.hash_bytes(&m.to_bytes(vm)?);
    m.hash.set(Some(h));
    Ok(h)
}

fn richcmp(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let same = match equal(vm, a, b)? {
        Some(same) => same,
        None => return Ok(Value::NOT_IMPLEMENTED),
    };
    Ok(Value::bool(same == (op == CmpOp::Eq)))
}

fn equal(vm: &Vm, a: &Value, b: &Value) -> PyResult<Option<bool>> {
    let x = vm.this::<MemoryView>(a)?;
    if x.owner.is_unbound() {
        return Ok(Some(a.is(b)));
    }
    if b.downcast::<MemoryView>().is_none() && !is_buffer(vm, b) {
        return Ok(None);
    }
    let other = match b.downcast::<MemoryView>() {
        Some(m) if m.owner.is_unbound() => return Ok(Some(false)),
        Some(_) => b.clone(),
        None => new_memoryview(vm, b)?,
    };
    let y = this(vm, &other)?;
    if x.dims() != y.dims() {
        return Ok(Some(false));
    }
    let (p, q) = (x.to_bytes(vm)?, y.to_bytes(vm)?);
    let integral = |m: &MemoryView| {
        !matches!(
            m.format.trim_start_matches(['@', '=', '<', '>', '!']),
            "f" | "d" | "e"
        )
    };
    if x.format == y.format && integral(x) {
        return Ok(Some(p == q));
    }
    // Other formats compare by value; a NaN differs from itself.
    for (i, j) in p.chunks(x.itemsize).zip(q.chunks(y.itemsize)) {
        let (Ok(i), Ok(j)) = (x.unpack(vm, i), y.unpack(vm, j)) else {
            return Ok(Some(false));
        };
        if !vm.eq(&i, &j)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

// ---- items ----

/// The number of the item an index, or a tuple of them, names.
fn item_number(vm: &Vm, m: &MemoryView, key: &Value) -> PyResult<usize> {
    let dims = m.dims();
    let keys: &[Value] = match key.downcast::<Tuple>() {
        Some(t) => t,
        None => std::slice::from_ref(key),
    };
    if keys.len() < dims.len() {
        return Err(vm.not_implemented_error(
            if keys.len() == 1 && key.downcast::<Tuple>().is_none() {
                "multi-dimensional sub-views are not implemented"
            } else {
                "sub-views are not implemented"
            },
        ));
    }
    if keys.len() > dims.len() {
        return Err(vm.type_error(format!(
            "cannot index {}-dimension view with {}-element tuple",
            dims.len(),
            keys.len()
        )));
    }
    let mut number = 0;
    for (d, (k, n)) in keys.iter().zip(&dims).enumerate() {
        if !has_index(vm, k) {
            return Err(vm.type_error("memoryview: invalid slice key"));
        }
        let msg = format!("index out of bounds on dimension {}", d + 1);
        number = number * n + super::str::item_index(vm, k, *n, &msg)?;
    }
    Ok(number)
}

fn getitem(vm: &Vm, v: &Value, key: &Value) -> PyResult<Value> {
    let m = this(vm, v)?;
    if key.is(&Value::ELLIPSIS) && m.dims().is_empty() {
        return Ok(v.clone());
    }
    if let Some(slice) = key.downcast::<Slice>() {
        if m.shape.is_some() {
            return Err(vm.not_implemented_error("multi-dimensional slicing is not implemented"));
        }
        let raw = slice_unpack(vm, slice)?;
        m.released(vm)?;
        let r = slice_adjust(raw, m.len);
        let start = if r.count == 0 {
            m.start
        } else {
            m.offset(r.start as usize)
        };
        let stride = m.stride.saturating_mul(r.step as isize);
        return Ok(m.view(
            vm,
            View {
                start,
                len: r.count,
                stride,
                ..m.whole()
            },
        ));
    }
    let i = item_number(vm, m, key)?;
    m.released(vm)?;
    let mut item = Vec::new();
    (m.procs.read)(&m.owner.get(), &mut |d| {
        item.extend_from_slice(part(d, m.offset(i), m.itemsize))
    });
    m.unpack(vm, &item)
}

fn setitem(vm: &Vm, v: &Value, key: &Value, value: Option<&Value>) -> PyResult<()> {
    let m = this(vm, v)?;
    if m.readonly {
        return Err(vm.type_error("cannot modify read-only memory"));
    }
    let Some(value) = value else {
        return Err(vm.type_error("cannot delete memory"));
    };
    if let Some(slice) = key.downcast::<Slice>() {
        if m.shape.is_some() {
            return Err(vm.not_implemented_error(
                "memoryview slice assignments are currently restricted to ndim = 1",
            ));
        }
        let raw = slice_unpack(vm, slice)?;
        let source = match value.downcast::<MemoryView>() {
            Some(_) => value.clone(),
            None if is_buffer(vm, value) => new_memoryview(vm, value)?,
            None => return Err(buffer::not_a_buffer(vm, value)),
        };
        let s = this(vm, &source)?;
        m.released(vm)?;
        let r = slice_adjust(raw, m.len);
        if s.format != m.format || s.len != r.count || s.shape.is_some() {
            return Err(vm.value_error(
                "memoryview assignment: lvalue and rvalue have different structures",
            ));
        }
        let new = s.to_bytes(vm)?;
        m.write(&new, |i| (r.start + i as i64 * r.step) as usize);
        return Ok(());
    }
    let i = item_number(vm, m, key)?;
    let new = m.pack(vm, value)?;
    m.released(vm)?;
    m.write(&new, |_| i);
    Ok(())
}

fn nested(vm: &Vm, m: &MemoryView, dims: &[usize], data: &[u8]) -> PyResult<Value> {
    let Some((n, inner)) = dims.split_first() else {
        return m.unpack(vm, data);
    };
    let size = inner.iter().product::<usize>() * m.itemsize;
    let mut out = vm.try_vec(*n)?;
    for i in 0..*n {
        let item = part(data, i * size, size);
        out.push(if inner.is_empty() {
            m.unpack(vm, item)?
        } else {
            nested(vm, m, inner, item)?
        });
    }
    Ok(vm.new_list(out))
}

// ---- cast ----

fn cast(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [format, shape] = args.bind(vm, "cast", ["format", "shape"], 1)?;
    let m = this(vm, v)?;
    let Some(format) = format.and_then(|f| f.downcast::<Str>()) else {
        return Err(vm.type_error("memoryview: format argument must be a string"));
    };
    let format = format.to_string_lossy().into_owned();
    if !m.is_contiguous() {
        return Err(vm.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    let itemsize = native_size(&format).ok_or_else(|| bad_format(vm))?;
    let is_byte = |f: &str| matches!(f.trim_start_matches('@'), "B" | "b" | "c");
    if !is_byte(&m.format) && !is_byte(&format) {
        return Err(vm.type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let size = m.len * m.itemsize;
    if !size.is_multiple_of(itemsize) {
        return Err(vm.type_error("memoryview: length is not a multiple of itemsize"));
    }
    let mut dims = None;
    if let Some(shape) = shape {
        if shape.downcast::<List>().is_none() && shape.downcast::<Tuple>().is_none() {
            return Err(vm.type_error("shape must be a list or a tuple"));
        }
        let mut list = Vec::new();
        for n in vm.collect(shape)? {
            if !vm.is_int(&n) {
                return Err(vm.type_error("memoryview.cast(): elements of shape must be integers"));
            }
            match usize::try_from(vm.to_i64_clamped(&n)?) {
                Ok(n) if n > 0 => list.push(n),
                _ => {
                    return Err(
                        vm.value_error("memoryview.cast(): elements of shape must be integers > 0")
                    );
                }
            }
        }
        let total = list.iter().try_fold(itemsize, |t, n| t.checked_mul(*n));
        if total != Some(size) {
            return Err(vm.type_error("memoryview: product(shape) * itemsize != buffer size"));
        }
        dims = (list.len() != 1).then_some(list);
    }
    Ok(m.view(
        vm,
        View {
            format,
            itemsize,
            len: size / itemsize,
            stride: itemsize as isize,
            shape: dims,
            ..m.whole()
        },
    ))
}

fn bad_format(vm: &Vm) -> Exc {
    vm.value_error(
        "memoryview: destination format must be a native single character format prefixed with an optional '@'",
    )
}

/// Size of one item of a native single character format.
fn native_size(format: &str) -> Option<usize> {
    Some(match format.strip_prefix('@').unwrap_or(format) {
        "c" | "b" | "B" | "?" => 1,
        "h" | "H" | "e" => 2,
        "i" | "I" | "f" => 4,
        "l" | "L" | "q" | "Q" | "n" | "N" | "d" | "P" => 8,
        _ => return None,
    })
}

/// Whether the value has a buffer.
pub(crate) fn is_buffer(vm: &Vm, v: &Value) -> bool {
    buffer::procs_of(vm, v).is_some()
        || v.downcast::<MemoryView>().is_some()
        || vm.type_of(v).is_heap_type()
            && vm.type_of(v).lookup(vm, &vm.intern("__buffer__")).is_some()
}

/// `__buffer__` and `__release_buffer__` of a native exporter (PEP 688).
pub(crate) fn add_methods(vm: &Vm, t: &Ref<Type>) {
    let doc = "__buffer__($self, flags, /)\n--\n\nReturn a buffer object that exposes the underlying memory of the object.";
    vm.method(t, "__buffer__", doc, |vm, v, a| {
        let [flags] = a.exactly::<1>(vm, "__buffer__")?;
        let flags = vm.to_bigint(flags)?;
        let Ok(flags) = i32::try_from(&flags) else {
            return Err(vm.overflow_error("buffer flags out of range"));
        };
        let view = new_memoryview(vm, v)?;
        // PyBUF_WRITABLE
        if flags & 1 != 0 && view.downcast::<MemoryView>().is_some_and(|m| m.readonly) {
            let message = match v.downcast::<MemoryView>() {
                Some(_) => "memoryview: underlying buffer is not writable",
                None => "Object is not writable.",
            };
            return Err(vm.new_exception(&vm.exc.buffer_error, message));
        }
        Ok(view)
    });
    if t.is(&vm.types.bytes) {
        return;
    }
    let doc = "__release_buffer__($self, buffer, /)\n--\n\nRelease the buffer object that exposes the underlying memory of the object.";
    vm.method(t, "__release_buffer__", doc, |vm, _, a| {
        let [view] = a.exactly::<1>(vm, "__release_buffer__")?;
        if view.downcast::<MemoryView>().is_none() {
            return Err(vm.type_error("expected a memoryview object"));
        }
        vm.call_method(view, "release", &[])
    });
}

/// The bytes of a memoryview; None for another value.
pub(crate) fn bytes_of(vm: &Vm, v: &Value) -> PyResult<Option<Vec<u8>>> {
    v.downcast::<MemoryView>()
        .map(|m| m.to_bytes(vm))
        .transpose()
}
