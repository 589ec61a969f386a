//! `_operator`: the operators as functions, and the getters (CPython's Modules/_operator.c).
use crate::util::*;

macro_rules! binary {
    ($vm:ident $m:ident $($name:literal $op:ident;)*) => {
        $($vm.add_function(&$m, $name, concat!($name, "($module, a, b, /)\n--\n\n"), |vm, _, a| {
            let [x, y] = a.exactly::<2>(vm, $name)?;
            vm.binary(x, y, BinOp::$op)
        });)*
    };
}
macro_rules! inplace {
    ($vm:ident $m:ident $($name:literal $op:ident;)*) => {
        $($vm.add_function(&$m, $name, concat!($name, "($module, a, b, /)\n--\n\n"), |vm, _, a| {
            let [x, y] = a.exactly::<2>(vm, $name)?;
            vm.inplace(x, y, BinOp::$op)
        });)*
    };
}
macro_rules! compare {
    ($vm:ident $m:ident $($name:literal $op:ident;)*) => {
        $($vm.add_function(&$m, $name, concat!($name, "($module, a, b, /)\n--\n\n"), |vm, _, a| {
            let [x, y] = a.exactly::<2>(vm, $name)?;
            vm.compare(x, y, CmpOp::$op)
        });)*
    };
}
macro_rules! unary {
    ($vm:ident $m:ident $($name:literal $op:ident;)*) => {
        $($vm.add_function(&$m, $name, concat!($name, "($module, a, /)\n--\n\n"), |vm, _, a| {
            let [x] = a.exactly::<1>(vm, $name)?;
            vm.unary(x, UnOp::$op)
        });)*
    };
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_operator");
    vm.add_value(&m, "__doc__", vm.str_value("Operator interface.\n\nThis module exports a set of functions implemented in C corresponding\nto the intrinsic operators of Python.  For example, operator.add(x, y)\nis equivalent to the expression x+y."));
    binary! { vm m
        "add" Add; "sub" Sub; "mul" Mul; "matmul" MatMul; "truediv" TrueDiv; "floordiv" FloorDiv; "mod" Mod;
        "pow" Pow; "lshift" LShift; "rshift" RShift; "and_" And; "or_" Or; "xor" Xor;
    }
    inplace! { vm m
        "iadd" Add; "isub" Sub; "imul" Mul; "imatmul" MatMul; "itruediv" TrueDiv; "ifloordiv" FloorDiv; "imod" Mod;
        "ipow" Pow; "ilshift" LShift; "irshift" RShift; "iand" And; "ior" Or; "ixor" Xor;
    }
    compare! { vm m "lt" Lt; "le" Le; "eq" Eq; "ne" Ne; "gt" Gt; "ge" Ge; }
    unary! { vm m "neg" Neg; "pos" Pos; "inv" Invert; "invert" Invert; "abs" Abs; }
    vm.add_functions(&m, FUNCTIONS);
    add_type(vm, &m, "itemgetter", &itemgetter(vm));
    add_type(vm, &m, "attrgetter", &attrgetter(vm));
    add_type(vm, &m, "methodcaller", &methodcaller(vm));
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "not_" "not_($module, a, /)\n--\n\n" not;
    "truth" "truth($module, a, /)\n--\n\n" truth;
    "is_" "is_($module, a, b, /)\n--\n\n" is;
    "is_not" "is_not($module, a, b, /)\n--\n\n" is_not;
    "is_none" "is_none($module, a, /)\n--\n\n" is_none;
    "is_not_none" "is_not_none($module, a, /)\n--\n\n" is_not_none;
    "index" "index($module, a, /)\n--\n\n" index;
    "concat" "concat($module, a, b, /)\n--\n\n" concat;
    "iconcat" "iconcat($module, a, b, /)\n--\n\n" iconcat;
    "contains" "contains($module, a, b, /)\n--\n\n" contains;
    "getitem" "getitem($module, a, b, /)\n--\n\n" getitem;
    "setitem" "setitem($module, a, b, c, /)\n--\n\n" setitem;
    "delitem" "delitem($module, a, b, /)\n--\n\n" delitem;
    "countOf" "countOf($module, a, b, /)\n--\n\n" count_of;
    "indexOf" "indexOf($module, a, b, /)\n--\n\n" index_of;
    "length_hint" "length_hint($module, obj, default=0, /)\n--\n\n" length_hint;
    "call" "call($module, obj, /, *args, **kwargs)\n--\n\n" call_function;
    "_compare_digest" "_compare_digest($module, a, b, /)\n--\n\n" compare_digest;
}

