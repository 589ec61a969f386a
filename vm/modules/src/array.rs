//! `array` (CPython's Modules/arraymodule.c): items as their machine bytes, one block, which is a buffer.
use crate::util::*;
use lasti_builtins::slicing::{SliceRange, slice_adjust, slice_unpack};
use lasti_core::buffer::{BufferInfo, BufferProcs};
use std::ops::Range;

struct Array {
    code: u8,
    data: RefCell<Vec<u8>>,
    /// Views that are open: the size must stay while there are any.
    exports: Cell<usize>,
}
impl Payload for Array {
    const NAME: &'static str = "array.array";
}

struct ArrayIter {
    array: RefSlot<Array>,
    at: Cell<usize>,
}
payload!(ArrayIter, "array.arrayiterator", array);

const CODES: &str = "bBuwhHiIlLqQfd";

fn width(code: u8) -> usize {
    match code {
        b'b' | b'B' => 1,
        b'h' | b'H' => 2,
        b'l' | b'L' | b'q' | b'Q' | b'd' => 8,
        _ => 4,
    }
}

impl Array {
    fn width(&self) -> usize {
        width(self.code)
    }
    fn len(&self) -> usize {
        self.data.borrow().len() / self.width()
    }
    fn item(&self, vm: &Vm, i: usize) -> PyResult<Option<Value>> {
        let w = self.width();
        let data = self.data.borrow();
        match data.get(i * w..(i + 1) * w) {
            Some(b) => unpack(vm, self.code, b).map(Some),
            None => Ok(None),
        }
    }
    fn items(&self, vm: &Vm) -> PyResult<Vec<Value>> {
        let data = self.data.borrow();
        data.chunks_exact(self.width())
            .map(|b| unpack(vm, self.code, b))
            .collect()
    }
    /// Bytes for a change of the size.
    fn resize(&self, vm: &Vm) -> PyResult<std::cell::RefMut<'_, Vec<u8>>> {
        if self.exports.get() > 0 {
            let msg = "cannot resize an array that is exporting buffers";
            return Err(vm.new_exception(&vm.exc.buffer_error, msg));
        }
        Ok(self.data.borrow_mut())
    }
    fn bytes(&self, items: Range<usize>) -> Range<usize> {
        items.start * self.width()..items.end * self.width()
    }
}

fn unpack(vm: &Vm, code: u8, b: &[u8]) -> PyResult<Value> {
    let mut raw = [0; 8];
    raw[..b.len()].copy_from_slice(b);
    let n = u64::from_le_bytes(if cfg!(target_endian = "big") {
        raw.reverse();
        raw
    } else {
        raw
    });
    Ok(match code {
        b'b' => vm.new_int(n as i8 as i64),
        b'h' => vm.new_int(n as i16 as i64),
        b'i' => vm.new_int(n as i32 as i64),
        b'l' | b'q' => vm.new_int(n as i64),
        b'f' => vm.new_float(f32::from_bits(n as u32) as f64),
        b'd' => vm.new_float(f64::from_bits(n)),
        b'u' | b'w' => match char::from_u32(n as u32) {
            Some(c) => vm.str_value(c.encode_utf8(&mut [0; 4])),
            None => {
                return Err(vm.value_error(format!(
                    "character U+{n:x} is not in range [U+0000; U+10ffff]"
                )));
            }
        },
        _ => vm.new_uint(n),
    })
}

/// The bounds of an integer code, and what CPython's messages call it.
fn bounds(code: u8) -> (i128, i128, &'static str) {
    match code {
        b'b' => (i8::MIN as i128, i8::MAX as i128, "signed char"),
        b'B' => (0, u8::MAX as i128, "unsigned byte integer"),
        b'h' => (i16::MIN as i128, i16::MAX as i128, "signed short integer"),
        b'H' => (0, u16::MAX as i128, "unsigned short"),
        b'i' => (i32::MIN as i128, i32::MAX as i128, "signed integer"),
        b'I' => (0, u32::MAX as i128, "unsigned int"),
        b'l' | b'q' => (i64::MIN as i128, i64::MAX as i128, "int"),
        _ => (0, u64::MAX as i128, "unsigned long"),
    }
}

