//! Frames and tracebacks as Python sees them.
use lasti_core::frame_object::snapshot;
use lasti_core::memory::{Kind, Payload, Ref, RefSlot, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;

/// `f_locals` of a function's frame: reads and writes go to the frame's variables (PEP 667).
pub(crate) struct FrameLocals {
    pub frame: Ref<FrameObject>,
}
impl Payload for FrameLocals {
    const KIND: Kind = Kind::Foreign;
    const CONTAINER: bool = true;
    const NAME: &'static str = "FrameLocalsProxy";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.frame.as_value());
    }
}

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.frame;
    t.slots.repr.set(Some(|vm, v| {
        let f = vm.this::<FrameObject>(v)?;
        Ok(vm.str_value(&format!(
            "<frame at {:#x}, file {}, line {}, code {}>",
            vm.id(v),
            vm.repr_string(f.code.filename.as_value())?,
            f.line(),
            f.code.name.to_string_lossy()
        )))
    }));
    vm.getset(
        t,
        "f_back",
        |vm, v| {
            let back = vm.frame_back(vm.this::<FrameObject>(v)?);
            Ok(back.map_or(Value::NONE, Value::from))
        },
        None,
    );
    vm.getset(
        t,
        "f_code",
        |vm, v| Ok(vm.this::<FrameObject>(v)?.code.value()),
        None,
    );
    vm.getset(
        t,
        "f_globals",
        |vm, v| Ok(vm.this::<FrameObject>(v)?.function.globals.value()),
        None,
    );
    vm.getset(
        t,
        "f_builtins",
        |vm, v| Ok(vm.this::<FrameObject>(v)?.function.builtins.value()),
        None,
    );
    vm.getset(
        t,
        "f_locals",
        |vm, v| locals_of(vm, vm.this::<FrameObject>(v)?),
        None,
    );
    vm.getset(
        t,
        "f_lasti",
        |vm, v| Ok(vm.new_int(vm.this::<FrameObject>(v)?.lasti() as i64)),
        None,
    );
    vm.getset(
        t,
        "f_lineno",
        |vm, v| Ok(vm.new_int(vm.this::<FrameObject>(v)?.line() as i64)),
        None,
    );
    vm.getset(
        t,
        "f_trace",
        |vm, v| Ok(vm.this::<FrameObject>(v)?.trace.get()),
        Some(|vm, v, x| {
            vm.this::<FrameObject>(v)?
                .trace
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "f_trace_lines",
        |_, _| Ok(Value::TRUE),
        Some(|_, _, _| Ok(())),
    );
    vm.getset(
        t,
        "f_trace_opcodes",
        |_, _| Ok(Value::FALSE),
        Some(|_, _, _| Ok(())),
    );
    vm.getset(
        t,
        "f_generator",
        |vm, v| Ok(vm.frame_generator(vm.this::<FrameObject>(v)?)),
        None,
    );
    vm.add_methods(t, METHODS);

    let t = &vm.types.traceback;
    t.slots.new.set(Some(|vm, class, a| {
        let names = ["tb_next", "tb_frame", "tb_lasti", "tb_lineno"];
        let [next, frame, lasti, line] = a
            .bind(vm, "traceback", names, 4)?
            .map(|v| v.cloned().unwrap_or(Value::NONE));
        let Some(frame) = frame.as_ref::<FrameObject>() else {
            return Err(vm.type_error("TracebackType() argument 'tb_frame' must be frame"));
        };
        let tb = Traceback {
            next: RefSlot::new(next.into_ref::<Traceback>().ok()),
            frame: frame.clone(),
            lasti: vm.to_i64(&lasti)? as i32,
            line: vm.to_i64(&line)? as u32,
        };
        Ok(vm.heap.alloc(class, tb).into())
    }));
    vm.getset(
        t,
        "tb_next",
        |vm, v| Ok(vm.this::<Traceback>(v)?.next.value()),
        Some(|vm, v, x| {
            let tb = vm.this::<Traceback>(v)?;
            match x {
                Some(x) if x.is_none() => tb.next.set(None),
                Some(x) => {
                    let Some(n) = x.as_ref::<Traceback>() else {
                        return Err(vm.type_error(format!(
                            "expected traceback object, got '{}'",
                            vm.type_name(x)
                        )));
                    };
                    let mut at = Some(n.clone());
                    while let Some(t) = at {
                        if t.is(tb) {
                            return Err(vm.value_error("traceback loop detected"));
                        }
                        at = t.next.get();
                    }
                    tb.next.set(Some(n.clone()));
                }
                None => return Err(vm.type_error("can't delete tb_next attribute")),
            }
            Ok(())
        }),
    );
    vm.getset(
        t,
        "tb_frame",
        |vm, v| Ok(vm.this::<Traceback>(v)?.frame.value()),
        None,
    );
    vm.getset(
        t,
        "tb_lasti",
        |vm, v| Ok(vm.new_int(vm.this::<Traceback>(v)?.lasti as i64)),
        None,
    );
    vm.getset(
        t,
        "tb_lineno",
        |vm, v| Ok(vm.new_int(vm.this::<Traceback>(v)?.line as i64)),
        None,
    );
}

lasti_core::methods! { METHODS =
    "clear" "clear($self, /)\n--\n\n" clear;
}

fn clear(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.clear_frame(vm.this::<FrameObject>(v)?)?;
    Ok(Value::NONE)
}

fn locals_of(vm: &Vm, f: &Ref<FrameObject>) -> PyResult<Value> {
    if let Some(own) = vm.frame_namespace(f) {
        return Ok(own);
    }
    let proxy = FrameLocals { frame: f.clone() };
    let t = proxy_type(vm);
    Ok(vm.heap.alloc(&t, proxy).into())
}

struct ProxyType(Ref<Type>);

fn proxy_type(vm: &Vm) -> Ref<Type> {
    let state = vm.module_state(|| {
        let t = vm.new_native_type::<FrameLocals>(
            "FrameLocalsProxy",
            &vm.types.object,
            TypeFlags::MAPPING,
        );
        init_proxy(vm, &t);
        vm.ready_type(&t);
        ProxyType(t)
    });
    state.0.clone()
}

/// The number of the variable that a key names. Keys that only resemble strings go by hash and `==`, as in a dict.
fn find(vm: &Vm, f: &FrameObject, key: &Value) -> PyResult<Option<usize>> {
    let names = &f.code.varnames;
    if let Some(s) = key.downcast::<Str>()
        && vm.type_of(key).is(&vm.types.str)
    {
        return Ok(names.iter().position(|n| n.as_bytes() == s.as_bytes()));
    }
    let hash = vm.hash(key)?;
    for (i, name) in names.iter().enumerate() {
        if vm.hash(name.as_value())? == hash && vm.same(name.as_value(), key)? {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// The value under a key: a bound variable, or what was added through a proxy.
fn lookup(vm: &Vm, f: &FrameObject, key: &Value) -> PyResult<Option<Value>> {
    if let Some(x) = find(vm, f, key)?.and_then(|i| f.variable(i)) {
        return Ok(Some(x));
    }
    match f.extra_locals.get() {
        Some(d) => vm.dict_lookup(&d, key),
        None => Ok(None),
    }
}

/// Takes out what was added through a proxy; variables of the code cannot go.
fn remove(vm: &Vm, f: &FrameObject, key: &Value) -> PyResult<Option<Value>> {
    if find(vm, f, key)?.is_some() {
        return Err(vm.value_error("cannot remove local variables from FrameLocalsProxy"));
    }
    match f.extra_locals.get() {
        Some(d) => vm.dict_remove(&d, key),
        None => Ok(None),
    }
}

fn init_proxy(vm: &Vm, t: &Ref<Type>) {
    t.slots.new.set(Some(|vm, class, a| {
        if !a.names.is_empty() {
            return Err(vm.type_error("FrameLocalsProxy takes no keyword arguments"));
        }
        let [frame] = a.pos else {
            return Err(vm.type_error(format!(
                "FrameLocalsProxy expected 1 argument, got {}",
                a.pos.len()
            )));
        };
        let Some(frame) = frame.as_ref::<FrameObject>() else {
            let t = vm.type_name(frame);
            return Err(vm.type_error(format!("expect frame, not {t}")));
        };
        let proxy = FrameLocals {
            frame: frame.clone(),
        };
        Ok(vm.heap.alloc(class, proxy).into())
    }));
    t.slots.getitem.set(Some(|vm, v, k| {
        lookup(vm, &vm.this::<FrameLocals>(v)?.frame, k)?.ok_or_else(|| vm.key_error(k))
    }));
    t.slots.setitem.set(Some(|vm, v, k, x| {
        let f = &vm.this::<FrameLocals>(v)?.frame;
        let Some(x) = x else {
            return match remove(vm, f, k)? {
                Some(_) => Ok(()),
                None => Err(vm.key_error(k)),
            };
        };
        match find(vm, f, k)? {
            Some(i) => {
                f.set_variable(i, x.clone());
                Ok(())
            }
            None => {
                if f.extra_locals.is_none() {
                    f.extra_locals.set(Some(vm.new_dict()));
                }
                match f.extra_locals.get() {
                    Some(d) => vm.dict_insert(&d, k.clone(), x.clone()),
                    None => Ok(()),
                }
            }
        }
    }));
    t.slots.len.set(Some(|vm, v| {
        Ok(snapshot(vm, &vm.this::<FrameLocals>(v)?.frame).len())
    }));
    t.slots.iter.set(Some(|vm, v| {
        let d = snapshot(vm, &vm.this::<FrameLocals>(v)?.frame);
        vm.iter(d.as_value())
    }));
    t.slots.contains.set(Some(|vm, v, k| {
        Ok(lookup(vm, &vm.this::<FrameLocals>(v)?.frame, k)?.is_some())
    }));
    t.slots.repr.set(Some(|vm, v| {
        super::seq::guarded_repr(vm, v, "{...}", || {
            let d = snapshot(vm, &vm.this::<FrameLocals>(v)?.frame);
            vm.repr(d.as_value()).map(Value::from)
        })
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let as_dict = |v: &Value| match v.downcast::<FrameLocals>() {
            Some(p) => snapshot(vm, &p.frame).into(),
            None => v.clone(),
        };
        vm.compare(&as_dict(a), &as_dict(b), op)
    }));
    t.slots.binary[BinOp::Or as usize].set(Some(|vm, a, b| {
        let as_dict = |v: &Value| match v.downcast::<FrameLocals>() {
            Some(p) => snapshot(vm, &p.frame).into(),
            None => v.clone(),
        };
        vm.binary(&as_dict(a), &as_dict(b), BinOp::Or)
    }));
    macro_rules! through_dict {
        ($($name:literal)*) => {
            $(vm.method(t, $name, "", |vm, v, a| {
                let d = snapshot(vm, &vm.this::<FrameLocals>(v)?.frame);
                vm.call_method_args(d.as_value(), &vm.intern($name), a)
            });)*
        };
    }
    through_dict! { "get" "copy" }
    // Lists, not views: nothing could keep a view up to date.
    macro_rules! as_list {
        ($($name:literal $all:expr;)*) => {
            $(vm.method(t, $name, "", |vm, v, a| {
                a.exactly::<0>(vm, $name)?;
                let d = snapshot(vm, &vm.this::<FrameLocals>(v)?.frame);
                let all: fn(&Vm, &Dict) -> Vec<Value> = $all;
                Ok(vm.new_list(all(vm, &d)))
            });)*
        };
    }
    as_list! {
        "keys" |_, d| d.keys();
        "values" |_, d| d.values();
        "items" |vm, d| d.items().into_iter().map(|(k, v)| vm.tuple_value([k, v])).collect();
        "__reversed__" |_, d| d.keys().into_iter().rev().collect();
    }
    vm.add_methods(t, PROXY_METHODS);
}

lasti_core::methods! { PROXY_METHODS =
    "setdefault" "(key, default=None, /)\n--\n\n" setdefault;
    "pop" "(key, default=None, /)\n--\n\n" pop;
    "update" "(iterable=(), /, **kwds)\n--\n\n" update;
}

fn setdefault(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "setdefault", 1, 2)?;
    if let Some(x) = lookup(vm, &vm.this::<FrameLocals>(v)?.frame, &pos[0])? {
        return Ok(x);
    }
    let x = pos.get(1).cloned().unwrap_or(Value::NONE);
    vm.setitem(v, &pos[0], &x)?;
    Ok(x)
}

fn pop(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "pop", 1, 2)?;
    match (
        remove(vm, &vm.this::<FrameLocals>(v)?.frame, &pos[0])?,
        pos.get(1),
    ) {
        (Some(x), _) => Ok(x),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(vm.key_error(&pos[0])),
    }
}

fn update(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let d = vm.new_dict();
    for other in a.pos {
        vm.dict_update(&d, other)?;
    }
    for (k, x) in a.names.iter().zip(a.kw) {
        vm.dict_insert(&d, k.clone(), x.clone())?;
    }
    for (k, x) in d.items() {
        vm.setitem(v, &k, &x)?;
    }
    Ok(Value::NONE)
}
