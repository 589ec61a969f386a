//! Making values and exceptions from Rust.
use crate::memory::{Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::{Exc, PyResult};
use dashu_int::IBig;
use std::cell::{Cell, RefCell};

impl Vm {
    pub fn new_str(&self, s: &str) -> Ref<Str> {
        self.new_wtf8(s.as_bytes())
    }
    /// A string from WTF-8 bytes (UTF-8 in which lone surrogates may stand).
    pub fn new_wtf8(&self, bytes: &[u8]) -> Ref<Str> {
        match bytes {
            [] => self.names.empty.clone(),
            [b] if *b < 128 => self.ascii[*b as usize].clone(),
            // There is no memory, and the caller cannot be told. The program sees MemoryError before it sees this text.
            _ if self.prepare::<Str>(bytes.len()).is_err() => {
                crate::memory::reserve::raise_alarm();
                self.names.empty.clone()
            }
            _ => Str::alloc(&self.heap, &self.types.str, bytes),
        }
    }
    /// The str of a file's name (`lasti_text::filename`).
    pub fn name_value(&self, name: &str) -> Value {
        self.new_wtf8(&lasti_text::filename::to_wtf8(name)).into()
    }
    pub fn str_value(&self, s: &str) -> Value {
        self.new_str(s).into()
    }
    /// The interned string of this text.
    pub fn intern(&self, s: &str) -> Ref<Str> {
        self.intern_wtf8(s.as_bytes())
    }
    pub fn intern_wtf8(&self, s: &[u8]) -> Ref<Str> {
        self.heap.intern(s, &self.hash_keys, || {
            Str::alloc(&self.heap, &self.types.str, s)
        })
    }
    /// The interned twin of a string (itself if it is one).
    #[inline]
    pub fn intern_ref(&self, s: &Ref<Str>) -> Ref<Str> {
        if s.is_interned() {
            return s.clone();
        }
        self.heap.intern(s.as_bytes(), &self.hash_keys, || {
            if s.class().is(&self.types.str) {
                s.clone()
            } else {
                Str::alloc(&self.heap, &self.types.str, s.as_bytes())
            }
        })
    }
    #[inline]
    pub fn new_int(&self, i: i64) -> Value {
        match Value::try_int(i) {
            Some(v) => v,
            None => self.heap.alloc(&self.types.int, Int(IBig::from(i))).into(),
        }
    }
    pub fn new_uint(&self, i: u64) -> Value {
        match i64::try_from(i) {
            Ok(i) => self.new_int(i),
            Err(_) => self.heap.alloc(&self.types.int, Int(IBig::from(i))).into(),
        }
    }
    /// Decimal text of a small int, without a detour over a Rust string.
    pub fn decimal(&self, i: i64) -> Ref<Str> {
        let mut buf = [0u8; 20];
        let mut at = buf.len();
        let mut n = i.unsigned_abs();
        loop {
            at -= 1;
            buf[at] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        if i < 0 {
            at -= 1;
            buf[at] = b'-';
        }
        self.new_wtf8(&buf[at..])
    }
    /// An int of any size, in the word when it fits.
    pub fn new_bigint(&self, i: IBig) -> Value {
        if let Ok(small) = i64::try_from(&i)
            && let Some(v) = Value::try_int(small)
        {
            return v;
        }
        self.heap.alloc(&self.types.int, Int(i)).into()
    }
    #[inline]
    pub fn new_float(&self, f: f64) -> Value {
        match Value::try_float(f) {
            Some(v) => v,
            None => self.heap.alloc(&self.types.float, Float(f)).into(),
        }
    }
    pub fn new_complex(&self, re: f64, im: f64) -> Value {
        self.heap.alloc(&self.types.complex, Complex(re, im)).into()
    }
    pub fn new_bytes(&self, b: impl Into<Box<[u8]>>) -> Value {
        self.heap
            .alloc(&self.types.bytes, Bytes::new(b.into()))
            .into()
    }
    pub fn new_bytearray(&self, b: Vec<u8>) -> Value {
        let data = ByteArray {
            data: RefCell::new(b),
            exports: Cell::new(0),
        };
        self.heap.alloc(&self.types.bytearray, data).into()
    }
    pub fn new_list(&self, items: Vec<Value>) -> Value {
        self.heap.alloc(&self.types.list, List::new(items)).into()
    }
    pub fn new_tuple<I>(&self, items: I) -> Ref<Tuple>
    where
        I: IntoIterator<Item = Value>,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        let n = items.len();
        if n == 0 {
            return self.empty_tuple.clone();
        }
        Tuple::alloc(&self.heap, &self.types.tuple, n, items)
    }
    pub fn tuple_value<const N: usize>(&self, items: [Value; N]) -> Value {
        if N == 0 {
            return self.empty_tuple.value();
        }
        Tuple::alloc_array(&self.heap, &self.types.tuple, items).into()
    }
    pub fn new_dict(&self) -> Ref<Dict> {
        self.heap.alloc(&self.types.dict, Dict::default())
    }
    /// An empty set; fill it with `set_add`.
    pub fn new_set(&self) -> Ref<Set> {
        self.heap.alloc(&self.types.set, Set::default())
    }
    pub fn new_frozenset(&self) -> Ref<Set> {
        self.heap.alloc(&self.types.frozenset, Set::default())
    }
    pub fn new_slice(&self, start: Value, stop: Value, step: Value) -> Value {
        self.heap
            .alloc(&self.types.slice, Slice { start, stop, step })
            .into()
    }
    pub fn new_cell(&self, v: Value) -> Value {
        self.heap
            .alloc(
                &self.types.cell,
                PyCell {
                    content: crate::memory::Slot::new(v),
                },
            )
            .into()
    }
    pub fn new_bound(&self, func: Value, this: Value) -> Value {
        self.heap
            .alloc(&self.types.method, BoundMethod { func, this })
            .into()
    }
    /// An iterator whose steps are a Rust function over a few values.
    pub fn new_native_iter(&self, class: &Ref<Type>, next: NextFn, state: Vec<Value>) -> Value {
        let it = NativeIter {
            next,
            state: RefCell::new(state),
            count: Cell::new(0),
        };
        self.heap.alloc(class, it).into()
    }
    /// A native function as a Python object, bound to `this` (unbound for none).
    pub fn new_native(
        &self,
        name: &str,
        doc: &'static str,
        func: NativeKind,
        this: Value,
        module: Value,
    ) -> Value {
        self.new_native_of(name, doc, Arity::of(doc), func, this, module)
    }
    /// The same for a signature that was read before.
    pub(crate) fn new_native_of(
        &self,
        name: &str,
        doc: &'static str,
        arity: Arity,
        func: NativeKind,
        this: Value,
        module: Value,
    ) -> Value {
        let n = NativeFunction {
            name: self.intern(name),
            doc,
            func,
            arity,
            this: crate::memory::Slot::new(this),
            owner: None,
            module: crate::memory::Slot::new(module),
        };
        self.heap.alloc(&self.types.native, n).into()
    }
    /// A module object with `__name__` and the other names every module has. Not yet in `sys.modules`.
    pub fn new_module(&self, name: &str) -> Ref<Module> {
        let dict = self.new_dict();
        let set = |k: &Ref<Str>, v: Value| self.dict_set_str(&dict, k, v);
        set(&self.names.name, self.str_value(name));
        set(&self.names.doc, Value::NONE);
        set(&self.names.package, Value::NONE);
        set(&self.names.loader, Value::NONE);
        set(&self.names.spec, Value::NONE);
        self.heap.alloc(
            &self.types.module,
            Module {
                dict,
                lazy: Cell::new(None),
            },
        )
    }
    /// Adds a function to a module.
    pub fn add_function(&self, m: &Ref<Module>, name: &str, doc: &'static str, f: PlainFn) {
        let module = self
            .dict_get_str(&m.dict, &self.names.name)
            .unwrap_or(Value::NONE);
        let f = self.new_native(name, doc, NativeKind::Plain(f), m.value(), module);
        self.dict_set_str(&m.dict, &self.intern(name), f);
    }
    pub fn add_tail_function(&self, m: &Ref<Module>, name: &str, doc: &'static str, f: TailFn) {
        let module = self
            .dict_get_str(&m.dict, &self.names.name)
            .unwrap_or(Value::NONE);
        let f = self.new_native(name, doc, NativeKind::Tail(f), m.value(), module);
        self.dict_set_str(&m.dict, &self.intern(name), f);
    }
    /// Adds any value to a module.
    pub fn add_value(&self, m: &Ref<Module>, name: &str, v: Value) {
        self.dict_set_str(&m.dict, &self.intern(name), v);
    }
    pub fn new_weakref(
        &self,
        class: &Ref<Type>,
        target: &Value,
        callback: Option<Value>,
    ) -> Ref<WeakRef> {
        let w = self.heap.alloc(class, WeakRef::new(target, callback));
        self.heap.add_weakref(target, &w);
        w
    }

    // ---- exceptions ----

    /// An exception of a class with these arguments, made without running Python (`__init__` of a Python class is not
    /// called).
    pub fn new_exception_args(&self, class: &Ref<Type>, args: Ref<Tuple>) -> Exc {
        let e = Exception::default();
        e.args.set(Some(args));
        e.cause.set(Value::NONE);
        e.context.set(Value::NONE);
        Exc(self.heap.alloc(class, e).into())
    }
    /// An exception with one message.
    #[cold]
    pub fn new_exception(&self, class: &Ref<Type>, msg: impl AsRef<str>) -> Exc {
        let msg = self.str_value(msg.as_ref());
        self.new_exception_args(class, self.new_tuple([msg]))
    }
    #[cold]
    pub fn type_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.type_error, msg)
    }
    #[cold]
    pub fn value_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.value_error, msg)
    }
    #[cold]
    pub fn index_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.index_error, msg)
    }
    #[cold]
    pub fn runtime_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.runtime_error, msg)
    }
    #[cold]
    pub fn overflow_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.overflow_error, msg)
    }
    #[cold]
    pub fn zero_division_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.zero_division_error, msg)
    }
    #[cold]
    pub fn not_implemented_error(&self, msg: impl AsRef<str>) -> Exc {
        self.new_exception(&self.exc.not_implemented_error, msg)
    }
    /// KeyError with the key itself as argument.
    #[cold]
    pub fn key_error(&self, key: &Value) -> Exc {
        self.new_exception_args(&self.exc.key_error, self.new_tuple([key.clone()]))
    }
    /// AttributeError with CPython's message for a missing attribute, and its `name` and `obj`.
    #[cold]
    pub fn no_attribute(&self, obj: &Value, name: &Ref<Str>) -> Exc {
        let msg = if let Some(t) = obj.downcast::<Type>() {
            format!(
                "type object '{}' has no attribute '{}'",
                t.name(),
                name.to_string_lossy()
            )
        } else if let Some(m) = obj.downcast::<Module>() {
            let module = self.dict_get_str(&m.dict, &self.names.name);
            let module = module.and_then(|v| {
                v.downcast::<Str>()
                    .map(|s| s.to_string_lossy().into_owned())
            });
            format!(
                "module '{}' has no attribute '{}'",
                module.unwrap_or_default(),
                name.to_string_lossy()
            )
        } else {
            format!(
                "'{}' object has no attribute '{}'",
                self.type_name(obj),
                name.to_string_lossy()
            )
        };
        self.attribute_error(msg, obj, name)
    }
    #[cold]
    pub fn attribute_error(&self, msg: impl AsRef<str>, obj: &Value, name: &Ref<Str>) -> Exc {
        let e = self.new_exception(&self.exc.attribute_error, msg);
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, name.value());
            x.set_field(1, obj.clone());
        }
        e
    }
    #[cold]
    pub fn name_error(&self, name: &Ref<Str>) -> Exc {
        let e = self.new_exception(
            &self.exc.name_error,
            format!("name '{}' is not defined", name.to_string_lossy()),
        );
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, name.value());
        }
        e
    }
    /// StopIteration carrying a generator's return value.
    #[cold]
    pub fn stop_iteration(&self, v: Value) -> Exc {
        let args = if v.is_none() {
            self.empty_tuple.clone()
        } else {
            self.new_tuple([v.clone()])
        };
        let e = self.new_exception_args(&self.exc.stop_iteration, args);
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, v);
        }
        e
    }
    #[cold]
    pub fn stop_async_iteration(&self) -> Exc {
        self.new_exception_args(&self.exc.stop_async_iteration, self.empty_tuple.clone())
    }
    /// OSError (or its subclass for this errno) from an error of the operating system.
    #[cold]
    pub fn os_error(&self, e: &std::io::Error, filename: Option<Value>) -> Exc {
        let errno = e.raw_os_error().unwrap_or(0);
        let text = e.to_string();
        let text = text
            .split(" (os error")
            .next()
            .unwrap_or_default()
            .to_owned();
        self.os_error_parts(errno, &text, filename)
    }
    /// OSError from its parts.
    #[cold]
    pub fn os_error_parts(&self, errno: i32, text: &str, filename: Option<Value>) -> Exc {
        let class = self.os_error_class(errno);
        let mut args = vec![self.new_int(errno as i64), self.str_value(text)];
        let e = self.new_exception_args(class, self.new_tuple(std::mem::take(&mut args)));
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(0, self.new_int(errno as i64));
            x.set_field(1, self.str_value(text));
            if let Some(f) = filename {
                x.set_field(2, f);
            }
        }
        e
    }
    /// The subclass of OSError that PEP 3151 gives an errno (Linux numbers).
    pub fn os_error_class(&self, errno: i32) -> &Ref<Type> {
        let x = &self.exc;
        match errno {
            11 | 114 | 115 => &x.blocking_io_error,
            32 | 108 => &x.broken_pipe_error,
            10 => &x.child_process_error,
            103 => &x.connection_aborted_error,
            111 => &x.connection_refused_error,
            104 => &x.connection_reset_error,
            17 => &x.file_exists_error,
            2 => &x.file_not_found_error,
            21 => &x.is_a_directory_error,
            20 => &x.not_a_directory_error,
            4 => &x.interrupted_error,
            1 | 13 => &x.permission_error,
            3 => &x.process_lookup_error,
            110 => &x.timeout_error,
            _ => &x.os_error,
        }
    }
    /// ImportError with its `name`.
    #[cold]
    pub fn import_error(
        &self,
        class: &Ref<Type>,
        msg: impl AsRef<str>,
        name: Value,
        path: Value,
    ) -> Exc {
        let e = self.new_exception(class, msg);
        if let Some(x) = e.0.downcast::<Exception>() {
            x.set_field(1, name);
            x.set_field(2, path);
        }
        e
    }
    /// An error of the text crate as the Python exception it stands for.
    #[cold]
    pub fn text_error(&self, e: lasti_text::TextError) -> Exc {
        use lasti_text::ErrorKind::*;
        let class = match e.kind {
            Value => &self.exc.value_error,
            Type => &self.exc.type_error,
            Overflow => &self.exc.overflow_error,
            ZeroDivision => &self.exc.zero_division_error,
            Memory => return self.memory_error(),
            _ => &self.exc.value_error,
        };
        self.new_exception(class, e.msg)
    }
    /// Whether an exception is an instance of a built-in class.
    pub fn exc_is(&self, e: &Exc, class: &Ref<Type>) -> bool {
        self.is_instance(&e.0, class)
    }
    /// Turns one kind of exception into `None`.
    pub fn catch<T>(&self, r: PyResult<T>, class: &Ref<Type>) -> PyResult<Option<T>> {
        match r {
            Ok(v) => Ok(Some(v)),
            Err(e) if self.exc_is(&e, class) => Ok(None),
            Err(e) => Err(e),
        }
    }

    // ---- dicts with string keys, which need no Python ----

    #[inline]
    pub fn dict_get_str(&self, d: &Dict, key: &Ref<Str>) -> Option<Value> {
        d.find_str(key, key.hash_with(&self.hash_keys))
            .map(|n| d.value_at(n))
    }
    #[inline]
    pub fn dict_set_str(&self, d: &Dict, key: &Ref<Str>, v: Value) {
        let hash = key.hash_with(&self.hash_keys);
        match d.find_str(key, hash) {
            Some(n) => drop(d.replace_at(n, v)),
            None => d.insert_new(hash, key.value(), v),
        }
    }
    pub fn dict_del_str(&self, d: &Dict, key: &Ref<Str>) -> Option<Value> {
        let n = d.find_str(key, key.hash_with(&self.hash_keys))?;
        Some(d.remove_at(n).1)
    }
    /// `dict_get_str` with a key that need not exist as an object.
    pub fn dict_get(&self, d: &Dict, key: &str) -> Option<Value> {
        self.dict_get_str(d, &self.intern(key))
    }
    pub fn dict_set(&self, d: &Dict, key: &str, v: Value) {
        self.dict_set_str(d, &self.intern(key), v);
    }
}