fn pack(vm: &Vm, code: u8, v: &Value) -> PyResult<Vec<u8>> {
    let w = width(code);
    let bits = match code {
        b'f' => (vm.to_f64(v)? as f32).to_bits() as u64,
        b'd' => vm.to_f64(v)?.to_bits(),
        b'u' | b'w' => {
            let text = match v.downcast::<Str>() {
                Some(s) => s.to_string_lossy().into_owned(),
                None => {
                    let t = vm.type_name(v);
                    return Err(
                        vm.type_error(format!("array item must be a unicode character, not {t}"))
                    );
                }
            };
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => c as u64,
                _ => {
                    let n = text.chars().count();
                    return Err(vm.type_error(format!(
                        "array item must be a string of length 1, not a string of length {n}"
                    )));
                }
            }
        }
        _ => {
            if v.downcast::<Str>().is_some() || matches!(v.unpack(), Unpacked::Float(_)) {
                let t = vm.type_name(v);
                return Err(
                    vm.type_error(format!("'{t}' object cannot be interpreted as an integer"))
                );
            }
            let big = vm.to_bigint(&vm.index(v)?)?;
            let (low, high, name) = bounds(code);
            match i128::try_from(big.clone()) {
                Ok(n) if n < low => {
                    let msg = if low == 0 && w == 8 {
                        "can't convert negative value to unsigned int".to_owned()
                    } else {
                        format!("{name} is less than minimum")
                    };
                    return Err(vm.overflow_error(msg));
                }
                Ok(n) if n <= high => n as u64,
                _ if w == 8 => {
                    return Err(vm.overflow_error("Python int too large to convert to C long"));
                }
                _ => return Err(vm.overflow_error(format!("{name} is greater than maximum"))),
            }
        }
    };
    let all = bits.to_le_bytes();
    let mut out = all[..w].to_vec();
    if cfg!(target_endian = "big") {
        out.reverse();
    }
    Ok(out)
}

struct Types {
    array: Ref<Type>,
    iter: Ref<Type>,
}

fn types(vm: &Vm) -> std::rc::Rc<Types> {
    vm.module_state(|| Types {
        array: array_type(vm),
        iter: iter_type(vm),
    })
}

fn new_array(vm: &Vm, class: &Ref<Type>, code: u8, data: Vec<u8>) -> Value {
    let a = Array {
        code,
        data: RefCell::new(data),
        exports: Cell::new(0),
    };
    vm.heap.alloc(class, a).into()
}

fn plain(vm: &Vm, code: u8, data: Vec<u8>) -> Value {
    new_array(vm, &types(vm).array, code, data)
}

fn make(vm: &Vm, class: &Ref<Type>, a: Args) -> PyResult<Value> {
    // A subclass may have keywords of its own.
    if class.is(&types(vm).array) && !a.names.is_empty() {
        return Err(vm.type_error("array.array() takes no keyword arguments"));
    }
    let pos = Args::pos(a.pos).between(vm, "array", 1, 2)?;
    let wrong = || {
        let is = match pos[0].downcast::<Str>() {
            Some(s) => format!("a string of length {}", s.char_len()),
            None => vm.type_name(&pos[0]),
        };
        vm.type_error(format!(
            "array() argument 1 must be a unicode character, not {is}"
        ))
    };
    let code = text(&pos[0]).ok_or_else(wrong)?;
    let mut chars = code.chars();
    let code = match (chars.next(), chars.next()) {
        (Some(c), None) => c,
        _ => return Err(wrong()),
    };
    if !CODES.contains(code) {
        return Err(
            vm.value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)")
        );
    }
    let code = code as u8;
    let made = new_array(vm, class, code, Vec::new());
    let a = vm.this::<Array>(&made)?;
    let Some(start) = pos.get(1) else {
        return Ok(made);
    };
    if start.downcast::<Bytes>().is_some() || start.downcast::<ByteArray>().is_some() {
        append_bytes(vm, a, &vm.buffer(start)?)?;
    } else if start.downcast::<Str>().is_some() && !matches!(code, b'u' | b'w') {
        return Err(vm.type_error(format!(
            "cannot use a str to initialize an array with typecode '{}'",
            code as char
        )));
    } else if let Some(other) = start.downcast::<Array>().filter(|o| o.code != code) {
        if matches!(other.code, b'u' | b'w') && !matches!(code, b'u' | b'w') {
            return Err(vm.type_error(format!(
                "cannot use a unicode array to initialize an array with typecode '{}'",
                code as char
            )));
        }
        for x in other.items(vm)? {
            let b = pack(vm, code, &x)?;
            vm.extend(&mut *a.resize(vm)?, &b)?;
        }
    } else {
        extend(vm, a, start)?;
    }
    Ok(made)
}

