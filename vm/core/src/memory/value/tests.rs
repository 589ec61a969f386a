//! The value word: every kind goes in and comes out.
use super::*;
use crate::testing::{bare_vm, cases};
use proptest::prelude::*;

/// Which kinds a word claims to be.
fn kinds(v: &Value) -> Vec<&'static str> {
    let claims = [
        (v.is_object(), "object"),
        (v.as_small_int().is_some(), "int"),
        (v.as_inline_float().is_some(), "float"),
        (v.is_unbound(), "unbound"),
        (v.is_none(), "None"),
        (v.as_bool().is_some(), "bool"),
        (v.bits() == Value::ELLIPSIS.bits(), "Ellipsis"),
        (v.is_not_implemented(), "NotImplemented"),
    ];
    claims.iter().filter(|c| c.0).map(|c| c.1).collect()
}

fn unpacked(v: &Value) -> &'static str {
    match v.unpack() {
        Unpacked::Unbound => "unbound",
        Unpacked::None => "None",
        Unpacked::Bool(_) => "bool",
        Unpacked::Ellipsis => "Ellipsis",
        Unpacked::NotImplemented => "NotImplemented",
        Unpacked::Int(_) => "int",
        Unpacked::Float(_) => "float",
        Unpacked::Object(_) => "object",
    }
}

#[test]
fn an_immediate_is_of_one_kind() {
    let all = [
        (Value::UNBOUND, "unbound"),
        (Value::NONE, "None"),
        (Value::FALSE, "bool"),
        (Value::TRUE, "bool"),
        (Value::ELLIPSIS, "Ellipsis"),
        (Value::NOT_IMPLEMENTED, "NotImplemented"),
    ];
    for (v, kind) in &all {
        assert_eq!((kinds(v), unpacked(v)), (vec![*kind], *kind));
        assert_eq!(v.ref_count(), 0);
        assert!(v.clone().is(v));
    }
    assert_eq!(
        [Value::bool(false), Value::bool(true)].map(|v| v.as_bool()),
        [Some(false), Some(true)]
    );
    assert!(Value::TRUE.is_true() && Value::FALSE.is_false());
}

fn check_int(i: i64) {
    let fits = (INT_MIN..=INT_MAX).contains(&i);
    match Value::try_int(i) {
        Some(v) => {
            assert!(fits, "{i}");
            assert_eq!(v.as_small_int(), Some(i));
            assert_eq!((kinds(&v), unpacked(&v)), (vec!["int"], "int"));
        }
        None => assert!(!fits, "{i}"),
    }
}

#[test]
fn ints_of_51_bits_stand_in_the_word() {
    for around in [
        0,
        INT_MIN,
        INT_MAX,
        i64::MIN,
        i64::MAX,
        1 << 32,
        1 << 52,
        -(1 << 52),
    ] {
        for d in -3..=3 {
            check_int(around.wrapping_add(d));
        }
    }
    cases(2000)
        .run(&(any::<i64>(), 0..64_u32), |(i, shift)| {
            check_int(i >> shift);
            Ok(())
        })
        .unwrap();
}

#[test]
fn floats_but_for_nan_stand_in_the_word() {
    let check = |f: f64| match Value::try_float(f) {
        Some(v) => {
            assert_eq!(v.as_inline_float().map(f64::to_bits), Some(f.to_bits()));
            assert_eq!((kinds(&v), unpacked(&v)), (vec!["float"], "float"));
        }
        None => assert!(f.is_nan()),
    };
    let edges = [
        0.0,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
        5e-324,
        1.0,
    ];
    for f in edges {
        check(f);
        check(-f);
    }
    cases(2000)
        .run(&any::<u64>(), |bits| {
            check(f64::from_bits(bits));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_nan_is_an_object_and_keeps_its_bits() {
    let vm = bare_vm();
    for bits in [
        f64::NAN.to_bits(),
        0xFFF8_0000_0000_0001,
        0x7FF0_0000_0000_0001,
        u64::MAX,
    ] {
        let v = vm.new_float(f64::from_bits(bits));
        assert!(v.is_object());
        assert_eq!(vm.exact_float(&v).map(f64::to_bits), Some(bits));
    }
}

#[test]
fn pairs_of_ints_are_summed_and_ordered_as_numbers() {
    let int = prop_oneof![
        INT_MIN..=INT_MAX,
        INT_MAX - 3..=INT_MAX,
        INT_MIN..=INT_MIN + 3,
        -3..=3_i64
    ];
    let pair = (int.clone(), int);
    cases(3000)
        .run(&pair, |(a, b)| {
            let (x, y) = (Value::small_int(a), Value::small_int(b));
            prop_assert_eq!(Value::both_small(&x, &y), Some((a, b)));
            let sum = Value::add_small(&x, &y).and_then(|v| v.as_small_int());
            prop_assert_eq!(sum, Value::try_int(a + b).map(|_| a + b));
            let difference = Value::sub_small(&x, &y).and_then(|v| v.as_small_int());
            prop_assert_eq!(difference, Value::try_int(a - b).map(|_| a - b));
            prop_assert_eq!(
                Value::order_small(&x, &y),
                Some((a.cmp(&b) as i8 + 1) as u32)
            );
            Ok(())
        })
        .unwrap();
    let vm = bare_vm();
    let (one, object) = (Value::small_int(1), vm.new_list(vec![]));
    for other in [
        Value::NONE,
        Value::TRUE,
        Value::UNBOUND,
        vm.new_float(1.5),
        vm.new_float(-1.5),
        object,
    ] {
        assert_eq!(Value::both_small(&one, &other), None);
        assert!(
            Value::add_small(&other, &one).is_none() && Value::sub_small(&one, &other).is_none()
        );
        assert_eq!(Value::order_small(&one, &other), None);
    }
}

#[test]
fn a_reference_and_a_value_are_one_count() {
    let vm = bare_vm();
    let v = vm.new_list(vec![]);
    let r = v
        .clone()
        .into_ref::<crate::objects::List>()
        .expect("a list");
    assert_eq!(v.ref_count(), 2);
    assert!(v.as_ref::<crate::objects::Dict>().is_none());
    assert!(v.clone().into_ref::<crate::objects::Dict>().is_err());
    // SAFETY: the payload stands in its object.
    let again = unsafe { Ref::of_payload(&*r) };
    assert!(again.is(&r));
    assert_eq!(v.ref_count(), 3);
    assert!(Value::from(r).is(&v));
    drop(again);
    assert_eq!(v.ref_count(), 1);
}
