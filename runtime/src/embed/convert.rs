//! Values in and out: [`ToPython`], [`FromPython`] and their implementations for Rust's own types.
#![forbid(unsafe_code)]

use super::{Error, Object, Python};
use lasti_core::objects::{ByteArray, Bytes as PyBytes, Dict, List, Str, Tuple};
use lasti_core::{Value, Vm};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// What can be handed to Python.
///
/// Implement it for a type of your own by building an [`Object`] out of parts that have it:
/// `(self.x, self.y).to_python(py)`.
pub trait ToPython {
    /// Makes the Python object. Copies; fails where a key cannot be hashed, or as the type says.
    fn to_python(self, py: &Python) -> Result<Object, Error>;
}

/// What can be taken from Python.
pub trait FromPython: Sized {
    /// Copies the value out. TypeError for an object of another type, OverflowError for an int that does not fit.
    fn from_python(object: &Object) -> Result<Self, Error>;
}

/// Positional arguments: any tuple of up to eight values; `()` for none and `(x,)` for one.
pub trait ToArgs {
    /// The arguments as objects, in order.
    fn to_args(self, py: &Python) -> Result<Vec<Object>, Error>;
}

/// Arguments of a Rust function that Python calls: a tuple of what it takes, up to eight; `()` for none and `(x,)` for one.
pub trait FromArgs: Sized {
    /// Takes all positional arguments; TypeError where their number differs.
    fn from_args(args: &[Object]) -> Result<Self, Error>;
}

/// `bytes` in Python. (A `Vec<u8>` without this wrapper is a list of ints.) Taken from bytes, bytearray and whatever has the
/// buffer protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(pub Vec<u8>);

fn wrong(vm: &Vm, wanted: &str, v: &Value) -> Error {
    Error::type_error(format!("{wanted} is required, not {}", vm.type_name(v)))
}

impl ToPython for Object {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        self.value_in(py)?;
        Ok(self)
    }
}
impl ToPython for &Object {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        self.clone().to_python(py)
    }
}
impl FromPython for Object {
    fn from_python(object: &Object) -> Result<Object, Error> {
        Ok(object.clone())
    }
}

impl ToPython for () {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        Ok(py.object(Value::NONE))
    }
}
/// Any value: for calls whose result does not matter.
impl FromPython for () {
    fn from_python(_: &Object) -> Result<(), Error> {
        Ok(())
    }
}

impl ToPython for bool {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        Ok(py.object(Value::bool(self)))
    }
}
impl FromPython for bool {
    fn from_python(object: &Object) -> Result<bool, Error> {
        match &object.value {
            v if v.is_true() => Ok(true),
            v if v.is_false() => Ok(false),
            v => Err(wrong(object.vm(), "a bool", v)),
        }
    }
}

macro_rules! ints {
    ($($t:ty)*) => { $(
        impl ToPython for $t {
            fn to_python(self, py: &Python) -> Result<Object, Error> {
                Ok(py.object(py.vm().new_bigint(self.into())))
            }
        }
        /// From an int, a bool or what has `__index__`.
        impl FromPython for $t {
            fn from_python(object: &Object) -> Result<$t, Error> {
                let vm = object.vm();
                let v = object.py.wrap(vm.index(&object.value))?;
                let small = v.value.as_small_int().and_then(|i| <$t>::try_from(i).ok());
                if let Some(i) = small {
                    return Ok(i);
                }
                let big = vm.to_bigint(&v.value).map_err(|e| Error::of(vm, &e))?;
                <$t>::try_from(big)
                    .map_err(|_| Error::new("OverflowError", concat!("int does not fit in ", stringify!($t))))
            }
        }
    )* };
}
ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl ToPython for f64 {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        Ok(py.object(py.vm().new_float(self)))
    }
}
/// From a float, an int, or what has `__float__` or `__index__`.
impl FromPython for f64 {
    fn from_python(object: &Object) -> Result<f64, Error> {
        let vm = object.vm();
        vm.to_f64(&object.value).map_err(|e| Error::of(vm, &e))
    }
}
impl ToPython for f32 {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        f64::from(self).to_python(py)
    }
}
/// As for f64, rounded.
impl FromPython for f32 {
    fn from_python(object: &Object) -> Result<f32, Error> {
        f64::from_python(object).map(|f| f as f32)
    }
}