fn append_bytes(vm: &Vm, a: &Array, bytes: &[u8]) -> PyResult<()> {
    if !bytes.len().is_multiple_of(a.width()) {
        return Err(vm.value_error("bytes length not a multiple of item size"));
    }
    vm.extend(&mut *a.resize(vm)?, bytes)?;
    Ok(())
}

fn extend(vm: &Vm, a: &Ref<Array>, v: &Value) -> PyResult<()> {
    if let Some(other) = v.downcast::<Array>() {
        if other.code != a.code {
            return Err(vm.type_error("can only extend with array of same kind"));
        }
        let more = vm.copy_of(&other.data.borrow())?;
        vm.extend(&mut *a.resize(vm)?, &more)?;
        return Ok(());
    }
    vm.for_each(v, |x| {
        let before = a.len();
        let b = pack(vm, a.code, &x)?;
        append(vm, a, before, &b)?;
        Ok(true)
    })
}

fn position(vm: &Vm, a: &Array, k: &Value, msg: &str) -> PyResult<usize> {
    let index = vm.index(k)?;
    let i = vm.to_i64(&index).map_err(|_| {
        let t = vm.type_name(k);
        vm.index_error(format!("cannot fit '{t}' into an index-sized integer"))
    })?;
    wrap_index(i, a.len()).ok_or_else(|| vm.index_error(msg))
}

/// The items of a slice. The length is taken when Python has run.
fn slice_of(vm: &Vm, a: &Array, k: &Slice) -> PyResult<SliceRange> {
    let raw = slice_unpack(vm, k)?;
    Ok(slice_adjust(raw, a.len()))
}

fn get(vm: &Vm, v: &Value, k: &Value) -> PyResult<Value> {
    let a = vm.this::<Array>(v)?;
    let Some(slice) = k.downcast::<Slice>() else {
        if k.downcast::<Str>().is_some() {
            return Err(vm.type_error("array indices must be integers"));
        }
        let i = position(vm, a, k, "array index out of range")?;
        return a
            .item(vm, i)?
            .ok_or_else(|| vm.index_error("array index out of range"));
    };
    let r = slice_of(vm, a, slice)?;
    let data = a.data.borrow();
    let mut out = vm.try_vec(r.count * a.width())?;
    for at in r.indices() {
        out.extend_from_slice(&data[a.bytes(at..at + 1)]);
    }
    Ok(plain(vm, a.code, out))
}

fn set(vm: &Vm, v: &Value, k: &Value, x: Option<&Value>) -> PyResult<()> {
    let a = vm.this::<Array>(v)?;
    let Some(slice) = k.downcast::<Slice>() else {
        let i = position(vm, a, k, "array assignment index out of range")?;
        match x {
            Some(x) => {
                let b = pack(vm, a.code, x)?;
                let at = a.bytes(i..i + 1);
                match a.data.borrow_mut().get_mut(at) {
                    Some(slot) => slot.copy_from_slice(&b),
                    None => return Err(vm.index_error("array assignment index out of range")),
                }
            }
            None => drop(a.resize(vm)?.drain(a.bytes(i..i + 1))),
        }
        return Ok(());
    };
    let r = slice_of(vm, a, slice)?;
    let new = match x {
        None => Vec::new(),
        Some(x) => match x.downcast::<Array>() {
            Some(other) if other.code == a.code => vm.copy_of(&other.data.borrow())?,
            Some(_) => return Err(vm.type_error("bad argument type for built-in operation")),
            None => {
                let t = vm.type_name(x);
                return Err(vm.type_error(format!(
                    "can only assign array (not \"{t}\") to array slice"
                )));
            }
        },
    };
    let w = a.width();
    if r.step == 1 {
        let at = a.bytes(r.start as usize..r.start as usize + r.count);
        if new.len() == at.len() {
            a.data.borrow_mut()[at].copy_from_slice(&new);
        } else {
            let mut data = a.resize(vm)?;
            vm.reserve(&mut data, new.len())?;
            data.splice(at, new);
        }
        return Ok(());
    }
    let mut places = vm.try_vec(r.count)?;
    places.extend(r.indices());
    // As in CPython, nothing assigned deletes.
    if new.is_empty() {
        places.sort_unstable();
        let mut data = a.resize(vm)?;
        for i in places.into_iter().rev() {
            data.drain(a.bytes(i..i + 1));
        }
        return Ok(());
    }
    if new.len() / w != r.count {
        return Err(vm.value_error(format!(
            "attempt to assign array of size {} to extended slice of size {}",
            new.len() / w,
            r.count
        )));
    }
    let mut data = a.data.borrow_mut();
    for (i, b) in places.into_iter().zip(new.chunks_exact(w)) {
        data[a.bytes(i..i + 1)].copy_from_slice(b);
    }
    Ok(())
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let a = vm.this::<Array>(v)?;
    let name = vm.type_name(v);
    let code = a.code as char;
    if a.len() == 0 {
        return Ok(vm.str_value(&format!("{name}('{code}')")));
    }
    let items = match a.code {
        b'u' | b'w' => to_text(vm, a)?,
        _ => vm.new_list(a.items(vm)?),
    };
    let shown = vm.repr_string(&items)?;
    Ok(vm.str_value(&format!("{name}('{code}', {shown})")))
}

