//! Attributes of instances against a list of pairs: layouts, slots beyond the inline ones, the dict in their place.
use super::*;
use crate::testing::{bare_vm, cases, get, run};
use proptest::prelude::*;

const INSTANCES: usize = 4;

#[derive(Clone, Debug)]
enum Op {
    Set(usize, u8, i64),
    Delete(usize, u8),
    /// Asks for `__dict__`.
    Materialize(usize),
    /// Takes another instance of the class.
    Replace(usize),
}

fn op(names: u8) -> impl Strategy<Value = Op> {
    let which = 0..INSTANCES;
    prop_oneof![
        30 => (which.clone(), 0..names, any::<i32>()).prop_map(|(i, n, v)| Op::Set(i, n, v.into())),
        10 => (which.clone(), 0..names).prop_map(|(i, n)| Op::Delete(i, n)),
        1 => which.clone().prop_map(Op::Materialize),
        2 => which.prop_map(Op::Replace),
    ]
}

type Model = Vec<(u8, i64)>;

fn name(vm: &Vm, n: u8) -> Ref<Str> {
    vm.intern(&format!("name{n}"))
}

fn check(vm: &Vm, o: &Ref<Instance>, model: &Model, names: u8) {
    let found: Vec<(String, Option<i64>)> = match o.dict() {
        Some(d) => d
            .items()
            .iter()
            .map(|(k, v)| (vm.display(k), v.as_small_int()))
            .collect(),
        None => {
            let all = o.attributes();
            all.iter()
                .map(|(k, v)| (vm.display(k.as_value()), v.as_small_int()))
                .collect()
        }
    };
    let expected: Vec<_> = model
        .iter()
        .map(|(n, v)| (format!("name{n}"), Some(*v)))
        .collect();
    assert_eq!(found, expected);
    assert!(!o.has_dict() || o.shape_id() == 0);
    for n in 0..names {
        let value = vm.lookup_attr(o.as_value(), &name(vm, n));
        let value = value.unwrap_or_else(|e| panic!("{}", vm.display(&e.0)));
        let expected = model.iter().find(|e| e.0 == n).map(|e| e.1);
        assert_eq!(value.and_then(|v| v.as_small_int()), expected);
    }
}

fn against_model(class: &str, n_cases: u32, names: u8) {
    let vm = bare_vm();
    let g = run(&vm, class);
    let class = get(&vm, &g, "C");
    let class = class.as_ref::<Type>().expect("a class");
    let ops = proptest::collection::vec(op(names), 1..300);
    cases(n_cases)
        .run(&ops, |ops| {
            let mut all: Vec<(Ref<Instance>, Model)> = (0..INSTANCES)
                .map(|_| (Instance::alloc(&vm.heap, class), Model::new()))
                .collect();
            for op in ops {
                match op {
                    Op::Set(i, n, v) => {
                        let (o, model) = &mut all[i];
                        let set =
                            vm.setattr(o.as_value(), &name(&vm, n), Some(&Value::small_int(v)));
                        prop_assert!(set.is_ok());
                        match model.iter_mut().find(|e| e.0 == n) {
                            Some(e) => e.1 = v,
                            None => model.push((n, v)),
                        }
                    }
                    Op::Delete(i, n) => {
                        let (o, model) = &mut all[i];
                        let there = model.iter().position(|e| e.0 == n);
                        let deleted = vm.setattr(o.as_value(), &name(&vm, n), None).is_ok();
                        prop_assert_eq!(deleted, there.is_some());
                        there.map(|at| model.remove(at));
                    }
                    Op::Materialize(i) => {
                        let before = vm.heap.versions.shapes.last();
                        prop_assert!(vm.dict_of(all[i].0.as_value()).is_some());
                        prop_assert_eq!(vm.heap.versions.shapes.last(), before);
                        prop_assert!(all[i].0.has_dict());
                    }
                    Op::Replace(i) => all[i] = (Instance::alloc(&vm.heap, class), Model::new()),
                }
            }
            all.iter()
                .for_each(|(o, model)| check(&vm, o, model, names));
            Ok(())
        })
        .unwrap();
}

#[test]
fn attributes_keep_the_order_in_which_they_were_set() {
    against_model("class C: pass\n", 200, 6);
}

#[test]
fn attributes_beyond_the_inline_slots_are_found() {
    against_model("class C: pass\n", 60, 40);
}

#[test]
fn more_attributes_than_a_layout_may_have_move_into_a_dict() {
    against_model("class C: pass\n", 40, 90);
}

#[test]
fn members_stand_before_the_attributes_and_are_none_of_them() {
    against_model(
        "
class A:
    __slots__ = ('first', 'second')
class C(A):
    pass
",
        60,
        6,
    );
}

#[test]
fn layouts_have_the_same_number_only_if_they_are_the_same() {
    let vm = bare_vm();
    let g = run(&vm, "class C: pass\nclass D: pass\n");
    let mut seen: Vec<(u32, String, Vec<String>)> = Vec::new();
    for class in ["C", "D"] {
        let c = get(&vm, &g, class);
        let c = c.as_ref::<Type>().expect("a class");
        for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 1, 2]] {
            let o = Instance::alloc(&vm.heap, c);
            for n in order {
                let set = vm.setattr(o.as_value(), &name(&vm, n), Some(&Value::NONE));
                assert!(set.is_ok() && o.shape_id() != 0);
                let keys = o
                    .shape()
                    .keys
                    .iter()
                    .map(|k| vm.display(k.as_value()))
                    .collect();
                seen.push((o.shape_id(), class.to_owned(), keys));
            }
            std::mem::forget(o);
        }
    }
    for a in &seen {
        for b in &seen {
            assert_eq!(a.0 == b.0, (&a.1, &a.2) == (&b.1, &b.2), "{a:?} {b:?}");
        }
    }
}
