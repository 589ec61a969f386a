//! Match objects of `re`.
use crate::sre::{Match, expand, part};
use crate::util::*;

fn this<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Match>> {
    vm.this::<Match>(v)
}

/// The number of a group given by number or name.
fn group_number(vm: &Vm, m: &Match, g: &Value) -> PyResult<usize> {
    let n = if vm.is_int(g) || vm.type_of(g).slots.index.get().is_some() {
        vm.to_i64_clamped(g)?
    } else {
        let names = m.pattern().groupindex();
        let found = if names.is_empty() {
            None
        } else {
            vm.dict_lookup(names, g)?
        };
        found.map_or(Ok(-1), |n| vm.to_i64(&n))?
    };
    match usize::try_from(n) {
        Ok(n) if n < m.regs().len() => Ok(n),
        _ => Err(vm.index_error("no such group")),
    }
}

fn value_of(vm: &Vm, m: &Match, n: usize, default: &Value) -> PyResult<Value> {
    match m.regs()[n] {
        Some((a, b)) => part(vm, m.string(), a, b),
        None => Ok(default.clone()),
    }
}

fn span(vm: &Vm, v: &Value, a: Args, name: &str) -> PyResult<(i64, i64)> {
    let m = this(vm, v)?;
    let pos = a.between(vm, name, 0, 1)?;
    let n = pos.first().map_or(Ok(0), |g| group_number(vm, m, g))?;
    Ok(m.regs()[n].map_or((-1, -1), |(a, b)| (a as i64, b as i64)))
}

pub(crate) fn match_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Match>("re.Match", &vm.types.object, TypeFlags::NO_NEW);
    vm.add_methods(&t, MATCH_TYPE_METHODS);
    t.slots.getitem.set(Some(|vm, v, g| {
        let m = this(vm, v)?;
        value_of(vm, m, group_number(vm, m, g)?, &Value::NONE)
    }));
    vm.getset(
        &t,
        "string",
        |vm, v| Ok(this(vm, v)?.string().clone()),
        None,
    );
    vm.getset(&t, "re", |vm, v| Ok(this(vm, v)?.pattern().value()), None);
    vm.getset(
        &t,
        "pos",
        |vm, v| Ok(vm.new_int(this(vm, v)?.range().0 as i64)),
        None,
    );
    vm.getset(
        &t,
        "endpos",
        |vm, v| Ok(vm.new_int(this(vm, v)?.range().1 as i64)),
        None,
    );
    vm.getset(
        &t,
        "lastindex",
        |vm, v| {
            Ok(this(vm, v)?
                .lastindex()
                .map_or(Value::NONE, |i| vm.new_int(i as i64)))
        },
        None,
    );
    vm.getset(
        &t,
        "lastgroup",
        |vm, v| {
            let m = this(vm, v)?;
            Ok(m.lastindex()
                .and_then(|i| m.pattern().indexgroup().get(i).cloned())
                .unwrap_or(Value::NONE))
        },
        None,
    );
    vm.getset(
        &t,
        "regs",
        |vm, v| {
            let spans = this(vm, v)?.regs().iter().map(|r| {
                let (x, y) = r.map_or((-1, -1), |(x, y)| (x as i64, y as i64));
                vm.tuple_value([vm.new_int(x), vm.new_int(y)])
            });
            Ok(vm.try_new_tuple(spans.collect::<Vec<_>>())?.into())
        },
        None,
    );
    t.slots.repr.set(Some(|vm, v| {
        let m = this(vm, v)?;
        let (x, y) = m.regs()[0].unwrap_or((0, 0));
        let text = vm.repr_string(&part(vm, m.string(), x, y)?)?;
        Ok(vm.str_value(&format!("<re.Match object; span=({x}, {y}), match={text}>")))
    }));
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MATCH_TYPE_METHODS =
    "group" "(*groups)\n--\n\n" group;
    "groups" "groups($self, /, default=None)\n--\n\n" groups;
    "groupdict" "groupdict($self, /, default=None)\n--\n\n" groupdict;
    "start" "start($self, group=0, /)\n--\n\n" |vm, v, a| Ok(vm.new_int(span(vm, v, a, "start")?.0));
    "end" "end($self, group=0, /)\n--\n\n" end;
    "span" "span($self, group=0, /)\n--\n\n" span_method;
    "expand" "expand($self, /, template)\n--\n\n" expand_method;
    "__copy__" "__copy__($self, /)\n--\n\n" itself;
    "__deepcopy__" "__deepcopy__($self, unused, /)\n--\n\n" itself;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn group(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.no_kw(vm, "group")?;
    let m = this(vm, v)?;
    match a.pos {
        [] => value_of(vm, m, 0, &Value::NONE),
        [g] => value_of(vm, m, group_number(vm, m, g)?, &Value::NONE),
        many => {
            let items: PyResult<Vec<Value>> = many
                .iter()
                .map(|g| value_of(vm, m, group_number(vm, m, g)?, &Value::NONE))
                .collect();
            Ok(vm.try_new_tuple(items?)?.into())
        }
    }
}

fn groups(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [default] = a.bind(vm, "groups", ["default"], 0)?;
    let default = default.cloned().unwrap_or(Value::NONE);
    let m = this(vm, v)?;
    let items: PyResult<Vec<Value>> = (1..m.regs().len())
        .map(|n| value_of(vm, m, n, &default))
        .collect();
    Ok(vm.try_new_tuple(items?)?.into())
}

fn groupdict(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [default] = a.bind(vm, "groupdict", ["default"], 0)?;
    let default = default.cloned().unwrap_or(Value::NONE);
    let m = this(vm, v)?;
    let out = vm.new_dict();
    for (k, n) in m.pattern().groupindex().items() {
        let n = group_number(vm, m, &n)?;
        vm.dict_insert(&out, k, value_of(vm, m, n, &default)?)?;
    }
    Ok(out.into())
}

fn end(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(span(vm, v, a, "end")?.1))
}

fn span_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (x, y) = span(vm, v, a, "span")?;
    Ok(vm.tuple_value([vm.new_int(x), vm.new_int(y)]))
}

fn expand_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [template] = a.bind(vm, "expand", ["template"], 1)?;
    let none = Value::NONE;
    expand(vm, this(vm, v)?, template.unwrap_or(&none))
}

fn itself(_: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(v.clone())
}