fn to_text(vm: &Vm, a: &Array) -> PyResult<Value> {
    if !matches!(a.code, b'u' | b'w') {
        return Err(
            vm.value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')")
        );
    }
    let items = a.items(vm)?;
    let all: String = items.iter().filter_map(text).collect();
    Ok(vm.str_value(&all))
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<Value> {
    let (Some(x), Some(y)) = (a.downcast::<Array>(), b.downcast::<Array>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (x, y) = (vm.new_list(x.items(vm)?), vm.new_list(y.items(vm)?));
    vm.compare(&x, &y, op)
}

fn find(vm: &Vm, a: &Array, x: &Value) -> PyResult<Option<usize>> {
    let mut i = 0;
    while let Some(item) = a.item(vm, i)? {
        if vm.eq(&item, x)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

fn repeat(vm: &Vm, a: &Array, n: &Value) -> PyResult<Option<Vec<u8>>> {
    if !vm.is_int(n) && vm.type_of(n).slots.index.get().is_none() {
        return Ok(None);
    }
    let n = vm.to_i64(n)?.max(0) as usize;
    let data = a.data.borrow();
    if data
        .len()
        .checked_mul(n)
        .is_none_or(|n| n > isize::MAX as usize / 2)
    {
        return Err(vm.memory_error());
    }
    let mut out = vm.try_vec(data.len() * n)?;
    // Nothing is nothing however often, and the number may be huge.
    if !data.is_empty() {
        for _ in 0..n {
            out.extend_from_slice(&data);
        }
    }
    Ok(Some(out))
}

fn iter_type(vm: &Vm) -> Ref<Type> {
    let t =
        vm.new_native_type::<ArrayIter>("array.arrayiterator", &vm.types.object, TypeFlags::NO_NEW);
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(|vm, v| {
        let it = vm.this::<ArrayIter>(v)?;
        let Some(a) = it.array.get() else {
            return Ok(None);
        };
        let item = a.item(vm, it.at.get())?;
        match item {
            Some(_) => it.at.set(it.at.get() + 1),
            None => it.array.set(None),
        }
        Ok(item)
    }));
    vm.ready_type(&t);
    t
}

fn array_type(vm: &Vm) -> Ref<Type> {
    let flags = TypeFlags::BASE | TypeFlags::WEAKREF | TypeFlags::SEQUENCE;
    let t = vm.new_native_type::<Array>("array.array", &vm.types.object, flags);
    let s = &t.slots;
    s.new.set(Some(make));
    s.init.set(Some(|_, _, _| Ok(())));
    s.len.set(Some(|vm, v| Ok(vm.this::<Array>(v)?.len())));
    s.getitem.set(Some(get));
    s.setitem.set(Some(set));
    s.repr.set(Some(repr));
    s.richcmp.set(Some(compare));
    s.contains.set(Some(|vm, v, x| {
        Ok(find(vm, vm.this::<Array>(v)?, x)?.is_some())
    }));
    s.iter.set(Some(|vm, v| {
        let it = ArrayIter {
            array: RefSlot::new(Some(vm.this::<Array>(v)?.clone())),
            at: Cell::new(0),
        };
        Ok(vm.heap.alloc(&types(vm).iter, it).into())
    }));
    s.binary[BinOp::Add as usize].set(Some(|vm, a, b| {
        let Some(x) = a.downcast::<Array>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        match b.downcast::<Array>() {
            Some(y) if y.code == x.code => {
                let (a, b) = (x.data.borrow(), y.data.borrow());
                let mut all = vm.try_vec(a.len() + b.len())?;
                all.extend_from_slice(&a);
                all.extend_from_slice(&b);
                Ok(plain(vm, x.code, all))
            }
            Some(_) => Err(vm.type_error("bad argument type for built-in operation")),
            None => Err(vm.type_error(format!(
                "can only append array (not \"{}\") to array",
                vm.type_name(b)
            ))),
        }
    }));
    s.binary[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let (x, n) = if a.downcast::<Array>().is_some() {
            (a, b)
        } else {
            (b, a)
        };
        let x = vm.this::<Array>(x)?;
        Ok(match repeat(vm, x, n)? {
            Some(data) => plain(vm, x.code, data),
            None => Value::NOT_IMPLEMENTED,
        })
    }));
    s.inplace[BinOp::Add as usize].set(Some(|vm, a, b| {
        if b.downcast::<Array>().is_none() {
            let t = vm.type_name(b);
            return Err(vm.type_error(format!("can only extend array with array (not \"{t}\")")));
        }
        extend(vm, vm.this::<Array>(a)?, b)?;
        Ok(a.clone())
    }));
    s.inplace[BinOp::Mul as usize].set(Some(|vm, a, b| {
        let x = vm.this::<Array>(a)?;
        match repeat(vm, x, b)? {
            Some(data) => *x.resize(vm)? = data,
            None => return Ok(Value::NOT_IMPLEMENTED),
        }
        Ok(a.clone())
    }));
    vm.register_buffer(
        &t,
        BufferProcs {
            info: |vm, v| {
                let a = vm.this::<Array>(v)?;
                // The two kinds of characters are four bytes wide.
                let format = if a.code == b'u' { 'w' } else { a.code as char };
                Ok(BufferInfo {
                    format: format.to_string(),
                    itemsize: a.width(),
                    readonly: false,
                })
            },
            read: |v, f| {
                if let Some(a) = v.downcast::<Array>() {
                    f(&a.data.borrow());
                }
            },
            write: |v, f| {
                if let Some(a) = v.downcast::<Array>()
                    && let Ok(mut data) = a.data.try_borrow_mut()
                {
                    f(&mut data);
                }
            },
            export: |v, on| {
                if let Some(a) = v.downcast::<Array>() {
                    let n = a.exports.get();
                    a.exports.set(if on { n + 1 } else { n.saturating_sub(1) });
                }
            },
        },
    );
    vm.getset(
        &t,
        "typecode",
        |vm, v| Ok(vm.str_value(&(vm.this::<Array>(v)?.code as char).to_string())),
        None,
    );
    vm.getset(
        &t,
        "itemsize",
        |vm, v| Ok(vm.new_int(vm.this::<Array>(v)?.width() as i64)),
        None,
    );
    vm.add_methods(&t, ARRAY_TYPE_METHODS);
    changes(vm, &t);
    conversions(vm, &t);
    vm.ready_type(&t);
    t
}

lasti_core::methods! { ARRAY_TYPE_METHODS =
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

/// IndexError where converting an item changed the array's length.
fn check_unchanged(vm: &Vm, a: &Array, before: usize) -> PyResult<()> {
    if a.len() == before {
        Ok(())
    } else {
        Err(vm.index_error("array assignment index out of range"))
    }
}

/// Appends the bytes of items that were converted when the array had `before` items.
fn append(vm: &Vm, a: &Array, before: usize, items: &[u8]) -> PyResult<()> {
    check_unchanged(vm, a, before)?;
    vm.extend(&mut *a.resize(vm)?, items)
}

/// Methods that change an array or look into it.
fn changes(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, CHANGES_METHODS);
}

lasti_core::methods! { CHANGES_METHODS =
    "append" "append($self, v, /)\n--\n\n" append_method;
    "extend" "extend($self, bb, /)\n--\n\n" extend_method;
    "insert" "insert($self, i, v, /)\n--\n\n" insert;
    "pop" "pop($self, i=-1, /)\n--\n\n" pop;
    "remove" "remove($self, v, /)\n--\n\n" remove;
    "clear" "clear($self, /)\n--\n\n" clear;
    "index" "index($self, v, start=0, stop=sys.maxsize, /)\n--\n\n" index;
    "count" "count($self, v, /)\n--\n\n" count;
    "reverse" "reverse($self, /)\n--\n\n" reverse;
    "byteswap" "byteswap($self, /)\n--\n\n" byteswap;
}

fn append_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "array.append")?;
    let array = vm.this::<Array>(v)?;
    let before = array.len();
    let b = pack(vm, array.code, x)?;
    append(vm, array, before, &b)?;
    Ok(Value::NONE)
}

