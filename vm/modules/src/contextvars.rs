//! `_contextvars` (CPython's Python/context.c). A context's variables stand in a dict that copies share until one of
//! them changes it. The running thread's context stands in `Vm::context`.
use crate::util::*;
use std::rc::Rc;

pub struct Context {
    vars: RefSlot<Dict>,
    /// What was current when this context was entered; unbound while it is not entered.
    previous: Slot,
    entered: Cell<bool>,
}
payload!(Context, "_contextvars.Context", vars, previous);

struct ContextVar {
    name: Value,
    default: Option<Value>,
}
payload!(ContextVar, "_contextvars.ContextVar", name, default);

struct Token {
    context: Value,
    var: Value,
    /// Unbound: the variable had no value.
    old: Slot,
    used: Cell<bool>,
}
payload!(Token, "_contextvars.Token", context, var, old);

struct State {
    context: Ref<Type>,
    var: Ref<Type>,
    token: Ref<Type>,
    missing: Value,
}

fn state(vm: &Vm) -> Rc<State> {
    vm.module_state(|| {
        let mt = vm.new_native_type::<Plain>("Token.MISSING", &vm.types.object, TypeFlags::NO_NEW);
        mt.slots
            .repr
            .set(Some(|vm, _| Ok(vm.str_value("<Token.MISSING>"))));
        vm.ready_type(&mt);
        let missing: Value = vm.heap.alloc(&mt, Plain).into();
        State {
            context: context_type(vm),
            var: var_type(vm),
            token: token_type(vm, &missing),
            missing,
        }
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_contextvars");
    let st = state(vm);
    vm.add_value(&m, "Context", st.context.value());
    vm.add_value(&m, "ContextVar", st.var.value());
    vm.add_value(&m, "Token", st.token.value());
    vm.add_function(
        &m,
        "copy_context",
        "copy_context($module, /)\n--\n\n",
        |vm, _, a| {
            a.exactly::<0>(vm, "copy_context")?;
            Ok(copy_context(vm))
        },
    );
    Ok(m)
}

// ---- for the event loop ----

/// The running thread's context, made when there is none yet.
pub fn current_context(vm: &Vm) -> Value {
    if let Some(c) = vm.context.get_bound() {
        return c;
    }
    let c = new_context(vm, vm.new_dict());
    vm.context.set(c.clone());
    c
}

/// A copy of the current context. Costs one object; the variables are shared until one side changes them.
pub fn copy_context(vm: &Vm) -> Value {
    let now = current_context(vm);
    let vars = now.downcast::<Context>().and_then(|c| c.vars.get());
    new_context(vm, vars.unwrap_or_else(|| vm.new_dict()))
}

/// Makes `ctx` current until `exit_context`. RuntimeError when it is entered already.
pub fn enter_context(vm: &Vm, ctx: &Value) -> PyResult<()> {
    let c = vm.this::<Context>(ctx)?;
    if c.entered.replace(true) {
        return Err(vm.runtime_error(format!(
            "cannot enter context: {} is already entered",
            vm.repr_string(ctx)?
        )));
    }
    c.previous.set(vm.context.replace(ctx.clone()));
    Ok(())
}

/// Puts back what was current before `ctx` was entered.
pub fn exit_context(vm: &Vm, ctx: &Value) {
    if let Some(c) = ctx.downcast::<Context>() {
        c.entered.set(false);
        vm.context.set(c.previous.take());
    }
}

/// Calls `callable` with `ctx` as the current context.
pub fn run_in_context(vm: &Vm, ctx: &Value, callable: &Value, args: Args) -> PyResult<Value> {
    enter_context(vm, ctx)?;
    let r = vm.call_args(callable, args);
    exit_context(vm, ctx);
    r
}

/// Whether a value is a Context.
pub fn is_context(v: &Value) -> bool {
    v.downcast::<Context>().is_some()
}

// ---- Context ----

fn new_context(vm: &Vm, vars: Ref<Dict>) -> Value {
    let c = Context {
        vars: RefSlot::new(Some(vars)),
        previous: Slot::empty(),
        entered: Cell::new(false),
    };
    vm.heap.alloc(&state(vm).context, c).into()
}

fn vars(vm: &Vm, v: &Value) -> PyResult<Ref<Dict>> {
    Ok(vm
        .this::<Context>(v)?
        .vars
        .get()
        .unwrap_or_else(|| vm.new_dict()))
}

/// The dict of a context for changing: a copy when others share it.
fn own_vars(vm: &Vm, c: &Context) -> PyResult<Ref<Dict>> {
    let Some(d) = c.vars.take() else {
        let d = vm.new_dict();
        c.vars.set(Some(d.clone()));
        return Ok(d);
    };
    if d.as_value().ref_count() == 1 {
        c.vars.set(Some(d.clone()));
        return Ok(d);
    }
    let new = vm.new_dict();
    c.vars.set(Some(d.clone()));
    for (k, v) in d.items() {
        vm.dict_insert(&new, k, v)?;
    }
    c.vars.set(Some(new.clone()));
    Ok(new)
}

fn check_var(vm: &Vm, v: &Value) -> PyResult<()> {
    if v.downcast::<ContextVar>().is_some() {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "a ContextVar key was expected, got {}",
        vm.repr_string(v)?
    )))
}

