//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: the constructors behind `hashlib`, over the RustCrypto crates.
use crate::util::*;
use sha2::digest::{DynDigest, ExtendableOutput, Update, XofReader};

enum State {
    Fixed(Box<dyn DynDigest>),
    Shake128(sha3::Shake128),
    Shake256(sha3::Shake256),
}

struct Hash {
    name: &'static str,
    block: usize,
    state: RefCell<State>,
}
impl Payload for Hash {
    const NAME: &'static str = "_hashlib.HASH";
}

impl State {
    fn copy(&self) -> State {
        match self {
            State::Fixed(d) => State::Fixed(d.box_clone()),
            State::Shake128(s) => State::Shake128(s.clone()),
            State::Shake256(s) => State::Shake256(s.clone()),
        }
    }
    fn update(&mut self, data: &[u8]) {
        match self {
            State::Fixed(d) => d.update(data),
            State::Shake128(s) => s.update(data),
            State::Shake256(s) => s.update(data),
        }
    }
    fn size(&self) -> usize {
        match self {
            State::Fixed(d) => d.output_size(),
            _ => 0,
        }
    }
    /// The digest; `length` bytes for the extendable ones.
    fn digest(&self, length: usize) -> Vec<u8> {
        match self {
            State::Fixed(d) => d.box_clone().finalize().into_vec(),
            State::Shake128(s) => {
                let mut out = vec![0; length];
                s.clone().finalize_xof().read(&mut out);
                out
            }
            State::Shake256(s) => {
                let mut out = vec![0; length];
                s.clone().finalize_xof().read(&mut out);
                out
            }
        }
    }
}

/// Name, block size in bytes, and a fresh state.
fn fresh(name: &str) -> Option<(&'static str, usize, State)> {
    fn fixed(d: impl DynDigest + 'static) -> State {
        State::Fixed(Box::new(d))
    }
    Some(match name {
        "md5" => ("md5", 64, fixed(md5::Md5::default())),
        "sha1" => ("sha1", 64, fixed(sha1::Sha1::default())),
        "sha224" => ("sha224", 64, fixed(sha2::Sha224::default())),
        "sha256" => ("sha256", 64, fixed(sha2::Sha256::default())),
        "sha384" => ("sha384", 128, fixed(sha2::Sha384::default())),
        "sha512" => ("sha512", 128, fixed(sha2::Sha512::default())),
        "sha3_224" => ("sha3_224", 144, fixed(sha3::Sha3_224::default())),
        "sha3_256" => ("sha3_256", 136, fixed(sha3::Sha3_256::default())),
        "sha3_384" => ("sha3_384", 104, fixed(sha3::Sha3_384::default())),
        "sha3_512" => ("sha3_512", 72, fixed(sha3::Sha3_512::default())),
        "shake_128" => ("shake_128", 168, State::Shake128(sha3::Shake128::default())),
        "shake_256" => ("shake_256", 136, State::Shake256(sha3::Shake256::default())),
        _ => return None,
    })
}

struct HashTypes {
    plain: Ref<Type>,
    shake: Ref<Type>,
}

fn types(vm: &Vm) -> std::rc::Rc<HashTypes> {
    vm.module_state(|| HashTypes {
        plain: hash_type(vm, "_hashlib.HASH", false),
        shake: hash_type(vm, "_hashlib.HASHXOF", true),
    })
}

fn hash_data(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    if v.downcast::<Str>().is_some() {
        return Err(vm.type_error("Strings must be encoded before hashing"));
    }
    vm.buffer(v).map_err(|e| {
        if vm.exc_is(&e, &vm.exc.type_error) {
            vm.type_error("object supporting the buffer API required")
        } else {
            e
        }
    })
}

