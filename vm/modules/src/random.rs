//! `_random`: the Mersenne Twister MT19937, seeded as CPython's Modules/_randommodule.c does, so that the same seed
//! gives the same numbers.
use crate::util::*;
use lasti_text::{IBig, int};

const N: usize = 624;
const M: usize = 397;

struct Random {
    state: RefCell<Box<[u32; N]>>,
    index: Cell<usize>,
}
impl Payload for Random {
    const NAME: &'static str = "_random.Random";
}

impl Random {
    fn new() -> Random {
        Random {
            state: RefCell::new(Box::new([0; N])),
            index: Cell::new(N),
        }
    }
    fn next(&self) -> u32 {
        let mut mt = self.state.borrow_mut();
        if self.index.get() >= N {
            for k in 0..N {
                let y = (mt[k] & 0x8000_0000) | (mt[(k + 1) % N] & 0x7FFF_FFFF);
                let mag = if y & 1 == 0 { 0 } else { 0x9908_B0DF };
                mt[k] = mt[(k + M) % N] ^ (y >> 1) ^ mag;
            }
            self.index.set(0);
        }
        let mut y = mt[self.index.get()];
        self.index.set(self.index.get() + 1);
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }
    fn init(&self, s: u32) {
        let mut mt = self.state.borrow_mut();
        mt[0] = s;
        for i in 1..N {
            mt[i] = 1_812_433_253u32
                .wrapping_mul(mt[i - 1] ^ (mt[i - 1] >> 30))
                .wrapping_add(i as u32);
        }
        self.index.set(N);
    }
    fn init_by_array(&self, key: &[u32]) {
        self.init(19_650_218);
        let mut mt = self.state.borrow_mut();
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let prev = mt[i - 1] ^ (mt[i - 1] >> 30);
            mt[i] = (mt[i] ^ prev.wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let prev = mt[i - 1] ^ (mt[i - 1] >> 30);
            mt[i] = (mt[i] ^ prev.wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                mt[0] = mt[N - 1];
                i = 1;
            }
        }
        mt[0] = 0x8000_0000;
    }
}

fn seed(vm: &Vm, r: &Random, arg: Option<&Value>) -> PyResult<()> {
    let n = match arg.filter(|a| !a.is_none()) {
        None => {
            use std::hash::{BuildHasher, Hasher};
            let word = || {
                std::collections::hash_map::RandomState::new()
                    .build_hasher()
                    .finish() as u32
            };
            let key: Vec<u32> = (0..N).map(|_| word()).collect();
            r.init_by_array(&key);
            return Ok(());
        }
        Some(v) => match vm.exact_bigint(v) {
            Some(i) => i,
            None => IBig::from(vm.hash(v)?),
        },
    };
    let n = if n < IBig::ZERO { -n } else { n };
    let bytes = lasti_text::int_arith::bit_length(&n).div_ceil(32).max(1) * 4;
    let data = int::to_bytes(&n, bytes, true, false).map_err(|e| vm.text_error(e))?;
    let key: Vec<u32> = data
        .chunks_exact(4)
        .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
        .collect();
    r.init_by_array(&key);
    Ok(())
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_random");
    let t = vm.new_native_type::<Random>("_random.Random", &vm.types.object, TypeFlags::BASE);
    t.slots.new.set(Some(|vm, class, _| {
        let r = vm.heap.alloc(class, Random::new());
        r.init(5489);
        Ok(r.into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let pos = a.between(vm, "Random", 0, 1)?;
        seed(vm, vm.this::<Random>(v)?, pos.first())
    }));
    vm.add_methods(&t, METHODS);
    add_type(vm, &m, "Random", &t);
    Ok(m)
}

lasti_core::methods! { METHODS =
    "seed" "seed($self, n=None, /)\n--\n\n" seed_method;
    "random" "random($self, /)\n--\n\nrandom() -> x in the interval [0, 1)." random;
    "getrandbits" "getrandbits($self, k, /)\n--\n\n" getrandbits;
    "getstate" "getstate($self, /)\n--\n\n" getstate;
    "setstate" "setstate($self, state, /)\n--\n\n" setstate;
}

fn seed_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seed", 0, 1)?;
    seed(vm, vm.this::<Random>(v)?, pos.first())?;
    Ok(Value::NONE)
}

fn random(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "Random.random")?;
    let r = vm.this::<Random>(v)?;
    let (a, b) = (r.next() >> 5, r.next() >> 6);
    Ok(vm.new_float((a as f64 * 67_108_864.0 + b as f64) * (1.0 / 9_007_199_254_740_992.0)))
}

fn getrandbits(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [k] = a.exactly::<1>(vm, "Random.getrandbits")?;
    let k = vm.to_i64(k)?;
    if k < 0 {
        return Err(vm.value_error("number of bits must be non-negative"));
    }
    let r = vm.this::<Random>(v)?;
    match k {
        0 => Ok(Value::small_int(0)),
        1..=32 => Ok(vm.new_int((r.next() >> (32 - k)) as i64)),
        _ => {
            let mut left = k;
            let mut ticks = lasti_core::vm::Ticks::default();
            let mut bytes = vm.try_vec((k as usize).div_ceil(32).saturating_mul(4))?;
            while left > 0 {
                let mut w = r.next();
                if left < 32 {
                    w >>= 32 - left;
                }
                bytes.extend_from_slice(&w.to_le_bytes());
                left -= 32;
                ticks.tick(vm)?;
            }
            Ok(vm.new_bigint(int::from_bytes(&bytes, true, false).into()))
        }
    }
}

fn getstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "Random.getstate")?;
    let r = vm.this::<Random>(v)?;
    let mut out: Vec<Value> = r
        .state
        .borrow()
        .iter()
        .map(|w| vm.new_int(*w as i64))
        .collect();
    out.push(vm.new_int(r.index.get() as i64));
    Ok(vm.try_new_tuple(out)?.into())
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [st] = a.exactly::<1>(vm, "Random.setstate")?;
    let Some(st) = st.downcast::<Tuple>() else {
        return Err(vm.type_error("state vector must be a tuple"));
    };
    if st.len() != N + 1 {
        return Err(vm.value_error("state vector is the wrong size"));
    }
    let mut new = Box::new([0; N]);
    for (slot, x) in new.iter_mut().zip(st.iter()) {
        *slot = vm.to_i64(x)? as u32;
    }
    let index = vm.to_i64(&st[N])?;
    if !(0..=N as i64).contains(&index) {
        return Err(vm.value_error("invalid state"));
    }
    let r = vm.this::<Random>(v)?;
    *r.state.borrow_mut() = new;
    r.index.set(index as usize);
    Ok(Value::NONE)
}
