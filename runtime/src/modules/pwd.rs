//! `pwd`: the database of users (CPython's Modules/pwdmodule.c). Single entries come from the system's look-up, so that network
//! users are found; the listing is that of the file.
use lasti_core::objects::{Module, Type};
use lasti_core::{Args, Exc, PyResult, Ref, Value, Vm};
use nix::unistd::{Uid, User};

pub fn register(vm: &Vm) {
    vm.register_module("pwd", init);
}

const PASSWD: [&str; 7] = [
    "pw_name",
    "pw_passwd",
    "pw_uid",
    "pw_gid",
    "pw_gecos",
    "pw_dir",
    "pw_shell",
];

struct PasswdType(Ref<Type>);

fn passwd_type(vm: &Vm) -> Ref<Type> {
    let make = || PasswdType(vm.new_structseq_type("pwd.struct_passwd", &PASSWD, PASSWD.len()));
    vm.module_state(make).0.clone()
}

fn user_value(vm: &Vm, u: &User) -> Value {
    let text = |s: &str| vm.str_value(s);
    let items = vec![
        text(&u.name),
        text(&u.passwd.to_string_lossy()),
        vm.new_int(u.uid.as_raw() as i64),
        vm.new_int(u.gid.as_raw() as i64),
        text(&u.gecos.to_string_lossy()),
        text(&u.dir.to_string_lossy()),
        text(&u.shell.to_string_lossy()),
    ];
    vm.new_structseq(&passwd_type(vm), items)
}

pub fn missing(vm: &Vm, msg: String) -> Exc {
    vm.key_error(&vm.str_value(&msg))
}

pub fn failed(vm: &Vm, e: nix::errno::Errno) -> Exc {
    vm.os_error(&std::io::Error::from_raw_os_error(e as i32), None)
}

pub fn name_arg(vm: &Vm, a: Args, func: &str) -> PyResult<String> {
    let [name] = a.bind(vm, func, ["name"], 1)?;
    let name = name.cloned().unwrap_or(Value::NONE);
    Ok(vm
        .expect_str(&name, "argument")?
        .to_string_lossy()
        .into_owned())
}

/// The number of a user or group; none for one that no entry can have.
pub fn id_arg(vm: &Vm, a: Args, func: &str) -> PyResult<(i64, Option<u32>)> {
    let n = vm.to_i64(&a.exactly::<1>(vm, func)?[0])?;
    Ok((n, u32::try_from(n).ok()))
}

/// The first column of a database file.
pub fn names_in(path: &str) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("pwd");
    vm.add_value(&m, "struct_passwd", passwd_type(vm).into());
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "getpwnam" "getpwnam($module, name, /)\n--\n\n" getpwnam;
    "getpwuid" "getpwuid($module, uidobj, /)\n--\n\n" getpwuid;
    "getpwall" "getpwall($module, /)\n--\n\n" getpwall;
}

fn getpwnam(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let name = name_arg(vm, a, "getpwnam")?;
    match User::from_name(&name).map_err(|e| failed(vm, e))? {
        Some(u) => Ok(user_value(vm, &u)),
        None => {
            let shown = vm.repr_string(&vm.str_value(&name))?;
            Err(missing(vm, format!("getpwnam(): name not found: {shown}")))
        }
    }
}

fn getpwuid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let (n, uid) = id_arg(vm, a, "getpwuid")?;
    let found = match uid {
        Some(u) => User::from_uid(Uid::from_raw(u)).map_err(|e| failed(vm, e))?,
        None => None,
    };
    match found {
        Some(u) => Ok(user_value(vm, &u)),
        None => Err(missing(vm, format!("getpwuid(): uid not found: {n}"))),
    }
}

fn getpwall(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let all = names_in("/etc/passwd").into_iter();
    let all = all.filter_map(|n| User::from_name(&n).ok().flatten());
    Ok(vm.new_list(all.map(|u| user_value(vm, &u)).collect()))
}