fn make(vm: &Vm, name: &str, a: Args) -> PyResult<Value> {
    let names = ["data", "*usedforsecurity", "*string"];
    let [data, _, string] = a.bind(vm, name, names, 0)?;
    let Some((name, block, mut state)) = fresh(name) else {
        return Err(vm.value_error(format!("unsupported hash type {name}")));
    };
    if let Some(d) = data.or(string) {
        state.update(&hash_data(vm, d)?);
    }
    let ts = types(vm);
    let class = if name.starts_with("shake") {
        &ts.shake
    } else {
        &ts.plain
    };
    Ok(vm
        .heap
        .alloc(
            class,
            Hash {
                name,
                block,
                state: RefCell::new(state),
            },
        )
        .into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn digest_of(vm: &Vm, v: &Value, a: Args, shake: bool) -> PyResult<Vec<u8>> {
    let length = if shake {
        let [n] = a.bind(vm, "digest", ["length"], 1)?;
        let none = Value::NONE;
        let n = vm.to_usize(n.unwrap_or(&none), "length")?;
        if n >= 1 << 29 {
            return Err(vm.value_error("length is too large"));
        }
        n
    } else {
        a.exactly::<0>(vm, "digest")?;
        0
    };
    Ok(vm.this::<Hash>(v)?.state.borrow().digest(length))
}

fn hash_type(vm: &Vm, name: &str, shake: bool) -> Ref<Type> {
    let t = vm.new_native_type::<Hash>(name, &vm.types.object, TypeFlags::NO_NEW);
    vm.add_methods(&t, HASH_TYPE_METHODS);
    if shake {
        vm.add_methods(&t, T_HASH_TYPE_METHODS);
    } else {
        vm.add_methods(&t, T_HASH_TYPE_METHODS_2);
    }
    vm.getset(
        &t,
        "name",
        |vm, v| Ok(vm.str_value(vm.this::<Hash>(v)?.name)),
        None,
    );
    vm.getset(
        &t,
        "block_size",
        |vm, v| Ok(vm.new_int(vm.this::<Hash>(v)?.block as i64)),
        None,
    );
    vm.getset(
        &t,
        "digest_size",
        |vm, v| Ok(vm.new_int(vm.this::<Hash>(v)?.state.borrow().size() as i64)),
        None,
    );
    t.slots.repr.set(Some(|vm, v| {
        let h = vm.this::<Hash>(v)?;
        Ok(vm.str_value(&format!(
            "<{} {} object @ {:#x}>",
            h.name,
            vm.type_full_name(vm.type_of(v)),
            vm.id(v)
        )))
    }));
    vm.ready_type(&t);
    t
}

lasti_core::methods! { HASH_TYPE_METHODS =
    "update" "update($self, data, /)\n--\n\n" update_method;
    "copy" "copy($self, /)\n--\n\n" copy_method;
}

fn update_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "update")?;
    let data = hash_data(vm, data)?;
    vm.this::<Hash>(v)?.state.borrow_mut().update(&data);
    Ok(Value::NONE)
}

fn copy_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let h = vm.this::<Hash>(v)?;
    let copy = Hash {
        name: h.name,
        block: h.block,
        state: RefCell::new(h.state.borrow().copy()),
    };
    Ok(vm.heap.alloc(vm.type_of(v), copy).into())
}

lasti_core::methods! { T_HASH_TYPE_METHODS =
    "digest" "digest($self, /)\n--\n\n" digest_method;
    "hexdigest" "hexdigest($self, /)\n--\n\n" hexdigest;
}

fn digest_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    vm.try_new_bytes(digest_of(vm, v, a, true)?)
}

fn hexdigest(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.str_value(&hex(&digest_of(vm, v, a, true)?)))
}

lasti_core::methods! { T_HASH_TYPE_METHODS_2 =
    "digest" "digest($self, /)\n--\n\n" shake_digest;
    "hexdigest" "hexdigest($self, /)\n--\n\n" hexdigest_method;
}

fn shake_digest(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    vm.try_new_bytes(digest_of(vm, v, a, false)?)
}

fn hexdigest_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.str_value(&hex(&digest_of(vm, v, a, false)?)))
}

macro_rules! module {
    ($fn:ident $module:literal $($name:literal)*) => {
        pub(crate) fn $fn(vm: &Vm) -> PyResult<Ref<Module>> {
            let m = vm.new_module($module);
            $(vm.add_function(&m, $name, "", |vm, _, a| make(vm, $name, a));)*
            vm.add_value(&m, "_GIL_MINSIZE", Value::small_int(2048));
            Ok(m)
        }
    };
}
module!(md5 "_md5" "md5");
module!(sha1 "_sha1" "sha1");
module!(sha2 "_sha2" "sha224" "sha256" "sha384" "sha512");
module!(sha3 "_sha3" "sha3_224" "sha3_256" "sha3_384" "sha3_512" "shake_128" "shake_256");

// ---- blake2 ----

/// A BLAKE2 with its parameters; the data so far is kept, and hashed when asked.
struct Blake {
    big: bool,
    size: usize,
    key: Vec<u8>,
    data: RefCell<Vec<u8>>,
}
impl Payload for Blake {
    const NAME: &'static str = "_blake2.blake2b";
}

impl Blake {
    fn digest(&self) -> Option<Vec<u8>> {
        use blake2::digest::{Mac, VariableOutput};
        let data = self.data.borrow();
        let mut out = vec![0; self.size];
        if !self.key.is_empty() {
            if self.size != if self.big { 64 } else { 32 } {
                return None;
            }
            return Some(if self.big {
                let mut h = blake2::Blake2bMac512::new_from_slice(&self.key).ok()?;
                Mac::update(&mut h, &data);
                h.finalize().into_bytes().to_vec()
            } else {
                let mut h = blake2::Blake2sMac256::new_from_slice(&self.key).ok()?;
                Mac::update(&mut h, &data);
                h.finalize().into_bytes().to_vec()
            });
        }
        if self.big {
            let mut h = blake2::Blake2bVar::new(self.size).ok()?;
            h.update(&data);
            h.finalize_variable(&mut out).ok()?;
        } else {
            let mut h = blake2::Blake2sVar::new(self.size).ok()?;
            h.update(&data);
            h.finalize_variable(&mut out).ok()?;
        }
        Some(out)
    }
}

