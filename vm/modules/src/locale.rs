//! `_locale`, with the C locale (CPython's Modules/_localemodule.c).
use crate::util::*;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_locale");
    for (name, n) in [
        ("LC_CTYPE", 0),
        ("LC_NUMERIC", 1),
        ("LC_TIME", 2),
        ("LC_COLLATE", 3),
        ("LC_MONETARY", 4),
        ("LC_MESSAGES", 5),
        ("LC_ALL", 6),
        ("CHAR_MAX", 127),
        ("CODESET", 14),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    vm.add_value(
        &m,
        "Error",
        exception_class(vm, "locale.Error", &vm.exc.exception)?,
    );
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "setlocale" "setlocale($module, category, locale=None, /)\n--\n\n" setlocale;
    "localeconv" "localeconv($module, /)\n--\n\n" localeconv;
    "strcoll" "strcoll($module, os1, os2, /)\n--\n\n" strcoll;
    "strxfrm" "strxfrm($module, string, /)\n--\n\n" strxfrm;
    "getencoding" "getencoding($module, /)\n--\n\n" |vm, _, _| Ok(vm.str_value("utf-8"));
    "nl_langinfo" "nl_langinfo($module, key, /)\n--\n\n" nl_langinfo;
}

fn setlocale(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "setlocale", 1, 2)?;
    match pos.get(1) {
        None => Ok(vm.str_value("C")),
        Some(l) if l.is_none() => Ok(vm.str_value("C")),
        Some(l) => match text_arg(vm, l, "setlocale() argument 2")?.as_str() {
            "" | "C" | "POSIX" => Ok(vm.str_value("C")),
            name @ ("C.UTF-8" | "C.utf8") => Ok(vm.str_value(name)),
            _ => Err(module_error(
                vm,
                "locale.Error",
                &vm.exc.exception,
                "unsupported locale setting",
            )),
        },
    }
}

fn localeconv(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    let d = vm.new_dict();
    for k in [
        "thousands_sep",
        "int_curr_symbol",
        "currency_symbol",
        "mon_decimal_point",
        "mon_thousands_sep",
        "positive_sign",
        "negative_sign",
    ] {
        vm.dict_set(&d, k, vm.str_value(""));
    }
    vm.dict_set(&d, "decimal_point", vm.str_value("."));
    vm.dict_set(&d, "grouping", vm.new_list(Vec::new()));
    vm.dict_set(&d, "mon_grouping", vm.new_list(Vec::new()));
    for k in [
        "int_frac_digits",
        "frac_digits",
        "p_cs_precedes",
        "p_sep_by_space",
        "n_cs_precedes",
        "n_sep_by_space",
        "p_sign_posn",
        "n_sign_posn",
    ] {
        vm.dict_set(&d, k, Value::small_int(127));
    }
    Ok(d.into())
}

fn strcoll(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x, y] = a.exactly::<2>(vm, "strcoll")?;
    let (x, y) = (vm.expect_str(x, "argument")?, vm.expect_str(y, "argument")?);
    Ok(Value::small_int(x.as_bytes().cmp(y.as_bytes()) as i64))
}

fn strxfrm(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "strxfrm")?;
    let s = vm.expect_str(x, "strxfrm() argument")?;
    Ok(vm.new_wtf8(s.as_bytes()).into())
}

fn nl_langinfo(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "nl_langinfo")?;
    Ok(vm.str_value(if x.as_small_int() == Some(14) {
        "UTF-8"
    } else {
        ""
    }))
}