fn extend_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "array.extend")?;
    extend(vm, vm.this::<Array>(v)?, x)?;
    Ok(Value::NONE)
}

fn insert(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [i, x] = a.exactly::<2>(vm, "insert")?;
    let array = vm.this::<Array>(v)?;
    let i = vm.to_i64(i)?;
    let before = array.len();
    let b = pack(vm, array.code, x)?;
    check_unchanged(vm, array, before)?;
    let at = clamp_index(i, before) * array.width();
    let mut data = array.resize(vm)?;
    vm.reserve(&mut data, b.len())?;
    data.splice(at..at, b);
    Ok(Value::NONE)
}

fn pop(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "pop", 0, 1)?;
    let array = vm.this::<Array>(v)?;
    let i = pos.first().map_or(Ok(-1), |i| vm.to_i64(i))?;
    if array.len() == 0 {
        return Err(vm.index_error("pop from empty array"));
    }
    let i = wrap_index(i, array.len()).ok_or_else(|| vm.index_error("pop index out of range"))?;
    let x = array.item(vm, i)?.unwrap_or(Value::NONE);
    array.resize(vm)?.drain(array.bytes(i..i + 1));
    Ok(x)
}

fn remove(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "array.remove")?;
    let array = vm.this::<Array>(v)?;
    match find(vm, array, x)? {
        Some(i) => drop(array.resize(vm)?.drain(array.bytes(i..i + 1))),
        None => return Err(vm.value_error("array.remove(x): x not in array")),
    }
    Ok(Value::NONE)
}

