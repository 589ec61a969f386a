//! The encoder of `_json`: a whole document into one string.
use crate::json::quote;
use crate::util::*;

struct Encoder {
    markers: Value,
    default: Value,
    encoder: Value,
    indent: Value,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
    /// The quoting function is one of ours: with ASCII escapes or without.
    native: Option<bool>,
}
payload!(
    Encoder,
    "_json.Encoder",
    markers,
    default,
    encoder,
    indent,
    key_separator,
    item_separator
);

pub(crate) fn encoder_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Encoder>("_json.Encoder", &vm.types.object, TypeFlags::BASE);
    t.slots.new.set(Some(|vm, class, a| {
        let names = [
            "markers",
            "default",
            "encoder",
            "indent",
            "key_separator",
            "item_separator",
            "sort_keys",
            "skipkeys",
            "allow_nan",
        ];
        let [
            Some(markers),
            Some(default),
            Some(encoder),
            Some(indent),
            Some(key),
            Some(item),
            Some(sort),
            Some(skip),
            Some(nan),
        ] = a.bind(vm, "make_encoder", names, 9)?
        else {
            return Err(vm.type_error("make_encoder() needs nine arguments"));
        };
        if !markers.is_none() && markers.downcast::<Dict>().is_none() {
            return Err(vm.type_error(format!(
                "make_encoder() argument 1 must be dict or None, not {}",
                vm.type_name(markers)
            )));
        }
        // Ours are told by their names and their module.
        let native = encoder
            .downcast::<NativeFunction>()
            .filter(|n| text(&n.module.get()).as_deref() == Some("_json"));
        let native = native.and_then(|n| match &*n.name.to_string_lossy() {
            "encode_basestring_ascii" => Some(true),
            "encode_basestring" => Some(false),
            _ => None,
        });
        let e = Encoder {
            markers: markers.clone(),
            default: default.clone(),
            encoder: encoder.clone(),
            indent: indent.clone(),
            key_separator: vm.expect_str(key, "key_separator")?.clone(),
            item_separator: vm.expect_str(item, "item_separator")?.clone(),
            sort_keys: vm.is_true(sort)?,
            skipkeys: vm.is_true(skip)?,
            allow_nan: vm.is_true(nan)?,
            native,
        };
        Ok(vm.heap.alloc(class, e).into())
    }));
    t.slots.call.set(Some(|vm, v, a| {
        let [obj, level] = a.bind(vm, "_iterencode", ["obj", "_current_indent_level"], 2)?;
        let (Some(obj), Some(level)) = (obj, level) else {
            return Err(vm.type_error("missing arguments"));
        };
        let mut out = Vec::new();
        let level = vm.to_i64(level)?.max(0) as usize;
        let mut w = Writer {
            vm,
            e: vm.this::<Encoder>(v)?,
            out: &mut out,
            level,
        };
        w.value(obj)?;
        Ok(vm.tuple_value([vm.try_new_wtf8(&out)?.into()]))
    }));
    t
}

struct Writer<'a> {
    vm: &'a Vm,
    e: &'a Encoder,
    out: &'a mut Vec<u8>,
    level: usize,
}