fn not(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "not_")?;
    Ok(Value::bool(!vm.is_true(x)?))
}

fn truth(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "truth")?;
    Ok(Value::bool(vm.is_true(x)?))
}

fn is(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "is_")?;
    Ok(Value::bool(x.is(y)))
}

fn is_not(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "is_not")?;
    Ok(Value::bool(!x.is(y)))
}

fn is_none(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "is_none")?;
    Ok(Value::bool(x.is_none()))
}

fn is_not_none(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "is_not_none")?;
    Ok(Value::bool(!x.is_none()))
}

fn index(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "index")?;
    vm.index(x)
}

fn concat(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "concat")?;
    sequence(vm, x)?;
    vm.binary(x, y, BinOp::Add)
}

fn iconcat(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "iconcat")?;
    sequence(vm, x)?;
    vm.inplace(x, y, BinOp::Add)
}

fn contains(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "contains")?;
    Ok(Value::bool(vm.contains(x, y)?))
}

fn getitem(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "getitem")?;
    vm.getitem(x, y)
}

fn setitem(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y, z] = a.exactly::<3>(vm, "setitem")?;
    vm.setitem(x, y, z)?;
    Ok(Value::NONE)
}

fn delitem(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "delitem")?;
    vm.delitem(x, y)?;
    Ok(Value::NONE)
}

fn count_of(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "countOf")?;
    let mut n = 0;
    vm.for_each(x, |v| {
        n += vm.same(&v, y)? as i64;
        Ok(true)
    })?;
    Ok(vm.new_int(n))
}

fn index_of(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "indexOf")?;
    let (mut n, mut found) = (0, false);
    vm.for_each(x, |v| {
        found = vm.same(&v, y)?;
        n += !found as i64;
        Ok(!found)
    })?;
    if found {
        Ok(vm.new_int(n))
    } else {
        Err(vm.value_error("sequence.index(x): x not in sequence"))
    }
}

fn call_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    match a.pos.split_first() {
        Some((f, rest)) => vm.call_args(f, Args { pos: rest, ..a }),
        None => Err(vm.type_error("call expected at least 1 argument, got 0")),
    }
}

fn sequence(vm: &Vm, v: &Value) -> PyResult<()> {
    if vm.type_of(v).slots.getitem.get().is_some() && v.downcast::<Dict>().is_none() {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "'{}' object can't be concatenated",
        vm.type_name(v)
    )))
}

fn length_hint(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "length_hint", 1, 2)?;
    let default = match pos.get(1) {
        Some(d) if !vm.is_int(d) => {
            return Err(vm.type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                vm.type_name(d)
            )));
        }
        Some(d) => d.clone(),
        None => Value::small_int(0),
    };
    let x = &pos[0];
    if vm.type_of(x).slots.len.get().is_some()
        && let Some(n) = vm.catch(vm.len(x), &vm.exc.type_error)?
    {
        return Ok(vm.new_int(n as i64));
    }
    let r = vm.call_special(x, &vm.names.length_hint, &[]);
    match vm.catch(r, &vm.exc.type_error)? {
        Some(Some(n)) if n.is_not_implemented() => Ok(default),
        Some(Some(n)) => {
            if !vm.is_int(&n) {
                return Err(vm.type_error(format!(
                    "__length_hint__ must be an integer, not {}",
                    vm.type_name(&n)
                )));
            }
            if vm.to_i64(&n)? < 0 {
                return Err(vm.value_error("__length_hint__() should return >= 0"));
            }
            Ok(n)
        }
        _ => Ok(default),
    }
}