impl ToPython for &str {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        Ok(py.object(py.vm().str_value(self)))
    }
}
impl ToPython for String {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        self.as_str().to_python(py)
    }
}
impl ToPython for &String {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        self.as_str().to_python(py)
    }
}
impl ToPython for char {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        self.encode_utf8(&mut [0; 4]).to_python(py)
    }
}
/// From a str; one with lone surrogates is a UnicodeError.
impl FromPython for String {
    fn from_python(object: &Object) -> Result<String, Error> {
        let Some(s) = object.value.downcast::<Str>() else {
            return Err(wrong(object.vm(), "a str", &object.value));
        };
        s.to_str().map(str::to_owned).ok_or_else(|| {
            Error::new(
                "UnicodeError",
                "the str has surrogates, which UTF-8 has not",
            )
        })
    }
}
/// From a str of one character.
impl FromPython for char {
    fn from_python(object: &Object) -> Result<char, Error> {
        let s = String::from_python(object)?;
        let mut chars = s.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => Err(Error::type_error("a str of one character is required")),
        }
    }
}

impl ToPython for Bytes {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        Ok(py.object(py.vm().new_bytes(self.0)))
    }
}
impl FromPython for Bytes {
    fn from_python(object: &Object) -> Result<Bytes, Error> {
        let (vm, v) = (object.vm(), &object.value);
        if let Some(b) = v.downcast::<PyBytes>() {
            return Ok(Bytes(b.data.to_vec()));
        }
        if let Some(b) = v.downcast::<ByteArray>() {
            return Ok(Bytes(b.data.borrow().clone()));
        }
        match vm.buffer(v) {
            Ok(b) => Ok(Bytes(b)),
            Err(e) => Err(Error::of(vm, &e)),
        }
    }
}

/// None, or the value.
impl<T: ToPython> ToPython for Option<T> {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        match self {
            Some(v) => v.to_python(py),
            None => ().to_python(py),
        }
    }
}
impl<T: FromPython> FromPython for Option<T> {
    fn from_python(object: &Object) -> Result<Option<T>, Error> {
        if object.is_none() {
            Ok(None)
        } else {
            T::from_python(object).map(Some)
        }
    }
}

fn values<T: ToPython>(
    py: &Python,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<Value>, Error> {
    items.into_iter().map(|v| py.convert(v)).collect()
}

/// A list.
impl<T: ToPython> ToPython for Vec<T> {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        let items = values(py, self)?;
        Ok(py.object(py.vm().new_list(items)))
    }
}
/// A list of copies.
impl<T: ToPython + Clone> ToPython for &[T] {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        let items = values(py, self.iter().cloned())?;
        Ok(py.object(py.vm().new_list(items)))
    }
}
/// A list.
impl<T: ToPython, const N: usize> ToPython for [T; N] {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        let items = values(py, self)?;
        Ok(py.object(py.vm().new_list(items)))
    }
}

/// The items of a list, a tuple or anything else that can be iterated, which may run Python. A str is refused.
fn items(object: &Object) -> Result<Vec<Object>, Error> {
    let (vm, v) = (object.vm(), &object.value);
    let all = if let Some(l) = v.downcast::<List>() {
        l.to_vec()
    } else if let Some(t) = v.downcast::<Tuple>() {
        t.to_vec()
    } else if v.downcast::<Str>().is_some() {
        return Err(wrong(vm, "an iterable other than str", v));
    } else {
        vm.collect(v).map_err(|e| Error::of(vm, &e))?
    };
    Ok(all.into_iter().map(|v| object.py.object(v)).collect())
}

/// From a list, a tuple or any other iterable but str. An iterable without end uses up the memory.
impl<T: FromPython> FromPython for Vec<T> {
    fn from_python(object: &Object) -> Result<Vec<T>, Error> {
        items(object)?.iter().map(T::from_python).collect()
    }
}
impl<T: FromPython, const N: usize> FromPython for [T; N] {
    fn from_python(object: &Object) -> Result<[T; N], Error> {
        let all = Vec::<T>::from_python(object)?;
        let n = all.len();
        all.try_into()
            .map_err(|_| Error::new("ValueError", format!("{N} items are required, not {n}")))
    }
}

