//! The dict against a list of pairs, with keys whose hashes collide.
use super::*;
use crate::testing::{bare_vm, cases};
use crate::vm::Vm;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Set(u8, i64),
    Delete(u8),
    Get(u8),
    PopLast,
    Copy,
    Clear,
    /// Walks forwards while every so-many-th key is deleted.
    Sweep(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (any::<u8>(), any::<i32>()).prop_map(|(k, v)| Op::Set(k, v.into())),
        6 => any::<u8>().prop_map(Op::Delete),
        3 => any::<u8>().prop_map(Op::Get),
        1 => Just(Op::PopLast),
        1 => Just(Op::Copy),
        1 => (2..9_u8).prop_map(Op::Sweep),
        // Seldom, so that dicts grow.
        1 => any::<u8>().prop_map(|n| if n < 20 { Op::Clear } else { Op::Get(n) }),
    ]
}

/// Ints, texts, and floats, which are compared by `==`.
fn key(vm: &Vm, k: u8) -> Value {
    match k % 3 {
        0 => Value::small_int(k.into()),
        1 => vm.str_value(&format!("key {k}")),
        _ => vm.new_float(f64::from(k) + 0.5),
    }
}

/// `spread` of them: how many hashes there are.
fn hash(k: u8, spread: u64) -> u64 {
    (u64::from(k) % spread).wrapping_mul(0x1_0000_0000_0001)
}

fn check(vm: &Vm, d: &Dict, model: &[(u8, i64)]) {
    assert_eq!(d.len(), model.len());
    let items = d.items();
    assert_eq!(items.len(), model.len());
    for ((k, v), (mk, mv)) in items.iter().zip(model) {
        assert!(vm.eq(k, &key(vm, *mk)).is_ok_and(|same| same));
        assert_eq!(v.as_small_int(), Some(*mv));
    }
    let (mut at, mut forwards) = (0, 0);
    while let Some((n, ..)) = d.next_entry(at) {
        (at, forwards) = (n + 1, forwards + 1);
    }
    let (mut at, mut backwards) = (usize::MAX, 0);
    while let Some((n, ..)) = d.previous_entry(at) {
        (at, backwards) = (n, backwards + 1);
    }
    assert_eq!((forwards, backwards), (model.len(), model.len()));
    let table = d.table.borrow();
    assert_eq!(table.live_entries().count(), table.live);
    if !table.index.is_empty() {
        let taken = table.index.iter().filter(|&&n| n != EMPTY).count();
        assert_eq!(taken, table.used);
        assert!(table.index.len().is_power_of_two() && taken < table.index.len());
    }
}

fn find(vm: &Vm, d: &Dict, k: u8, spread: u64) -> Option<usize> {
    let key = key(vm, k);
    let k = DictKey {
        hash: hash(k, spread),
        key: &key,
    };
    let found = vm.dict_find(d, &k);
    found.unwrap_or_else(|e| panic!("{}", vm.display(&e.0)))
}