fn context_type(vm: &Vm) -> Ref<Type> {
    let t =
        vm.new_native_type::<Context>("_contextvars.Context", &vm.types.object, TypeFlags::WEAKREF);
    t.slots.new.set(Some(|vm, _, a| {
        if !a.is_empty() {
            return Err(vm.type_error("Context() does not accept any arguments"));
        }
        Ok(new_context(vm, vm.new_dict()))
    }));
    t.slots.len.set(Some(|vm, v| Ok(vars(vm, v)?.len())));
    t.slots
        .iter
        .set(Some(|vm, v| vm.iter(&vm.new_list(vars(vm, v)?.keys()))));
    t.slots.contains.set(Some(|vm, v, k| {
        check_var(vm, k)?;
        Ok(vm.dict_lookup(&*vars(vm, v)?, k)?.is_some())
    }));
    t.slots.getitem.set(Some(|vm, v, k| {
        check_var(vm, k)?;
        vm.dict_lookup(&*vars(vm, v)?, k)?
            .ok_or_else(|| vm.key_error(k))
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        if b.downcast::<Context>().is_none() || !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        vm.compare(vars(vm, a)?.as_value(), vars(vm, b)?.as_value(), op)
    }));
    vm.method(&t, "get", "", |vm, v, a| {
        let pos = a.between(vm, "get", 1, 2)?;
        check_var(vm, &pos[0])?;
        Ok(vm
            .dict_lookup(&*vars(vm, v)?, &pos[0])?
            .or_else(|| pos.get(1).cloned())
            .unwrap_or(Value::NONE))
    });
    vm.method(&t, "keys", "", |vm, v, _| {
        Ok(vm.new_list(vars(vm, v)?.keys()))
    });
    vm.method(&t, "values", "", |vm, v, _| {
        Ok(vm.new_list(vars(vm, v)?.values()))
    });
    vm.method(&t, "items", "", |vm, v, _| {
        let items = vars(vm, v)?
            .items()
            .into_iter()
            .map(|(k, x)| vm.tuple_value([k, x]));
        Ok(vm.new_list(items.collect()))
    });
    vm.method(&t, "copy", "", |vm, v, _| Ok(new_context(vm, vars(vm, v)?)));
    vm.method(
        &t,
        "run",
        "run($self, callable, /, *args, **kwargs)\n--\n\n",
        |vm, v, a| {
            let Some((f, rest)) = a.pos.split_first() else {
                return Err(vm.type_error("run() missing 1 required positional argument"));
            };
            run_in_context(vm, v, f, Args { pos: rest, ..a })
        },
    );
    vm.ready_type(&t);
    t
}

// ---- ContextVar ----

