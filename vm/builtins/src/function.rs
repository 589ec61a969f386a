//! Functions, native functions, bound methods and cells.
use lasti_core::memory::{RefSlot, Slot, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.function;
    t.slots.new.set(Some(function_new));
    t.slots
        .call
        .set(Some(|vm, v, a| vm.run_function(vm.this::<Function>(v)?, a)));
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        Ok(match obj {
            Some(o) => vm.new_bound(d.clone(), o.clone()),
            None => d.clone(),
        })
    }));
    t.slots.repr.set(Some(|vm, v| {
        let f = vm.this::<Function>(v)?;
        Ok(vm.str_value(&format!(
            "<function {} at {:#x}>",
            vm.func_qualname(f),
            vm.id(v)
        )))
    }));
    vm.getset(
        t,
        "__name__",
        |vm, v| Ok(vm.this::<Function>(v)?.name.get()),
        Some(|vm, v, x| {
            set_text(
                vm,
                &vm.this::<Function>(v)?.name,
                x,
                "__name__ must be set to a string object",
            )
        }),
    );
    vm.getset(
        t,
        "__qualname__",
        |vm, v| Ok(vm.this::<Function>(v)?.qualname.get()),
        Some(|vm, v, x| {
            set_text(
                vm,
                &vm.this::<Function>(v)?.qualname,
                x,
                "__qualname__ must be set to a string object",
            )
        }),
    );
    vm.getset(
        t,
        "__doc__",
        |vm, v| Ok(function_doc(vm, vm.this::<Function>(v)?)),
        Some(|vm, v, x| {
            vm.this::<Function>(v)?
                .doc
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__module__",
        |vm, v| Ok(vm.this::<Function>(v)?.module.get()),
        Some(|vm, v, x| {
            vm.this::<Function>(v)?
                .module
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__code__",
        |vm, v| Ok(vm.this::<Function>(v)?.code.value()),
        Some(|vm, v, x| {
            let f = vm.this::<Function>(v)?;
            let Some(code) = x.and_then(|x| x.as_ref::<Code>()) else {
                return Err(vm.type_error("__code__ must be set to a code object"));
            };
            let have = f.closure.as_ref().map_or(0, |c| c.len());
            if code.nfree as usize != have {
                return Err(vm.value_error(format!(
                    "{}() requires a code object with {have} free vars, not {}",
                    vm.display(&f.name.get()),
                    code.nfree
                )));
            }
            // The docstring stays the one of the code that was there before.
            function_doc(vm, f);
            f.code.set(Some(code.clone()));
            f.version.set(f.version.get().wrapping_add(1));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__defaults__",
        |vm, v| Ok(vm.this::<Function>(v)?.defaults.value()),
        Some(|vm, v, x| {
            let f = vm.this::<Function>(v)?;
            match x {
                Some(x) if !x.is_none() => match x.as_ref::<Tuple>() {
                    Some(t) => f.defaults.set(Some(t.clone())),
                    None => return Err(vm.type_error("__defaults__ must be set to a tuple object")),
                },
                _ => f.defaults.set(None),
            }
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__kwdefaults__",
        |vm, v| Ok(vm.this::<Function>(v)?.kwdefaults.value()),
        Some(|vm, v, x| {
            let f = vm.this::<Function>(v)?;
            match x {
                Some(x) if !x.is_none() => match x.as_ref::<Dict>() {
                    Some(d) => f.kwdefaults.set(Some(d.clone())),
                    None => {
                        return Err(vm.type_error("__kwdefaults__ must be set to a dict object"));
                    }
                },
                _ => f.kwdefaults.set(None),
            }
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__globals__",
        |vm, v| Ok(vm.this::<Function>(v)?.globals.value()),
        None,
    );
    vm.getset(
        t,
        "__builtins__",
        |vm, v| Ok(vm.this::<Function>(v)?.builtins.value()),
        None,
    );
    vm.getset(
        t,
        "__closure__",
        |vm, v| {
            Ok(vm
                .this::<Function>(v)?
                .closure
                .as_ref()
                .map_or(Value::NONE, |c| c.value()))
        },
        None,
    );
    vm.getset(
        t,
        "__dict__",
        lasti_core::model::instance::get_dict,
        Some(lasti_core::model::instance::set_dict),
    );
    t.set_flag(TypeFlags::DICT);
    vm.getset(
        t,
        "__annotations__",
        get_annotations,
        Some(|vm, v, x| {
            let f = vm.this::<Function>(v)?;
            f.annotations.set(
                x.filter(|x| !x.is_none())
                    .cloned()
                    .unwrap_or_else(|| vm.new_dict().into()),
            );
            f.annotate.set(Value::NONE);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__annotate__",
        |vm, v| Ok(vm.this::<Function>(v)?.annotate.get()),
        Some(|vm, v, x| {
            let f = vm.this::<Function>(v)?;
            f.annotate.set(x.cloned().unwrap_or(Value::NONE));
            f.annotations.take();
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__type_params__",
        |vm, v| Ok(vm.this::<Function>(v)?.type_params.get()),
        Some(|vm, v, x| {
            vm.set_slot_attr(&vm.this::<Function>(v)?.type_params, x, "__type_params__")
        }),
    );

    init_native(vm);
    init_method(vm);
    init_cell(vm);
}

fn get_annotations(vm: &Vm, v: &Value) -> PyResult<Value> {
    let f = vm.this::<Function>(v)?;
    if let Some(a) = f.annotations.get_bound() {
        // A flat tuple of names and values is made a dict on first use.
        return Ok(a);
    }
    let annotate = f.annotate.get();
    let a = if annotate.is_none() {
        vm.new_dict().into()
    } else {
        vm.call(&annotate, &[Value::small_int(1)])?
    };
    f.annotations.set(a.clone());
    Ok(a)
}

fn set_text(vm: &Vm, slot: &Slot, x: Option<&Value>, msg: &str) -> PyResult<()> {
    match x {
        Some(x) if x.downcast::<Str>().is_some() => {
            slot.set(x.clone());
            Ok(())
        }
        _ => Err(vm.type_error(msg)),
    }
}

/// `types.FunctionType(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)`.
/// `__doc__`, which is made when it is first asked for: few are.
fn function_doc(vm: &Vm, f: &Function) -> Value {
    if f.doc.is_unbound()
        && let Some(code) = f.code.get()
    {
        f.doc.set(vm.doc_of(&code));
    }
    f.doc.get()
}

fn function_new(vm: &Vm, class: &lasti_core::memory::Ref<Type>, args: Args) -> PyResult<Value> {
    let names = [
        "code",
        "globals",
        "name",
        "argdefs",
        "closure",
        "kwdefaults",
    ];
    let [code, globals, name, defaults, closure, kwdefaults] =
        args.bind(vm, "function", names, 2)?;
    let code = code.and_then(|c| c.as_ref::<Code>());
    let globals = globals.and_then(|g| g.as_ref::<Dict>());
    let (Some(code), Some(globals)) = (code, globals) else {
        return Err(vm.type_error("function() argument 'code' must be code, and 'globals' a dict"));
    };
    let given = |v: Option<&Value>| v.filter(|v| !v.is_none()).cloned();
    let closure = given(closure).and_then(|c| c.into_ref::<Tuple>().ok());
    let have = closure.as_ref().map_or(0, |c| c.len());
    if have != code.nfree as usize {
        return Err(vm.value_error(format!(
            "{} requires closure of length {}, not {have}",
            code.name.to_string_lossy(),
            code.nfree
        )));
    }
    let name = given(name).unwrap_or_else(|| code.name.value());
    let f = Function {
        code: RefSlot::new(Some(code.clone())),
        globals: globals.clone(),
        builtins: vm.builtins_of(globals),
        closure,
        defaults: RefSlot::new(given(defaults).and_then(|d| d.into_ref::<Tuple>().ok())),
        kwdefaults: RefSlot::new(given(kwdefaults).and_then(|d| d.into_ref::<Dict>().ok())),
        qualname: Slot::new(code.qualname.value()),
        name: Slot::new(name),
        doc: Slot::empty(),
        module: Slot::new(
            vm.dict_get_str(globals, &vm.names.name)
                .unwrap_or(Value::NONE),
        ),
        annotations: Slot::empty(),
        annotate: Slot::new(Value::NONE),
        type_params: Slot::new(vm.empty_tuple.value()),
        dict: RefSlot::default(),
        version: Cell::new(0),
    };
    Ok(vm.heap.alloc(class, f).into())
}

fn init_native(vm: &Vm) {
    let repr: UnaryFn = |vm, v| {
        let n = vm.this::<NativeFunction>(v)?;
        let name = n.name.to_string_lossy();
        if let Some(owner) = &n.owner
            && n.this.is_unbound()
        {
            return Ok(vm.str_value(&format!("<method '{name}' of '{}' objects>", owner.name())));
        }
        let this = n.this.get();
        Ok(vm.str_value(&if this.is_unbound()
            || this.is_none()
            || this.downcast::<Module>().is_some()
        {
            format!("<built-in function {name}>")
        } else {
            format!(
                "<built-in method {name} of {} object at {:#x}>",
                vm.type_name(&this),
                vm.id(&this)
            )
        }))
    };
    for t in [
        &vm.types.native,
        &vm.types.method_descriptor,
        &vm.types.classmethod_descriptor,
    ] {
        t.slots.call.set(Some(|vm, v, a| {
            vm.call_native(vm.this::<NativeFunction>(v)?, a)
        }));
        t.slots.repr.set(Some(repr));
        vm.getset(
            t,
            "__name__",
            |vm, v| Ok(vm.this::<NativeFunction>(v)?.name.value()),
            None,
        );
        vm.getset(t, "__qualname__", native_qualname, None);
        vm.getset(
            t,
            "__doc__",
            |vm, v| {
                let doc = vm.this::<NativeFunction>(v)?.doc;
                let text = doc.split_once("--\n\n").map_or(doc, |(_, d)| d);
                Ok(if text.is_empty() {
                    Value::NONE
                } else {
                    vm.str_value(text)
                })
            },
            None,
        );
        vm.getset(
            t,
            "__text_signature__",
            |vm, v| {
                let doc = vm.this::<NativeFunction>(v)?.doc;
                Ok(match (doc.split_once("\n--\n\n"), doc.find('(')) {
                    // What begins with the parenthesis tells only the arity.
                    (Some((sig, _)), Some(at @ 1..)) => vm.str_value(&sig[at..]),
                    _ => Value::NONE,
                })
            },
            None,
        );
        vm.add_methods(t, NATIVE_METHODS);
    }
    let t = &vm.types.native;
    vm.getset(
        t,
        "__module__",
        |vm, v| Ok(vm.this::<NativeFunction>(v)?.module.get()),
        Some(|vm, v, x| {
            vm.this::<NativeFunction>(v)?
                .module
                .set(x.cloned().unwrap_or(Value::NONE));
            Ok(())
        }),
    );
    vm.getset(
        t,
        "__self__",
        |vm, v| {
            let this = vm.this::<NativeFunction>(v)?.this.get();
            Ok(if this.is_unbound() { Value::NONE } else { this })
        },
        None,
    );
    t.slots.richcmp.set(Some(|_, a, b, op| {
        let (Some(x), Some(y)) = (
            a.downcast::<NativeFunction>(),
            b.downcast::<NativeFunction>(),
        ) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same_func = match (&x.func, &y.func) {
            (NativeKind::Plain(f), NativeKind::Plain(g)) => std::ptr::fn_addr_eq(*f, *g),
            (NativeKind::Tail(f), NativeKind::Tail(g)) => std::ptr::fn_addr_eq(*f, *g),
            _ => a.is(b),
        };
        let same = a.is(b) || same_func && x.name.is(&y.name) && x.this.get().is(&y.this.get());
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }));
    t.slots.hash.set(Some(|_, v| {
        let n = v.downcast::<NativeFunction>();
        Ok(n.map_or(0, |n| {
            n.name.as_value().bits() ^ n.this.get().bits().rotate_left(9)
        }))
    }));
    let t = &vm.types.method_descriptor;
    t.slots.descr_get.set(Some(|vm, d, obj, _| {
        let n = vm.this::<NativeFunction>(d)?;
        Ok(match obj {
            Some(o) => bind_native(vm, n, o.clone()),
            None => d.clone(),
        })
    }));
    vm.getset(
        t,
        "__objclass__",
        |vm, v| {
            Ok(vm
                .this::<NativeFunction>(v)?
                .owner
                .as_ref()
                .map_or(Value::NONE, |o| o.value()))
        },
        None,
    );
    let t = &vm.types.classmethod_descriptor;
    t.slots.descr_get.set(Some(|vm, d, _, class| {
        Ok(bind_native(
            vm,
            vm.this::<NativeFunction>(d)?,
            class.clone(),
        ))
    }));
}

lasti_core::methods! { NATIVE_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce;
}

fn reduce(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.this::<NativeFunction>(v)?.name.value())
}

/// A native method bound to an instance or class.
fn bind_native(vm: &Vm, n: &NativeFunction, this: Value) -> Value {
    let bound = NativeFunction {
        name: n.name.clone(),
        doc: n.doc,
        func: n.func.clone(),
        arity: n.arity,
        this: Slot::new(this),
        owner: n.owner.clone(),
        module: Slot::new(Value::NONE),
    };
    vm.heap.alloc(&vm.types.native, bound).into()
}

fn native_qualname(vm: &Vm, v: &Value) -> PyResult<Value> {
    let n = vm.this::<NativeFunction>(v)?;
    Ok(match &n.owner {
        Some(o) => vm.str_value(&format!("{}.{}", o.name(), n.name.to_string_lossy())),
        None => n.name.value(),
    })
}

fn init_method(vm: &Vm) {
    let t = &vm.types.method;
    t.slots.new.set(Some(|vm, _, a| {
        let [f, this] = a.exactly::<2>(vm, "method")?;
        if !super::functions::is_callable(vm, f) {
            return Err(vm.type_error("first argument must be callable"));
        }
        if this.is_none() {
            return Err(vm.type_error("instance must not be None"));
        }
        Ok(vm.new_bound(f.clone(), this.clone()))
    }));
    t.slots.call.set(Some(|vm, v, a| vm.call_args(v, a)));
    t.slots.descr_get.set(Some(|_, d, _, _| Ok(d.clone())));
    t.slots.getattr.set(Some(|vm, v, name| {
        if let Some(a) = vm.generic_getattr(v, name)? {
            return Ok(Some(a));
        }
        let f = vm.this::<BoundMethod>(v)?.func.clone();
        vm.lookup_attr(&f, name)
    }));
    t.slots.repr.set(Some(|vm, v| {
        let m = vm.this::<BoundMethod>(v)?;
        let name = match vm.lookup_attr(&m.func, &vm.names.qualname)? {
            Some(q) => vm.display(&q),
            None => "?".into(),
        };
        let this = vm.repr(&m.this)?;
        let head = format!("<bound method {name} of ");
        vm.concat(&[head.as_bytes(), this.as_bytes(), b">"])
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<BoundMethod>(), b.downcast::<BoundMethod>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = x.this.is(&y.this) && vm.same(&x.func, &y.func)?;
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }));
    t.slots.hash.set(Some(|vm, v| {
        let m = vm.this::<BoundMethod>(v)?;
        Ok(super::object::identity_hash(&m.this) ^ vm.hash(&m.func)?)
    }));
    vm.getset(
        t,
        "__func__",
        |vm, v| Ok(vm.this::<BoundMethod>(v)?.func.clone()),
        None,
    );
    vm.getset(
        t,
        "__self__",
        |vm, v| Ok(vm.this::<BoundMethod>(v)?.this.clone()),
        None,
    );
    vm.getset(
        t,
        "__doc__",
        |vm, v| vm.getattr(&vm.this::<BoundMethod>(v)?.func, &vm.names.doc),
        None,
    );
    vm.add_methods(t, METHOD_METHODS);
}

lasti_core::methods! { METHOD_METHODS =
    "__reduce__" "__reduce__($self, /)\n--\n\n" reduce_method;
}

fn reduce_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let m = vm.this::<BoundMethod>(v)?;
    let name = vm.getattr(&m.func, &vm.names.name)?;
    Ok(vm.tuple_value([
        vm.builtin("getattr")?,
        vm.tuple_value([m.this.clone(), name]),
    ]))
}

fn init_cell(vm: &Vm) {
    let t = &vm.types.cell;
    t.slots.new.set(Some(|vm, _, a| {
        let v = a.between(vm, "cell", 0, 1)?;
        Ok(vm.new_cell(v.first().cloned().unwrap_or(Value::UNBOUND)))
    }));
    t.slots.repr.set(Some(|vm, v| {
        let c = vm.this::<PyCell>(v)?;
        let content = match c.content.get_bound() {
            Some(x) => format!("{} object at {:#x}", vm.type_name(&x), vm.id(&x)),
            None => "empty".into(),
        };
        Ok(vm.str_value(&format!("<cell at {:#x}: {content}>", vm.id(v))))
    }));
    vm.getset(
        t,
        "cell_contents",
        |vm, v| {
            vm.this::<PyCell>(v)?
                .content
                .get_bound()
                .ok_or_else(|| vm.value_error("cell is empty"))
        },
        Some(|vm, v, x| {
            vm.this::<PyCell>(v)?
                .content
                .set(x.cloned().unwrap_or(Value::UNBOUND));
            Ok(())
        }),
    );
}