/// Compares in a time that does not depend on where the two differ.
pub(crate) fn compare_digest(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "compare_digest")?;
    let (x, y) = match (x.downcast::<Str>(), y.downcast::<Str>()) {
        (Some(p), Some(q)) => {
            if !p.is_ascii() || !q.is_ascii() {
                return Err(
                    vm.type_error("comparing strings with non-ASCII characters is not supported")
                );
            }
            (p.as_bytes().to_vec(), q.as_bytes().to_vec())
        }
        (None, None) => (vm.buffer(x)?, vm.buffer(y)?),
        _ => {
            return Err(vm.type_error(format!(
                "unsupported operand types(s) or combination of types: '{}' and '{}'",
                vm.type_name(x),
                vm.type_name(y)
            )));
        }
    };
    let mut diff = (x.len() != y.len()) as u8;
    for (i, b) in y.iter().enumerate() {
        diff |= b ^ x.get(i).copied().unwrap_or(0);
    }
    Ok(Value::bool(std::hint::black_box(diff) == 0))
}

// ---- getters ----

/// What all three getters hold: the items, attribute paths, or a method's name and its arguments.
struct Getter {
    items: Ref<Tuple>,
    /// Dotted attribute names taken apart (attrgetter).
    paths: Vec<Vec<Ref<Str>>>,
    /// Keyword names of a methodcaller's last arguments.
    names: Option<Ref<Tuple>>,
}
impl Payload for Getter {
    const CONTAINER: bool = true;
    const NAME: &'static str = "operator getter";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.items.as_value());
        for s in self.paths.iter().flatten() {
            visit(s.as_value());
        }
        if let Some(n) = &self.names {
            visit(n.as_value());
        }
    }
}

fn repr_items(vm: &Vm, v: &Value) -> PyResult<Value> {
    let g = vm.this::<Getter>(v)?;
    let name = vm.type_full_name(vm.type_of(v));
    if !vm.repr_enter(v) {
        return Ok(vm.str_value(&format!("{name}(...)")));
    }
    let split = g.items.len() - g.names.as_ref().map_or(0, |n| n.len());
    let r = g.items.iter().enumerate().map(|(i, x)| {
        let text = vm.repr_string(x)?;
        Ok(match &g.names {
            Some(n) if i >= split => format!("{}={text}", vm.display(&n[i - split])),
            _ => text,
        })
    });
    let r: PyResult<Vec<String>> = r.collect();
    vm.repr_leave(v);
    Ok(vm.str_value(&format!("{name}({})", r?.join(", "))))
}

fn getter_type(vm: &Vm, name: &str) -> Ref<Type> {
    let t = vm.new_native_type::<Getter>(&format!("operator.{name}"), &vm.types.object, 0);
    t.slots.repr.set(Some(repr_items));
    vm.add_methods(&t, GETTER_TYPE_METHODS);
    t
}

lasti_core::methods! { GETTER_TYPE_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let g = vm.this::<Getter>(v)?;
    Ok(vm.tuple_value([vm.type_of(v).value(), g.items.value()]))
}