impl Writer<'_> {
    fn push(&mut self, s: &str) -> PyResult<()> {
        self.vm.extend(self.out, s.as_bytes())
    }

    fn string(&mut self, v: &Value) -> PyResult<()> {
        if let (Some(ascii), Some(s)) = (self.e.native, v.downcast::<Str>()) {
            return quote(self.vm, self.out, s.as_bytes(), ascii);
        }
        let r = self.vm.call(&self.e.encoder, std::slice::from_ref(v))?;
        let s = self.vm.expect_str(&r, "encoder() result")?;
        self.vm.extend(self.out, s.as_bytes())
    }

    fn float_text(&self, v: &Value, x: f64) -> PyResult<String> {
        if x.is_finite() {
            return Ok(lasti_text::float::repr(x));
        }
        if !self.e.allow_nan {
            let shown = self.vm.repr_string(v)?;
            return Err(self.vm.value_error(format!(
                "Out of range float values are not JSON compliant: {shown}"
            )));
        }
        Ok(if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into())
    }

    fn int_text(&self, v: &Value) -> PyResult<String> {
        if let Some(i) = v.as_small_int() {
            return Ok(i.to_string());
        }
        // A subclass's own __repr__ does not count.
        match self.vm.types.int.slots.repr.get() {
            Some(f) => Ok(text(&f(self.vm, v)?).unwrap_or_default()),
            None => self.vm.repr_string(v),
        }
    }

    /// Numbers, True, False, None: the same text as value and as key.
    fn scalar(&self, v: &Value) -> PyResult<Option<String>> {
        if v.is_none() {
            return Ok(Some("null".into()));
        }
        if let Some(b) = v.as_bool() {
            return Ok(Some(if b { "true" } else { "false" }.into()));
        }
        if let Some(x) = self.vm.exact_float(v) {
            return self.float_text(v, x).map(Some);
        }
        if self.vm.is_int(v) {
            return self.int_text(v).map(Some);
        }
        Ok(None)
    }

    fn value(&mut self, v: &Value) -> PyResult<()> {
        if v.downcast::<Str>().is_some() {
            return self.string(v);
        }
        if let Some(s) = self.scalar(v)? {
            return self.push(&s);
        }
        let _nested = self.vm.nest("while encoding a JSON object")?;
        if v.downcast::<List>().is_some() || v.downcast::<Tuple>().is_some() {
            return self.marked(v, |w| w.list(v));
        }
        if v.downcast::<Dict>().is_some() {
            return self.marked(v, |w| w.dict(v));
        }
        self.marked(v, |w| {
            let r = w.vm.call(&w.e.default, std::slice::from_ref(v))?;
            w.value(&r)
                .map_err(|e| w.noted(e, &format!("when serializing {} object", w.vm.type_name(v))))
        })
    }

    #[cold]
    fn noted(&self, e: Exc, note: &str) -> Exc {
        match self.vm.add_note(&e, note) {
            Ok(()) => e,
            Err(other) => other,
        }
    }

    /// Writes a container, on guard against one inside itself.
    fn marked(&mut self, v: &Value, f: impl FnOnce(&mut Self) -> PyResult<()>) -> PyResult<()> {
        let Some(markers) = self.e.markers.as_ref::<Dict>() else {
            return f(self);
        };
        let id = self.vm.new_uint(self.vm.id(v));
        if self.vm.dict_lookup(markers, &id)?.is_some() {
            return Err(self.vm.value_error("Circular reference detected"));
        }
        self.vm.dict_insert(markers, id.clone(), v.clone())?;
        f(self)?;
        self.vm.dict_remove(markers, &id)?;
        Ok(())
    }

    fn newline(&mut self) -> PyResult<()> {
        if let Some(s) = self.e.indent.downcast::<Str>() {
            self.vm.push(self.out, b'\n')?;
            for _ in 0..self.level {
                self.vm.extend(self.out, s.as_bytes())?;
            }
        }
        Ok(())
    }

    fn separator(&mut self) -> PyResult<()> {
        self.vm.extend(self.out, self.e.item_separator.as_bytes())?;
        self.newline()
    }

    fn list(&mut self, v: &Value) -> PyResult<()> {
        // A list is read as it stands: the default function may change it.
        let items = match v.downcast::<List>() {
            Some(_) => None,
            None => Some(self.vm.collect(v)?),
        };
        let item = |i: usize| match &items {
            Some(items) => items.get(i).cloned(),
            None => v.downcast::<List>().and_then(|l| l.get(i)),
        };
        if item(0).is_none() {
            return self.push("[]");
        }
        self.vm.push(self.out, b'[')?;
        self.level += 1;
        self.newline()?;
        let mut i = 0;
        while let Some(x) = item(i) {
            if i > 0 {
                self.separator()?;
            }
            if let Err(e) = self.value(&x) {
                return Err(self.noted(
                    e,
                    &format!("when serializing {} item {i}", self.vm.type_name(v)),
                ));
            }
            i += 1;
        }
        self.level -= 1;
        self.newline()?;
        self.vm.push(self.out, b']')?;
        Ok(())
    }

    /// Key and value pairs; a subclass's `items` is asked.
    fn pairs(&self, v: &Value) -> PyResult<Vec<(Value, Value)>> {
        let vm = self.vm;
        let mut pairs = match v.downcast::<Dict>() {
            Some(d) if vm.type_of(v).is(&vm.types.dict) => {
                vm.room(d.footprint() * 2)?;
                d.items()
            }
            _ => {
                let items = vm.call_method(v, "items", &[])?;
                let mut out = Vec::new();
                vm.for_each(&items, |p| {
                    match p.downcast::<Tuple>().map(|t| &**t) {
                        Some([k, x]) => vm.push(&mut out, (k.clone(), x.clone()))?,
                        _ => return Err(vm.value_error("items must return 2-tuples")),
                    }
                    Ok(true)
                })?;
                out
            }
        };
        if self.e.sort_keys {
            let list = vm.new_list(
                pairs
                    .into_iter()
                    .map(|(k, x)| vm.tuple_value([k, x]))
                    .collect(),
            );
            vm.call_method(&list, "sort", &[])?;
            pairs = vm
                .collect(&list)?
                .iter()
                .filter_map(|p| match p.downcast::<Tuple>().map(|t| &**t) {
                    Some([k, x]) => Some((k.clone(), x.clone())),
                    _ => None,
                })
                .collect();
        }
        Ok(pairs)
    }

    fn dict(&mut self, v: &Value) -> PyResult<()> {
        let pairs = self.pairs(v)?;
        if pairs.is_empty() {
            return self.push("{}");
        }
        self.vm.push(self.out, b'{')?;
        self.level += 1;
        let mut first = true;
        for (k, x) in &pairs {
            let key = if k.downcast::<Str>().is_some() {
                Some(k.clone())
            } else {
                self.scalar(k)?.map(|s| self.vm.str_value(&s))
            };
            let Some(key) = key else {
                if self.e.skipkeys {
                    continue;
                }
                return Err(self.vm.type_error(format!(
                    "keys must be str, int, float, bool or None, not {}",
                    self.vm.type_name(k)
                )));
            };
            if first {
                self.newline()?
            } else {
                self.separator()?
            }
            first = false;
            self.string(&key)?;
            self.vm.extend(self.out, self.e.key_separator.as_bytes())?;
            if let Err(e) = self.value(x) {
                let note = format!(
                    "when serializing {} item {}",
                    self.vm.type_name(v),
                    self.vm.repr_string(k)?
                );
                return Err(self.noted(e, &note));
            }
        }
        self.level -= 1;
        if !first {
            self.newline()?;
        }
        self.vm.push(self.out, b'}')?;
        Ok(())
    }
}