fn clear(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "clear")?;
    vm.this::<Array>(v)?.resize(vm)?.clear();
    Ok(Value::NONE)
}

fn index(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "index", 1, 3)?;
    let array = vm.this::<Array>(v)?;
    let bound = |i: usize, default: usize| {
        pos.get(i).map_or(Ok(default), |n| {
            Ok::<_, Exc>(clamp_index(vm.to_i64_clamped(n)?, array.len()))
        })
    };
    for i in bound(1, 0)?..bound(2, usize::MAX)? {
        match array.item(vm, i)? {
            Some(item) if vm.eq(&item, &pos[0])? => return Ok(vm.new_int(i as i64)),
            Some(_) => {}
            None => break,
        }
    }
    Err(vm.value_error("array.index(x): x not in array"))
}

fn count(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "array.count")?;
    let mut n = 0;
    for item in vm.this::<Array>(v)?.items(vm)? {
        n += vm.eq(&item, x)? as i64;
    }
    Ok(vm.new_int(n))
}

fn reverse(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "reverse")?;
    let array = vm.this::<Array>(v)?;
    let mut data = array.data.borrow_mut();
    data.reverse();
    for item in data.chunks_exact_mut(array.width()) {
        item.reverse();
    }
    Ok(Value::NONE)
}

fn byteswap(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "byteswap")?;
    let array = vm.this::<Array>(v)?;
    for item in array.data.borrow_mut().chunks_exact_mut(array.width()) {
        item.reverse();
    }
    Ok(Value::NONE)
}

/// Methods from and to other things.
fn conversions(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, CONVERSIONS_METHODS);
}