fn new_dict<K: ToPython, V: ToPython>(
    py: &Python,
    items: impl IntoIterator<Item = (K, V)>,
) -> Result<Object, Error> {
    let vm = py.vm();
    let d = vm.new_dict();
    for (k, v) in items {
        let (k, v) = (py.convert(k)?, py.convert(v)?);
        vm.dict_insert(&d, k, v).map_err(|e| Error::of(vm, &e))?;
    }
    Ok(py.object(d.into()))
}

fn dict_items<K: FromPython, V: FromPython>(object: &Object) -> Result<Vec<(K, V)>, Error> {
    let Some(d) = object.value.downcast::<Dict>() else {
        return Err(wrong(object.vm(), "a dict", &object.value));
    };
    let item = |v| object.py.object(v);
    d.items()
        .into_iter()
        .map(|(k, v)| Ok((K::from_python(&item(k))?, V::from_python(&item(v))?)))
        .collect()
}

/// A dict, in no particular order.
impl<K: ToPython, V: ToPython, S> ToPython for HashMap<K, V, S> {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        new_dict(py, self)
    }
}
impl<K: FromPython + Eq + Hash, V: FromPython, S: BuildHasher + Default> FromPython
    for HashMap<K, V, S>
{
    fn from_python(object: &Object) -> Result<HashMap<K, V, S>, Error> {
        dict_items(object).map(|items| items.into_iter().collect())
    }
}
/// A dict in the order of the keys.
impl<K: ToPython, V: ToPython> ToPython for BTreeMap<K, V> {
    fn to_python(self, py: &Python) -> Result<Object, Error> {
        new_dict(py, self)
    }
}
impl<K: FromPython + Ord, V: FromPython> FromPython for BTreeMap<K, V> {
    fn from_python(object: &Object) -> Result<BTreeMap<K, V>, Error> {
        dict_items(object).map(|items| items.into_iter().collect())
    }
}

impl ToArgs for () {
    fn to_args(self, _: &Python) -> Result<Vec<Object>, Error> {
        Ok(Vec::new())
    }
}
impl FromArgs for () {
    fn from_args(args: &[Object]) -> Result<(), Error> {
        count(args, 0)
    }
}

fn count(args: &[Object], wanted: usize) -> Result<(), Error> {
    if args.len() == wanted {
        return Ok(());
    }
    Err(Error::type_error(format!(
        "expected {wanted} positional argument(s), got {}",
        args.len()
    )))
}

macro_rules! tuples {
    ($($n:literal: $($t:ident $i:tt),*;)*) => { $(
        /// A tuple.
        impl<$($t: ToPython),*> ToPython for ($($t,)*) {
            fn to_python(self, py: &Python) -> Result<Object, Error> {
                let items = [$(py.convert(self.$i)?),*];
                Ok(py.object(py.vm().tuple_value(items)))
            }
        }
        impl<$($t: ToPython),*> ToArgs for ($($t,)*) {
            fn to_args(self, py: &Python) -> Result<Vec<Object>, Error> {
                Ok(vec![$(self.$i.to_python(py)?),*])
            }
        }
        impl<$($t: FromPython),*> FromArgs for ($($t,)*) {
            fn from_args(args: &[Object]) -> Result<Self, Error> {
                count(args, $n)?;
                Ok(($($t::from_python(&args[$i])?,)*))
            }
        }
        /// From a tuple or list of this length.
        impl<$($t: FromPython),*> FromPython for ($($t,)*) {
            fn from_python(object: &Object) -> Result<Self, Error> {
                let all = items(object)?;
                if all.len() != $n {
                    return Err(Error::type_error(format!(
                        concat!("expected ", $n, " item(s), got {}"),
                        all.len()
                    )));
                }
                Ok(($($t::from_python(&all[$i])?,)*))
            }
        }
    )* };
}
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}