fn blake_new(vm: &Vm, class: &Ref<Type>, a: Args, big: bool) -> PyResult<Value> {
    let names = [
        "data",
        "*digest_size",
        "*key",
        "*salt",
        "*person",
        "*fanout",
        "*depth",
        "*leaf_size",
        "*node_offset",
        "*node_depth",
        "*inner_size",
        "*last_node",
        "*usedforsecurity",
        "*string",
    ];
    let [data, size, key, salt, person, .., string] = a.bind(vm, "blake2", names, 0)?;
    let max = if big { 64 } else { 32 };
    let size = size.map_or(Ok(max), |s| vm.to_i64(s))?;
    if !(1..=max).contains(&size) {
        return Err(vm.value_error(format!(
            "digest_size for {} must be between 1 and {max} bytes, here it is {size}",
            class.name()
        )));
    }
    let bytes = |v: Option<&Value>| v.map_or(Ok(Vec::new()), |v| vm.buffer(v));
    let key = bytes(key)?;
    if key.len() as i64 > max {
        return Err(vm.value_error(format!("maximum key length is {max} bytes")));
    }
    if !bytes(salt)?.is_empty() || !bytes(person)?.is_empty() {
        return Err(vm.not_implemented_error("salt and person of blake2 are not supported"));
    }
    let b = Blake {
        big,
        size: size as usize,
        key,
        data: RefCell::default(),
    };
    if let Some(d) = data.or(string) {
        b.data.borrow_mut().extend(hash_data(vm, d)?);
    }
    Ok(vm.heap.alloc(class, b).into())
}

fn blake_type(vm: &Vm, name: &str, big: bool) -> Ref<Type> {
    let t = vm.new_native_type::<Blake>(&format!("_blake2.{name}"), &vm.types.object, 0);
    if big {
        t.slots
            .new
            .set(Some(|vm, class, a| blake_new(vm, class, a, true)));
    } else {
        t.slots
            .new
            .set(Some(|vm, class, a| blake_new(vm, class, a, false)));
    }
    vm.add_methods(&t, BLAKE_TYPE_METHODS);
    vm.getset(
        &t,
        "name",
        |vm, v| {
            Ok(vm.str_value(if vm.this::<Blake>(v)?.big {
                "blake2b"
            } else {
                "blake2s"
            }))
        },
        None,
    );
    vm.getset(
        &t,
        "block_size",
        |vm, v| Ok(vm.new_int(if vm.this::<Blake>(v)?.big { 128 } else { 64 })),
        None,
    );
    vm.getset(
        &t,
        "digest_size",
        |vm, v| Ok(vm.new_int(vm.this::<Blake>(v)?.size as i64)),
        None,
    );
    for (name, n) in [
        ("MAX_DIGEST_SIZE", if big { 64 } else { 32 }),
        ("MAX_KEY_SIZE", if big { 64 } else { 32 }),
        ("SALT_SIZE", if big { 16 } else { 8 }),
        ("PERSON_SIZE", if big { 16 } else { 8 }),
    ] {
        vm.type_attr(&t, name, Value::small_int(n));
    }
    t
}

lasti_core::methods! { BLAKE_TYPE_METHODS =
    "update" "update($self, data, /)\n--\n\n" blake_update;
    "digest" "digest($self, /)\n--\n\n" digest3;
    "hexdigest" "hexdigest($self, /)\n--\n\n" blake_hexdigest;
    "copy" "copy($self, /)\n--\n\n" blake_copy;
}

fn blake_update(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [d] = a.exactly::<1>(vm, "update")?;
    let d = hash_data(vm, d)?;
    vm.this::<Blake>(v)?.data.borrow_mut().extend(d);
    Ok(Value::NONE)
}

fn digest3(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    vm.try_new_bytes(blake_digest(vm, v)?)
}

fn blake_hexdigest(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.str_value(&hex(&blake_digest(vm, v)?)))
}

fn blake_copy(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let b = vm.this::<Blake>(v)?;
    let data = RefCell::new(b.data.borrow().clone());
    Ok(vm
        .heap
        .alloc(
            vm.type_of(v),
            Blake {
                big: b.big,
                size: b.size,
                key: b.key.clone(),
                data,
            },
        )
        .into())
}

fn blake_digest(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    vm.this::<Blake>(v)?.digest().ok_or_else(|| {
        vm.not_implemented_error("keyed blake2 with another digest size is not supported")
    })
}

pub(crate) fn blake2(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_blake2");
    add_type(vm, &m, "blake2b", &blake_type(vm, "blake2b", true));
    add_type(vm, &m, "blake2s", &blake_type(vm, "blake2s", false));
    vm.add_value(&m, "_GIL_MINSIZE", Value::small_int(2048));
    Ok(m)
}