lasti_core::methods! { CONVERSIONS_METHODS =
    "__copy__" "__copy__($self, /)\n--\n\n" copy;
    "__deepcopy__" "__deepcopy__($self, unused, /)\n--\n\n" copy;
    "tobytes" "tobytes($self, /)\n--\n\n" tobytes;
    "frombytes" "frombytes($self, buffer, /)\n--\n\n" frombytes;
    "tolist" "tolist($self, /)\n--\n\n" tolist;
    "fromlist" "fromlist($self, list, /)\n--\n\n" fromlist;
    "tounicode" "tounicode($self, /)\n--\n\n" tounicode;
    "fromunicode" "fromunicode($self, ustr, /)\n--\n\n" fromunicode;
    "tofile" "tofile($self, f, /)\n--\n\n" tofile;
    "fromfile" "fromfile($self, f, n, /)\n--\n\n" fromfile;
    "buffer_info" "buffer_info($self, /)\n--\n\n" buffer_info;
    "__reduce_ex__" "__reduce_ex__($self, value, /)\n--\n\n" reduce_ex;
}

fn copy(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let a = vm.this::<Array>(v)?;
    Ok(plain(vm, a.code, a.data.borrow().clone()))
}

fn tobytes(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "tobytes")?;
    vm.try_new_bytes(vm.this::<Array>(v)?.data.borrow().clone())
}

fn frombytes(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [b] = a.exactly::<1>(vm, "array.frombytes")?;
    append_bytes(vm, vm.this::<Array>(v)?, &vm.buffer(b)?)?;
    Ok(Value::NONE)
}

fn tolist(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "tolist")?;
    Ok(vm.new_list(vm.this::<Array>(v)?.items(vm)?))
}

fn fromlist(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [list] = a.exactly::<1>(vm, "array.fromlist")?;
    if list.downcast::<List>().is_none() {
        return Err(vm.type_error("arg must be list"));
    }
    let array = vm.this::<Array>(v)?;
    // All or nothing.
    let before = array.len();
    let mut all = Vec::new();
    for x in vm.collect(list)? {
        all.extend(pack(vm, array.code, &x)?);
    }
    append(vm, array, before, &all)?;
    Ok(Value::NONE)
}

fn tounicode(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "tounicode")?;
    to_text(vm, vm.this::<Array>(v)?)
}

fn fromunicode(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [s] = a.exactly::<1>(vm, "array.fromunicode")?;
    let array = vm.this::<Array>(v)?;
    vm.expect_str(s, "fromunicode() argument")?;
    if !matches!(array.code, b'u' | b'w') {
        return Err(
            vm.value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')")
        );
    }
    extend(vm, array, s)?;
    Ok(Value::NONE)
}

fn tofile(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [file] = a.exactly::<1>(vm, "array.tofile")?;
    let data = vm.this::<Array>(v)?.data.borrow().clone();
    if data.is_empty() {
        return Ok(Value::NONE);
    }
    vm.call_method(file, "write", &[vm.new_bytes(data)])?;
    Ok(Value::NONE)
}

fn fromfile(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [file, n] = a.exactly::<2>(vm, "array.fromfile")?;
    let array = vm.this::<Array>(v)?;
    let n = vm.to_i64(n)?;
    if n < 0 {
        return Err(vm.value_error("negative count"));
    }
    let wanted = n.saturating_mul(array.width() as i64);
    let read = vm.call_method(file, "read", &[vm.new_int(wanted)])?;
    if read.downcast::<Bytes>().is_none() {
        return Err(vm.type_error("read() didn't return bytes"));
    }
    let bytes = vm.buffer(&read)?;
    append_bytes(vm, array, &bytes)?;
    if (bytes.len() as i64) < wanted {
        let msg = "read() didn't return enough bytes";
        return Err(vm.new_exception(&vm.exc.eof_error, msg));
    }
    Ok(Value::NONE)
}

fn buffer_info(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "buffer_info")?;
    let array = vm.this::<Array>(v)?;
    let address = array.data.borrow().as_ptr() as u64;
    Ok(vm.tuple_value([vm.new_uint(address), vm.new_int(array.len() as i64)]))
}

