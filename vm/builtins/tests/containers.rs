//! Runs the self-asserting scripts of `tests/containers/` in a bare interpreter, one test for each.
use lasti_core::host::BareHost;
use lasti_core::{VmFlags, VmOptions};

fn run(name: &str, source: &str) {
    let vm = lasti_builtins::new_vm(VmOptions {
        host: Box::new(BareHost),
        flags: VmFlags::default(),
        hash_seed: (1, 2),
    });
    let source = format!("{}{source}", include_str!("containers/prelude.py"));
    let globals = vm.new_dict();
    vm.dict_set(&globals, "__name__", vm.str_value("__main__"));
    if let Err(e) = vm.exec_source(source.as_bytes(), name, &globals) {
        let line =
            e.0.downcast::<lasti_core::objects::Exception>()
                .and_then(|x| {
                    let mut at = x.traceback.get()?;
                    let mut lines = vec![at.line];
                    while let Some(next) = at.next.get() {
                        lines.push(next.line);
                        at = next;
                    }
                    Some(lines)
                });
        panic!(
            "{name}, lines {line:?}: {}: {}",
            vm.type_name(&e.0),
            vm.display(&e.0)
        );
    }
}

macro_rules! scripts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(concat!(stringify!($name), ".py"), include_str!(concat!("containers/", stringify!($name), ".py")));
            }
        )*
    };
}

scripts! { lists dicts sets ranges iterators functions aliases }
