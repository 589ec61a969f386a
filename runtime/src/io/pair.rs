//! `BufferedRWPair`: a reader and a writer that look like one stream (CPython's Modules/_io/bufferedio.c).
use super::{BUFFER_SIZE, base, both, io};
use lasti_core::objects::Type;
use lasti_core::vm::args::Args;
use lasti_core::{Payload, PyResult, Ref, Slot, Value, Vm};

#[derive(Default)]
struct Pair {
    reader: Slot,
    writer: Slot,
}
impl Payload for Pair {
    const CONTAINER: bool = true;
    const NAME: &'static str = "BufferedRWPair";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.reader.visit(visit);
        self.writer.visit(visit);
    }
    fn clear(&self) {
        self.reader.set(Value::NONE);
        self.writer.set(Value::NONE);
    }
}

impl Pair {
    fn half(&self, vm: &Vm, of_reader: bool) -> PyResult<Value> {
        let half = if of_reader {
            &self.reader
        } else {
            &self.writer
        };
        half.get_bound()
            .ok_or_else(|| vm.value_error("I/O operation on uninitialized object"))
    }
}

pub(super) fn make(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<Pair>("_io.BufferedRWPair", base, base::FLAGS);
    t.slots.new.set(Some(|vm, class, _| {
        Ok(vm.heap.alloc(class, Pair::default()).into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let names = ["reader", "writer", "buffer_size"];
        let [reader, writer, size] = a.bind(vm, "BufferedRWPair", names, 2)?;
        let size = size
            .cloned()
            .unwrap_or_else(|| vm.new_int(BUFFER_SIZE as i64));
        let (reader, writer) = (
            reader.cloned().unwrap_or(Value::NONE),
            writer.cloned().unwrap_or(Value::NONE),
        );
        base::ask(vm, &reader, "readable", "File or stream is not readable.")?;
        base::ask(vm, &writer, "writable", "File or stream is not writable.")?;
        let p = vm.this::<Pair>(v)?;
        let io = io(vm);
        p.reader
            .set(vm.call(io.reader.as_value(), &[reader, size.clone()])?);
        p.writer
            .set(vm.call(io.writer.as_value(), &[writer, size])?);
        Ok(())
    }));
    macro_rules! forward {
        ($reader:literal: $($name:literal),*) => {$(
            vm.method(&t, $name, "", |vm, v, a| {
                let half = vm.this::<Pair>(v)?.half(vm, $reader)?;
                vm.call_method_args(&half, &vm.intern($name), a)
            });
        )*};
    }
    forward!(true: "read", "peek", "read1", "readinto", "readinto1", "readable");
    forward!(false: "write", "flush", "writable");
    vm.add_methods(&t, MAKE_METHODS);
    vm.getset(
        &t,
        "closed",
        |vm, v| match vm.this::<Pair>(v)?.writer.get_bound() {
            Some(writer) => vm.getattr_str(&writer, "closed"),
            None => Err(vm.runtime_error("the BufferedRWPair object is being garbage-collected")),
        },
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MAKE_METHODS =
    "isatty" "isatty($self, /)\n--\n\n" isatty;
    "close" "close($self, /)\n--\n\n" close;
}

fn isatty(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let p = vm.this::<Pair>(v)?;
    let writer = vm.call_method(&p.half(vm, false)?, "isatty", &[])?;
    if vm.is_true(&writer)? {
        return Ok(writer);
    }
    vm.call_method(&p.half(vm, true)?, "isatty", &[])
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let p = vm.this::<Pair>(v)?;
    let writer = vm.call_method(&p.half(vm, false)?, "close", &[]);
    let reader = p.half(vm, true)?;
    both(vm, writer, || {
        vm.call_method(&reader, "close", &[]).map(|_| ())
    })
}