fn var_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<ContextVar>("_contextvars.ContextVar", &vm.types.object, 0);
    t.slots.new.set(Some(|vm, class, a| {
        let [name, default] = a.bind(vm, "ContextVar", ["name", "*default"], 1)?;
        let name = name.cloned().unwrap_or(Value::NONE);
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("context variable name must be a str"));
        }
        Ok(vm
            .heap
            .alloc(
                class,
                ContextVar {
                    name,
                    default: default.cloned(),
                },
            )
            .into())
    }));
    t.slots.repr.set(Some(|vm, v| {
        let var = vm.this::<ContextVar>(v)?;
        let name = vm.repr_string(&var.name)?;
        let default = match &var.default {
            Some(d) => format!(" default={}", vm.repr_string(d)?),
            None => String::new(),
        };
        Ok(vm.str_value(&format!(
            "<ContextVar name={name}{default} at {:#x}>",
            vm.id(v)
        )))
    }));
    vm.getset(
        &t,
        "name",
        |vm, v| Ok(vm.this::<ContextVar>(v)?.name.clone()),
        None,
    );
    vm.method(&t, "get", "", |vm, v, a| {
        let pos = a.between(vm, "get", 0, 1)?;
        let var = vm.this::<ContextVar>(v)?;
        if let Some(ctx) = vm.context.get_bound()
            && let Some(x) = vm.dict_lookup(&*vars(vm, &ctx)?, v)?
        {
            return Ok(x);
        }
        match pos.first().or(var.default.as_ref()) {
            Some(d) => Ok(d.clone()),
            None => Err(vm.new_exception_args(&vm.exc.lookup_error, vm.new_tuple([v.clone()]))),
        }
    });
    vm.method(&t, "set", "", |vm, v, a| {
        let [x] = a.exactly::<1>(vm, "set")?;
        let ctx = current_context(vm);
        let d = own_vars(vm, vm.this::<Context>(&ctx)?)?;
        let old = vm.dict_lookup(&d, v)?;
        vm.dict_insert(&d, v.clone(), x.clone())?;
        let token = Token {
            context: ctx,
            var: v.clone(),
            old: Slot::new(old.unwrap_or(Value::UNBOUND)),
            used: Cell::new(false),
        };
        Ok(vm.heap.alloc(&state(vm).token, token).into())
    });
    vm.method(&t, "reset", "", |vm, v, a| {
        let [token] = a.exactly::<1>(vm, "reset")?;
        reset(vm, v, token)
    });
    vm.class_method(&t, "__class_getitem__", "", class_getitem);
    vm.ready_type(&t);
    t
}

fn reset(vm: &Vm, var: &Value, token: &Value) -> PyResult<Value> {
    let Some(t) = token.downcast::<Token>() else {
        return Err(vm.type_error(format!(
            "expected an instance of Token, got {}",
            vm.repr_string(token)?
        )));
    };
    if t.used.get() {
        return Err(vm.runtime_error(format!(
            "{} has already been used once",
            vm.repr_string(token)?
        )));
    }
    if !t.var.is(var) {
        return Err(vm.value_error(format!(
            "{} was created by a different ContextVar",
            vm.repr_string(token)?
        )));
    }
    let ctx = current_context(vm);
    if !t.context.is(&ctx) {
        return Err(vm.value_error(format!(
            "{} was created in a different Context",
            vm.repr_string(token)?
        )));
    }
    t.used.set(true);
    let d = own_vars(vm, vm.this::<Context>(&ctx)?)?;
    match t.old.get_bound() {
        Some(old) => vm.dict_insert(&d, var.clone(), old)?,
        None => drop(vm.dict_remove(&d, var)?),
    }
    Ok(Value::NONE)
}

// ---- Token ----

fn token_type(vm: &Vm, missing: &Value) -> Ref<Type> {
    let t = vm.new_native_type::<Token>("_contextvars.Token", &vm.types.object, TypeFlags::NO_NEW);
    t.slots.repr.set(Some(|vm, v| {
        let t = vm.this::<Token>(v)?;
        let used = if t.used.get() { " used" } else { "" };
        Ok(vm.str_value(&format!(
            "<Token{used} var={} at {:#x}>",
            vm.repr_string(&t.var)?,
            vm.id(v)
        )))
    }));
    vm.getset(
        &t,
        "var",
        |vm, v| Ok(vm.this::<Token>(v)?.var.clone()),
        None,
    );
    vm.getset(
        &t,
        "old_value",
        |vm, v| {
            Ok(vm
                .this::<Token>(v)?
                .old
                .get_bound()
                .unwrap_or_else(|| state(vm).missing.clone()))
        },
        None,
    );
    vm.type_attr(&t, "MISSING", missing.clone());
    vm.method(&t, "__enter__", "", |_, v, _| Ok(v.clone()));
    vm.method(&t, "__exit__", "", |vm, v, _| {
        let var = vm.this::<Token>(v)?.var.clone();
        reset(vm, &var, v)
    });
    vm.class_method(&t, "__class_getitem__", "", class_getitem);
    vm.ready_type(&t);
    t
}
