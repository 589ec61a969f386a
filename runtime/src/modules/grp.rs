//! `grp`: the database of groups (CPython's Modules/grpmodule.c), with the look-ups of `pwd`.
use super::pwd::{failed, id_arg, missing, name_arg, names_in};
use lasti_core::objects::{Module, Type};
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use nix::unistd::{Gid, Group};

pub fn register(vm: &Vm) {
    vm.register_module("grp", init);
}

const GROUP: [&str; 4] = ["gr_name", "gr_passwd", "gr_gid", "gr_mem"];

struct GroupType(Ref<Type>);

fn group_type(vm: &Vm) -> Ref<Type> {
    let make = || GroupType(vm.new_structseq_type("grp.struct_group", &GROUP, GROUP.len()));
    vm.module_state(make).0.clone()
}

fn group_value(vm: &Vm, g: &Group) -> Value {
    let members = g.mem.iter().map(|m| vm.str_value(m)).collect();
    let items = vec![
        vm.str_value(&g.name),
        vm.str_value(&g.passwd.to_string_lossy()),
        vm.new_int(g.gid.as_raw() as i64),
        vm.new_list(members),
    ];
    vm.new_structseq(&group_type(vm), items)
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("grp");
    vm.add_value(&m, "struct_group", group_type(vm).into());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "getgrnam" "getgrnam($module, /, name)\n--\n\n" getgrnam;
    "getgrgid" "getgrgid($module, /, id)\n--\n\n" getgrgid;
    "getgrall" "getgrall($module, /)\n--\n\n" getgrall;
}

fn getgrnam(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let name = name_arg(vm, a, "getgrnam")?;
    match Group::from_name(&name).map_err(|e| failed(vm, e))? {
        Some(g) => Ok(group_value(vm, &g)),
        None => {
            let shown = vm.repr_string(&vm.str_value(&name))?;
            Err(missing(vm, format!("getgrnam(): name not found: {shown}")))
        }
    }
}

fn getgrgid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (n, gid) = id_arg(vm, a, "getgrgid")?;
    let found = match gid {
        Some(g) => Group::from_gid(Gid::from_raw(g)).map_err(|e| failed(vm, e))?,
        None => None,
    };
    match found {
        Some(g) => Ok(group_value(vm, &g)),
        None => Err(missing(vm, format!("getgrgid(): gid not found: {n}"))),
    }
}

fn getgrall(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let all = names_in("/etc/group").into_iter();
    let all = all.filter_map(|n| Group::from_name(&n).ok().flatten());
    Ok(vm.new_list(all.map(|g| group_value(vm, &g)).collect()))
}
