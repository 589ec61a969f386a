//! `_lasti_dis`: what the `dis` and `opcode` modules read, and `lasti.freelists()`.
use lasti_bytecode::code::Const;
use lasti_bytecode::dis;
use lasti_bytecode::opcode::Op;
use lasti_core::objects::{Code, Module};
use lasti_core::vm::args::Args;
use lasti_core::{PyResult, Ref, Value, Vm};

pub fn register(vm: &Vm) {
    vm.register_module("_lasti_dis", init);
    vm.register_module("lasti", init_lasti);
}

fn code<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Code>> {
    let code = v
        .as_ref::<Code>()
        .ok_or_else(|| vm.type_error("a code object is required"))?;
    vm.load_code(code);
    Ok(code)
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_lasti_dis");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "opcodes" "" opcodes;
    "stack_effect" "" stack_effect;
    "line_starts" "" line_starts;
    "text" "" text;
}

fn opcodes(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let rows = Op::ALL.iter().map(|op| {
        let operand = vm.str_value(&format!("{:?}", op.operand()));
        vm.tuple_value([vm.new_int(*op as i64), vm.str_value(op.name()), operand])
    });
    Ok(vm.new_list(rows.collect()))
}

fn stack_effect(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [op, arg, jump] = a.bind(vm, "stack_effect", ["opcode", "oparg", "*jump"], 1)?;
    let n = vm.to_i64(op.unwrap_or(&Value::NONE))?;
    let Some(op) = u8::try_from(n).ok().and_then(Op::from_u8) else {
        return Err(vm.value_error("invalid opcode or oparg"));
    };
    let arg = arg
        .filter(|a| !a.is_none())
        .map_or(Ok(0), |a| vm.to_i64(a))?;
    let arg = u32::try_from(arg).map_err(|_| vm.value_error("invalid opcode or oparg"))?;
    let (fall, taken) = (op.stack_effect(arg, false), op.stack_effect(arg, true));
    let effect = match jump {
        Some(j) if j.is_true() => taken,
        Some(j) if j.is_false() => fall,
        _ => fall.max(taken),
    };
    Ok(vm.new_int(effect as i64))
}

fn line_starts(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "line_starts")?;
    let rows = dis::line_starts(code(vm, c)?.data());
    let rows = rows
        .into_iter()
        .map(|(at, line)| vm.tuple_value([vm.new_int(at as i64), vm.new_int(line as i64)]));
    Ok(vm.new_list(rows.collect()))
}

fn text(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c, lasti] = a.exactly::<2>(vm, "text")?;
    let c = code(vm, c)?;
    let lasti = usize::try_from(vm.to_i64(lasti)?).ok();
    let style = dis::Style {
        last_instruction: lasti,
        ..Default::default()
    };
    // Nested code objects print with the address of the object that is really there.
    let consts = &c.consts;
    let data = c.data().clone();
    let shown = |k: &Const| {
        let at = data.consts.iter().position(|x| std::ptr::eq(x, k));
        at.and_then(|i| consts.get(i))
            .and_then(|v| vm.repr_string(v).ok())
            .unwrap_or_else(|| dis::const_repr(k))
    };
    Ok(vm.str_value(&dis::dis_with(&data, style, &shown)))
}

/// The `lasti` module: what this runtime shows of itself.
fn init_lasti(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("lasti");
    vm.add_value(&m, "__version__", vm.str_value(env!("CARGO_PKG_VERSION")));
    vm.add_functions(&m, LASTI_FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { LASTI_FUNCTIONS =
    "freelists" "freelists()\n--\n\n" freelists;
}

fn freelists(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let out = vm.new_dict();
    for (name, l) in vm.freelist_counters() {
        let row = vm.new_dict();
        vm.dict_set(&row, "free", vm.new_uint(l.free));
        vm.dict_set(&row, "reused", vm.new_uint(l.reused));
        vm.dict_set(&row, "made", vm.new_uint(l.made));
        vm.dict_set(&row, "returned", vm.new_uint(l.returned));
        vm.dict_set(&out, name, row.into());
    }
    Ok(out.into())
}
