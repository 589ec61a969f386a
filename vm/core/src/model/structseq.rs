//! Tuples with named fields made by native code (`sys.version_info`, `os.stat_result`), and the field descriptor that
//! `collections.namedtuple` uses too.
use crate::memory::{Payload, Ref, Value};
use crate::objects::*;
use crate::vm::Vm;
use crate::vm::error::PyResult;

/// Reads one item of a tuple by number (`_collections._tuplegetter`).
pub struct TupleField {
    pub index: usize,
    pub doc: crate::memory::Slot,
}
impl Payload for TupleField {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_tuplegetter";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.doc.visit(visit);
    }
    fn clear(&self) {
        self.doc.set(Value::NONE);
    }
}

struct FieldType(Ref<Type>);

impl Vm {
    /// The type of field descriptors.
    pub fn tuple_field_type(&self) -> Ref<Type> {
        let state = self.module_state(|| {
            let t = self.new_native_type::<TupleField>("collections._tuplegetter", &self.types.object, 0);
            t.slots.new.set(Some(|vm, class, a| {
                let [index, doc] = a.exactly::<2>(vm, "_tuplegetter")?;
                let index = vm.to_usize(index, "index")?;
                let f = TupleField { index, doc: crate::memory::Slot::new(doc.clone()) };
                Ok(vm.heap.alloc(class, f).into())
            }));
            t.slots.descr_get.set(Some(|vm, d, obj, _| {
                let f = vm.this::<TupleField>(d)?;
                let Some(o) = obj else { return Ok(d.clone()) };
                let item = o.downcast::<Tuple>().map(|t| t.get(f.index).cloned());
                match item {
                    Some(Some(v)) => Ok(v),
                    Some(None) => Err(vm.index_error("tuple index out of range")),
                    None => Err(vm.type_error(format!(
                        "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                        f.index,
                        vm.type_name(o)
                    ))),
                }
            }));
            t.slots.descr_set.set(Some(|vm, _, _, v| {
                Err(vm.new_exception(
                    &vm.exc.attribute_error,
                    if v.is_some() { "can't set attribute" } else { "can't delete attribute" },
                ))
            }));
            self.getset(&t, "__doc__", |vm, v| Ok(vm.this::<TupleField>(v)?.doc.get()), Some(|vm, v, x| {
                vm.this::<TupleField>(v)?.doc.set(x.cloned().unwrap_or(Value::NONE));
                Ok(())
            }));
            self.ready_type(&t);
            FieldType(t)
        });
        state.0.clone()
    }

    /// A tuple type with named fields. Fields after `visible` can be read by name only.
    pub fn new_structseq_type(&self, name: &str, fields: &[&str], visible: usize) -> Ref<Type> {
        let t = self.new_native_type::<Tuple>(name, &self.types.tuple, 0);
        let field = self.tuple_field_type();
        for (index, f) in fields.iter().enumerate() {
            let d = TupleField {
                index,
                doc: crate::memory::Slot::new(Value::NONE),
            };
            self.type_attr(&t, f, self.heap.alloc(&field, d).into());
        }
        let names: Vec<Value> = fields.iter().map(|f| self.str_value(f)).collect();
        self.type_attr(&t, "_field_names", self.new_tuple(names).into());
        self.type_attr(&t, "n_fields", self.new_int(fields.len() as i64));
        self.type_attr(&t, "n_sequence_fields", self.new_int(visible as i64));
        self.type_attr(&t, "n_unnamed_fields", self.new_int(0));
        let names: Vec<Value> = fields[..visible]
            .iter()
            .map(|f| self.str_value(f))
            .collect();
        self.type_attr(&t, "__match_args__", self.new_tuple(names).into());
        t.slots.new.set(Some(structseq_new));
        t.slots.repr.set(Some(structseq_repr));
        if visible < fields.len() {
            // The hidden fields lie behind the visible ones in the same tuple.
            t.slots.len.set(Some(visible_of));
            t.slots
                .iter
                .set(Some(|vm, v| vm.iter(&visible_tuple(vm, v)?)));
            t.slots
                .getitem
                .set(Some(|vm, v, k| vm.getitem(&visible_tuple(vm, v)?, k)));
            t.slots.richcmp.set(Some(|vm, a, b, op| {
                let side = |v: &Value| {
                    if v.downcast::<Tuple>().is_some() {
                        visible_tuple(vm, v)
                    } else {
                        Ok(v.clone())
                    }
                };
                vm.compare(&side(a)?, &side(b)?, op)
            }));
            t.slots
                .hash
                .set(Some(|vm, v| vm.hash(&visible_tuple(vm, v)?)));
        }
        self.method(&t, "__reduce__", "", |vm, v, _| {
            let items = vm.new_tuple(vm.this::<Tuple>(v)?.to_vec());
            Ok(vm.tuple_value([vm.type_of(v).value(), vm.tuple_value([items.into()])]))
        });
        self.ready_type(&t);
        t
    }

    /// An instance of a type made by `new_structseq_type`.
    pub fn new_structseq(&self, t: &Ref<Type>, items: Vec<Value>) -> Value {
        Tuple::alloc(&self.heap, t, items.len(), items.into_iter()).into()
    }
}

fn visible_of(vm: &Vm, v: &Value) -> PyResult<usize> {
    let n = vm.type_of(v).lookup(vm, &vm.intern("n_sequence_fields"));
    Ok(n.and_then(|n| n.as_small_int()).unwrap_or(0) as usize)
}

fn visible_tuple(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Tuple>(v)?;
    if t.class().is(&vm.types.tuple) {
        return Ok(v.clone());
    }
    let n = match vm.type_of(v).lookup(vm, &vm.intern("n_sequence_fields")) {
        Some(n) => n.as_small_int().unwrap_or(0) as usize,
        None => return Ok(v.clone()),
    };
    Ok(vm.try_new_tuple(t[..n.min(t.len())].to_vec())?.into())
}

fn structseq_new(vm: &Vm, class: &Ref<Type>, args: crate::vm::args::Args) -> PyResult<Value> {
    let names = ["sequence", "dict"];
    let [seq, _] = args.bind(vm, &class.name(), names, 1)?;
    let mut items = vm.collect(seq.expect("required"))?;
    let get = |n: &str| {
        class
            .lookup(vm, &vm.intern(n))
            .and_then(|v| v.as_small_int())
            .unwrap_or(0) as usize
    };
    let (min, max) = (get("n_sequence_fields"), get("n_fields"));
    if items.len() < min || items.len() > max {
        let word = if items.len() < min {
            "at least"
        } else {
            "at most"
        };
        let limit = if items.len() < min { min } else { max };
        return Err(vm.type_error(format!(
            "{}() takes {} {limit}-sequence ({}-sequence given)",
            class.name(),
            if min == max { "a" } else { word },
            items.len()
        )));
    }
    items.resize_with(max, || Value::NONE);
    Ok(vm.new_structseq(class, items))
}

fn structseq_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<Tuple>(v)?;
    let ty = vm.type_of(v);
    let names = ty
        .lookup(vm, &vm.intern("_field_names"))
        .unwrap_or(Value::NONE);
    let names = vm.collect(&names)?;
    let visible = visible_of(vm, v)?;
    let mut parts = Vec::new();
    for (n, x) in names.iter().zip(t.iter()).take(visible) {
        parts.push(format!("{}={}", vm.display(n), vm.repr_string(x)?));
    }
    Ok(vm.str_value(&format!("{}({})", vm.type_full_name(ty), parts.join(", "))))
}