fn apply(vm: &Vm, d: &mut Ref<Dict>, model: &mut Vec<(u8, i64)>, op: Op, spread: u64) {
    let place = |model: &Vec<(u8, i64)>, k: u8| model.iter().position(|e| e.0 == k);
    match op {
        Op::Set(k, v) => match find(vm, d, k, spread) {
            Some(n) => {
                drop(d.replace_at(n, Value::small_int(v)));
                let n = place(model, k).expect("the model has it");
                model[n].1 = v;
            }
            None => {
                assert!(place(model, k).is_none());
                let version = d.keys_version(&vm.heap);
                assert!(d.has_room());
                d.insert_new(hash(k, spread), key(vm, k), Value::small_int(v));
                assert_ne!(version, d.keys_version(&vm.heap));
                model.push((k, v));
            }
        },
        Op::Delete(k) => match find(vm, d, k, spread) {
            Some(n) => {
                d.remove_at(n);
                let n = place(model, k).expect("the model has it");
                model.remove(n);
            }
            None => assert!(place(model, k).is_none()),
        },
        Op::Get(k) => {
            let found = find(vm, d, k, spread).and_then(|n| d.value_at(n).as_small_int());
            assert_eq!(found, place(model, k).map(|n| model[n].1));
        }
        Op::PopLast => {
            let popped = d.pop_last().and_then(|(_, v)| v.as_small_int());
            assert_eq!(popped, model.pop().map(|e| e.1));
        }
        Op::Copy => {
            let new = vm.new_dict();
            new.copy_from(d);
            check(vm, d, model);
            *d = new;
        }
        Op::Clear => {
            d.clear_entries();
            model.clear();
        }
        Op::Sweep(step) => {
            let (mut at, mut seen) = (0, 0);
            while let Some((n, ..)) = d.next_entry(at) {
                at = n + 1;
                if seen % usize::from(step) == 0 {
                    d.remove_at(n);
                }
                seen += 1;
            }
            let mut n = 0;
            model.retain(|_| {
                n += 1;
                (n - 1) % usize::from(step) != 0
            });
        }
    }
}

#[test]
fn a_dict_does_what_a_list_of_pairs_does() {
    let vm = bare_vm();
    let ops = proptest::collection::vec(op(), 1..400);
    cases(150)
        .run(
            &(ops, prop_oneof![Just(1_u64), 2..9_u64, Just(256)]),
            |(ops, spread)| {
                let (mut d, mut model) = (vm.new_dict(), Vec::new());
                for op in ops {
                    apply(&vm, &mut d, &mut model, op, spread);
                }
                check(&vm, &d, &model);
                Ok(())
            },
        )
        .unwrap();
}

#[test]
fn two_key_sets_are_combined_as_sets() {
    use std::collections::BTreeSet;
    let vm = bare_vm();
    let keys = || proptest::collection::btree_set(0..60_u8, 0..40);
    cases(300)
        .run(
            &(keys(), keys(), 1..70_u64, 0..2_u8),
            |(a, b, spread, kind)| {
                // Ints, or texts: among themselves they need no Python to compare.
                let make = |keys: &BTreeSet<u8>| {
                    let d = vm.new_dict();
                    for &k in keys {
                        d.insert_new(
                            hash(k, spread),
                            key(&vm, k * 3 + kind),
                            Value::small_int(k.into()),
                        );
                    }
                    d
                };
                let (da, db) = (make(&a), make(&b));
                let values = |d: &Dict| -> BTreeSet<u8> {
                    let values = d.values().into_iter();
                    values
                        .filter_map(|v| v.as_small_int())
                        .map(|n| n as u8)
                        .collect()
                };
                let of = |d: Option<Dict>| values(&d.expect("no comparison needs Python"));
                prop_assert_eq!(of(da.select(&db, true)), &a & &b);
                prop_assert_eq!(of(da.select(&db, false)), &a - &b);
                prop_assert_eq!(of(da.joined(&db)), &a | &b);
                prop_assert_eq!(of(da.either(&db)), &a ^ &b);
                prop_assert_eq!(da.within(&db), Some(a.is_subset(&b)));
                prop_assert!(da.absorb(&db));
                prop_assert_eq!(da.len(), (&a | &b).len());
                prop_assert_eq!(db.within(&da), Some(true));
                Ok(())
            },
        )
        .unwrap();
}

#[test]
fn the_place_of_a_value_holds_while_the_keys_stay() {
    let vm = bare_vm();
    let d = vm.new_dict();
    for i in 0..20 {
        d.insert_new(i, Value::small_int(i as i64), Value::NONE);
    }
    let version = d.keys_version(&vm.heap);
    let place = d.place_of(7);
    drop(d.replace_at(7, Value::TRUE));
    assert_eq!((d.place_of(7), d.keys_version(&vm.heap)), (place, version));
    d.remove_at(3);
    assert_ne!(d.keys_version(&vm.heap), version);
}