fn reduce_ex(vm: &Vm, v: &Value, args: Args) -> PyResult<Value> {
    let [protocol] = args.exactly::<1>(vm, "array.__reduce_ex__")?;
    let a = vm.this::<Array>(v)?;
    let code = vm.str_value(&(a.code as char).to_string());
    let state = vm.lookup_attr(v, &vm.intern("__dict__"))?;
    let state = state.unwrap_or(Value::NONE);
    let class = vm.type_of(v).value();
    if vm.to_i64(protocol)? < 3 {
        let args = vm.tuple_value([code, vm.new_list(a.items(vm)?)]);
        return Ok(vm.tuple_value([class, args, state]));
    }
    let module = vm.import("array")?;
    let f = vm.getattr_str(&module, "_array_reconstructor")?;
    let items = vm.new_bytes(a.data.borrow().clone());
    let format = vm.new_int(machine_format(a.code));
    let args = vm.tuple_value([class, code, format, items]);
    Ok(vm.tuple_value([f, args, state]))
}

/// The codes that pickles use for the layout of items, in pairs of little and big endian.
const FORMATS: [(u8, i64); 9] = [
    (b'H', 2),
    (b'h', 4),
    (b'I', 6),
    (b'i', 8),
    (b'Q', 10),
    (b'q', 12),
    (b'f', 14),
    (b'd', 16),
    (b'w', 20),
];

fn machine_format(code: u8) -> i64 {
    let code = match code {
        b'B' => return 0,
        b'b' => return 1,
        b'l' => b'q',
        b'L' => b'Q',
        b'u' => b'w',
        c => c,
    };
    let found = FORMATS.iter().find(|f| f.0 == code);
    found.map_or(0, |f| f.1 + cfg!(target_endian = "big") as i64)
}

/// `_array_reconstructor(type, typecode, format, bytes)`: what pickles of arrays call, also those of other machines.
fn reconstruct(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [class, code, format, items] = a.exactly::<4>(vm, "_array_reconstructor")?;
    let Some(t) = class.as_ref::<Type>() else {
        let t = vm.type_name(class);
        return Err(vm.type_error(format!("first argument must be a type object, not {t}")));
    };
    if !t.is_subtype(&types(vm).array) {
        return Err(vm.type_error(format!("{} is not a subtype of array.array", t.name())));
    }
    let letter = text_arg(vm, code, "_array_reconstructor() argument 2")?;
    let known = letter.len() == 1 && CODES.contains(&letter);
    if !known {
        return Err(vm.value_error("second argument must be a valid type code"));
    }
    let format = vm.to_i64(format)?;
    let source = match format {
        0 => b'B',
        1 => b'b',
        _ => match FORMATS.iter().find(|f| f.1 == format & !1) {
            Some(f) => f.0,
            None => {
                return Err(vm.value_error("third argument must be a valid machine format code."));
            }
        },
    };
    if items.downcast::<Bytes>().is_none() {
        let t = vm.type_name(items);
        return Err(vm.type_error(format!("fourth argument should be bytes, not {t}")));
    }
    let mut data = vm.buffer(items)?;
    let w = width(source);
    if !data.len().is_multiple_of(w) {
        return Err(vm.value_error("string length not a multiple of item size"));
    }
    let foreign = format > 1 && (format & 1 == 1) != cfg!(target_endian = "big");
    if foreign {
        data.chunks_exact_mut(w).for_each(<[u8]>::reverse);
    }
    let made = vm.call(class, std::slice::from_ref(code))?;
    let array = vm.this::<Array>(&made)?;
    if machine_format(array.code) & !1 == format & !1 && format > 1 || width(array.code) == 1 {
        array.resize(vm)?.extend(data);
    } else {
        for item in data.chunks_exact(w) {
            let b = pack(vm, array.code, &unpack(vm, source, item)?)?;
            vm.extend(&mut *array.resize(vm)?, &b)?;
        }
    }
    Ok(made)
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("array");
    let t = types(vm);
    vm.add_value(&m, "array", t.array.value());
    vm.add_value(&m, "ArrayType", t.array.value());
    vm.add_functions(&m, FUNCTIONS);
    vm.add_value(&m, "typecodes", vm.str_value(CODES));
    if let Ok(abc) = vm.import("collections.abc") {
        let class = vm.getattr_str(&abc, "MutableSequence")?;
        vm.call_method(&class, "register", &[t.array.value()])?;
    }
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "_array_reconstructor" "_array_reconstructor($module, arraytype, typecode, mformat_code, items, /)\n--\n\n" reconstruct;
}