fn itemgetter(vm: &Vm) -> Ref<Type> {
    let t = getter_type(vm, "itemgetter");
    t.slots.new.set(Some(|vm, class, a| {
        a.no_kw(vm, "itemgetter")?;
        need_at_least(vm, "itemgetter", 1, a.pos.len())?;
        let g = Getter {
            items: vm.new_tuple(a.pos.to_vec()),
            paths: Vec::new(),
            names: None,
        };
        Ok(vm.heap.alloc(class, g).into())
    }));
    t.slots.call.set(Some(|vm, v, a| {
        let [x] = a.exactly::<1>(vm, "itemgetter")?;
        let items = &vm.this::<Getter>(v)?.items;
        if let [k] = &***items {
            return vm.getitem(x, k);
        }
        let out: PyResult<Vec<Value>> = items.iter().map(|k| vm.getitem(x, k)).collect();
        Ok(vm.try_new_tuple(out?)?.into())
    }));
    t
}

fn attrgetter(vm: &Vm) -> Ref<Type> {
    let t = getter_type(vm, "attrgetter");
    t.slots.new.set(Some(|vm, class, a| {
        a.no_kw(vm, "attrgetter")?;
        need_at_least(vm, "attrgetter", 1, a.pos.len())?;
        let mut paths = Vec::new();
        for x in a.pos {
            let Some(s) = x.downcast::<Str>() else {
                return Err(vm.type_error("attribute name must be a string"));
            };
            paths.push(
                s.as_bytes()
                    .split(|b| *b == b'.')
                    .map(|p| vm.intern_wtf8(p))
                    .collect(),
            );
        }
        let g = Getter {
            items: vm.new_tuple(a.pos.to_vec()),
            paths,
            names: None,
        };
        Ok(vm.heap.alloc(class, g).into())
    }));
    t.slots.call.set(Some(|vm, v, a| {
        let [x] = a.exactly::<1>(vm, "attrgetter")?;
        let g = vm.this::<Getter>(v)?;
        let get = |path: &Vec<Ref<Str>>| {
            let mut at = x.clone();
            for name in path {
                at = vm.getattr(&at, name)?;
            }
            Ok(at)
        };
        if let [path] = &g.paths[..] {
            return get(path);
        }
        let out: PyResult<Vec<Value>> = g.paths.iter().map(get).collect();
        Ok(vm.try_new_tuple(out?)?.into())
    }));
    t
}

fn methodcaller(vm: &Vm) -> Ref<Type> {
    let t = getter_type(vm, "methodcaller");
    t.slots.new.set(Some(|vm, class, a| {
        let Some(name) = a.pos.first() else {
            return Err(vm.type_error("methodcaller needs at least one argument, the method name"));
        };
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("method name must be a string"));
        }
        let mut items = a.pos.to_vec();
        items.extend_from_slice(a.kw);
        let names = if a.names.is_empty() {
            None
        } else {
            Some(vm.new_tuple(a.names.to_vec()))
        };
        let g = Getter {
            items: vm.new_tuple(items),
            paths: Vec::new(),
            names,
        };
        Ok(vm.heap.alloc(class, g).into())
    }));
    t.slots.call.set(Some(|vm, v, a| {
        let [x] = a.exactly::<1>(vm, "methodcaller")?;
        let g = vm.this::<Getter>(v)?;
        let names: &[Value] = g.names.as_deref().map_or(&[], |n| n);
        let name = vm.intern_ref(vm.this::<Str>(&g.items[0])?);
        vm.call_method_args(x, &name, Args::split(&g.items[1..], names))
    }));
    vm.add_methods(&t, METHODCALLER_METHODS);
    t
}

lasti_core::methods! { METHODCALLER_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
}

fn reduce_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let g = vm.this::<Getter>(v)?;
    let Some(names) = &g.names else {
        return Ok(vm.tuple_value([vm.type_of(v).value(), g.items.value()]));
    };
    let partial = vm.getattr_str(&vm.import("functools")?, "partial")?;
    let split = g.items.len() - names.len();
    let mut all = vec![vm.type_of(v).value(), g.items[0].clone()];
    all.extend_from_slice(&g.items[split..]);
    let ctor = vm.call_args(&partial, Args::split(&all, names))?;
    Ok(vm.tuple_value([ctor, vm.new_tuple(g.items[1..split].to_vec()).into()]))
}
