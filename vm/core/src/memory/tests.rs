//! The heap by itself: slots, chunks, large blocks, release, interning, the finalizer queue, counts, words.
use super::header::Header;
use super::*;
use crate::objects::{List, Tuple, WeakRef};
use crate::testing::{Random, bare_vm, get, run, run_in};
use crate::vm::Vm;

/// Bytes of a tuple's block, header included.
fn tuple_bytes(len: usize) -> usize {
    size_of::<Obj<Tuple>>() + len * size_of::<Value>()
}

fn tuple_of(vm: &Vm, len: usize, item: i64) -> Ref<Tuple> {
    let items = std::iter::repeat_with(|| Value::small_int(item)).take(len);
    Tuple::alloc(&vm.heap, &vm.types.tuple, len, items)
}

fn address<T: Payload>(r: &Ref<T>) -> usize {
    r.as_value().address()
}

fn pending_kinds(vm: &Vm) -> Vec<&'static str> {
    let queue = vm.heap.pending.borrow();
    let kind = |p: &Pending| match p {
        Pending::Finalize(_) => "finalize",
        Pending::WeakCallback { .. } => "callback",
        Pending::Release(_) => "release",
    };
    queue.iter().map(kind).collect()
}

#[test]
fn a_freed_slot_is_the_next_one_of_its_size_class() {
    let vm = bare_vm();
    let mut len = 1;
    while tuple_bytes(len) <= MAX_SMALL {
        let (a, b) = (tuple_of(&vm, len, 1), tuple_of(&vm, len, 2));
        let (first, second) = (address(&a), address(&b));
        assert_eq!((first % GRAIN, second % GRAIN), (0, 0));
        drop(a);
        drop(b);
        let (c, d) = (tuple_of(&vm, len, 3), tuple_of(&vm, len, 4));
        assert_eq!((address(&c), address(&d)), (second, first), "length {len}");
        len += 1;
    }
}

#[test]
fn slots_of_a_size_class_do_not_overlap() {
    let vm = bare_vm();
    for len in [1, 3, 17, 60, 120] {
        let made: Vec<_> = (0..3 * CHUNK_BYTES / tuple_bytes(len))
            .map(|i| tuple_of(&vm, len, i as i64))
            .collect();
        let stride = tuple_bytes(len).next_multiple_of(GRAIN);
        let mut places: Vec<usize> = made.iter().map(address).collect();
        places.sort_unstable();
        assert!(places.windows(2).all(|w| w[1] - w[0] >= stride));
        for place in places {
            let in_chunk = place % CHUNK_BYTES;
            assert!(in_chunk >= CHUNK_HEAD && in_chunk + stride <= CHUNK_BYTES);
        }
        for (i, t) in made.iter().enumerate() {
            assert!((0..len).all(|n| t[n].as_small_int() == Some(i as i64)));
        }
    }
}

#[test]
fn arenas_grow_with_the_heap_and_slots_are_used_again() {
    let vm = bare_vm();
    let fill =
        |bytes: usize| -> Vec<_> { (0..bytes / 1024).map(|_| tuple_of(&vm, 120, 0)).collect() };
    let before = vm.heap.arenas.borrow().len();
    let all = fill(if cfg!(miri) {
        HUGE_FROM / 8
    } else {
        2 * HUGE_FROM
    });
    let grown = vm.heap.arenas.borrow().len();
    assert!(grown > before);
    let sizes: Vec<_> = vm.heap.arenas.borrow().iter().map(|a| a.1.size()).collect();
    assert!(sizes.windows(2).all(|w| w[0] <= w[1]), "{sizes:?}");
    let chunks = vm.heap.chunks.borrow().len();
    drop(all);
    let _again = fill(if cfg!(miri) {
        HUGE_FROM / 8
    } else {
        2 * HUGE_FROM
    });
    assert_eq!(vm.heap.chunks.borrow().len(), chunks);
    assert_eq!(vm.heap.arenas.borrow().len(), grown);
}

#[test]
fn a_slot_stays_young_when_it_is_used_again() {
    let vm = bare_vm();
    vm.heap.collect(true);
    let a = tuple_of(&vm, 5, 0);
    assert!(a.head().has(flag::YOUNG | flag::CONTAINER));
    let place = address(&a);
    drop(a);
    // Not a container, in the same slot: the slot is still young.
    let b = vm.new_bytes(vec![0_u8; 4]);
    let c = tuple_of(&vm, 5, 0);
    assert_eq!(address(&c), place);
    assert!(c.head().has(flag::YOUNG));
    vm.heap.collect(true);
    assert!(!c.head().has(flag::YOUNG));
    assert!(!c.head().has(flag::COLLECTING | flag::LEAF));
    drop(b);
}

/// What is known of large objects: every prefix says where its object stands in the list.
fn check_large(heap: &Heap) {
    for (i, block) in heap.large.borrow().iter().enumerate() {
        // SAFETY: the block starts with the prefix.
        let prefix = unsafe { block.as_ptr().cast::<LargePrefix>().read() };
        assert_eq!(prefix.index as usize, i);
        assert_eq!(prefix.gc_refs, 0);
    }
}

#[test]
fn large_objects_know_their_place_in_the_list() {
    let vm = bare_vm();
    let start = vm.heap.large.borrow().len();
    let mut random = Random::new(3);
    let mut held: Vec<Ref<Tuple>> = Vec::new();
    for i in 0..600 {
        if held.is_empty() || random.below(5) < 3 {
            let len = 130 + random.below(200);
            let t = tuple_of(&vm, len, i);
            assert_eq!(large_size(t.head()), Some(tuple_bytes(len)));
            held.push(t);
        } else {
            held.swap_remove(random.below(held.len()));
        }
        if i % 50 == 0 {
            check_large(&vm.heap);
            vm.heap.collect(i % 100 == 0);
        }
        assert_eq!(vm.heap.large.borrow().len(), start + held.len());
    }
    held.clear();
    assert_eq!(vm.heap.large.borrow().len(), start);
}

#[test]
fn a_large_block_taken_beforehand_is_used_or_given_back() {
    let vm = bare_vm();
    assert!(vm.heap.prepare_large(tuple_bytes(500)));
    let t = tuple_of(&vm, 500, 1);
    assert!(vm.heap.prepared.take().is_none());
    assert!(vm.heap.prepare_large(tuple_bytes(600)));
    let other = tuple_of(&vm, 700, 1);
    assert!(vm.heap.prepared.take().is_none(), "the other size");
    assert!(!vm.heap.prepare_large(usize::MAX));
    assert!(vm.heap.prepare_large(tuple_bytes(600)));
    drop((t, other));
}

#[test]
fn a_deep_nest_is_released_without_recursion() {
    let vm = bare_vm();
    let before = vm.heap.gc_balance();
    for depth in [
        1,
        31,
        32,
        33,
        64,
        65,
        if cfg!(miri) { 200 } else { 200_000 },
    ] {
        let mut nest = vm.new_list(vec![]);
        for _ in 0..depth {
            nest = vm.new_list(vec![nest]);
        }
        drop(nest);
        assert_eq!(vm.heap.gc_balance(), before, "depth {depth}");
        assert!(vm.heap.dead.borrow().is_empty());
        assert_eq!(vm.heap.freeing.get(), 0);
    }
}

#[test]
fn equal_texts_share_one_interned_string_until_it_dies() {
    let vm = bare_vm();
    let count = || vm.heap.interned.borrow().len();
    let before = count();
    let a = vm.intern("some text that nobody else interns");
    let b = vm.intern("some text that nobody else interns");
    assert!(a.is(&b));
    assert_eq!(count(), before + 1);
    drop(a);
    assert_eq!(count(), before + 1);
    drop(b);
    assert_eq!(count(), before);
    let many: Vec<_> = (0..1000).map(|i| vm.intern(&format!("name {i}"))).collect();
    assert_eq!(count(), before + 1000);
    for (i, s) in many.iter().enumerate() {
        assert!(vm.intern(&format!("name {i}")).is(s));
    }
    drop(many);
    assert_eq!(count(), before);
}

#[test]
fn finalizers_are_queued_in_the_order_of_release_and_once() {
    let vm = bare_vm();
    let made: Vec<Value> = (0..5).map(|_| vm.new_list(vec![])).collect();
    let places: Vec<usize> = made.iter().map(Value::address).collect();
    made.iter().for_each(|v| Heap::set_finalize(v, true));
    drop(made);
    let queue = vm.heap.pending.take();
    let queued: Vec<Value> = queue
        .into_iter()
        .map(|p| match p {
            Pending::Finalize(v) => v,
            _ => panic!("something else was queued"),
        })
        .collect();
    assert_eq!(
        queued.iter().map(Value::address).collect::<Vec<_>>(),
        places
    );
    assert!(
        queued
            .iter()
            .all(|v| v.ref_count() == 1 && vm.heap.gc_is_finalized(v))
    );
    drop(queued);
    assert!(vm.heap.pending.borrow().is_empty(), "a finalizer runs once");
}

#[test]
fn what_an_object_holds_is_finalized_after_it() {
    let vm = bare_vm();
    let g = run(
        &vm,
        "
seen = []
class Holder:
    def __init__(self, name, held):
        self.name = name
        self.held = held
    def __del__(self):
        seen.append(self.name)
h = None
for i in range(100):
    h = Holder(i, h)
",
    );
    run_in(&vm, "del h\n", &g);
    run_in(&vm, "assert seen == list(range(99, -1, -1)), seen\n", &g);
}

#[test]
fn a_saturated_count_keeps_its_object_for_good() {
    let vm = bare_vm();
    let saturated = 3 << 30;
    for at in [
        i32::MAX as u32 + 1,
        i32::MAX as u32 + 100,
        saturated,
        u32::MAX - 5,
    ] {
        let t = tuple_of(&vm, 2, 1);
        let h: &Header = t.head();
        h.refs.set(at);
        // A drop notices the count by itself.
        drop(t.clone());
        assert_eq!(h.refs.get(), saturated);
        for _ in 0..100 {
            drop(t.clone());
        }
        assert_eq!(h.refs.get(), saturated);
        h.refs.set(at);
        t.as_value().check_count();
        assert_eq!(h.refs.get(), saturated);
        std::mem::forget(t);
    }
    let t = tuple_of(&vm, 2, 1);
    t.head().refs.set(i32::MAX as u32);
    t.as_value().check_count();
    assert_eq!(t.head().refs.get(), i32::MAX as u32);
    drop(t.clone());
    // The clone's count was in the upper half when it was dropped.
    assert_eq!(t.head().refs.get(), saturated);
    std::mem::forget(t);
}

#[test]
fn many_clones_are_counted() {
    let vm = bare_vm();
    let t = tuple_of(&vm, 2, 1);
    let clones: Vec<Value> = t.as_value().clones(1000).collect();
    assert_eq!(t.as_value().ref_count(), 1001);
    drop(clones);
    assert_eq!(t.as_value().ref_count(), 1);
}

#[test]
fn set_class_keeps_the_old_class_until_the_queue_runs() {
    let vm = bare_vm();
    let g = run(&vm, "class A: pass\nclass B: pass\na = A()\n");
    let (a, old, new) = (get(&vm, &g, "a"), get(&vm, &g, "A"), get(&vm, &g, "B"));
    let counts = (old.ref_count(), new.ref_count());
    let new_type = new.as_ref::<Type>().expect("a class").clone();
    vm.heap.set_class(&a, &new_type);
    assert!(vm.type_of(&a).is(&new_type));
    assert_eq!(pending_kinds(&vm), ["release"]);
    assert_eq!(old.ref_count(), counts.0, "not released yet");
    vm.heap.pending.take();
    assert_eq!(old.ref_count(), counts.0 - 1);
    drop(new_type);
    assert_eq!(new.ref_count(), counts.1 + 1);
}

fn weakref(vm: &Vm, target: &Value, callback: Option<Value>) -> Ref<WeakRef> {
    vm.new_weakref(&vm.types.weakref, target, callback)
}

#[test]
fn weak_references_are_listed_oldest_first_and_leave_from_any_place() {
    let vm = bare_vm();
    let mut random = Random::new(11);
    let target = vm.new_list(vec![]);
    let mut model: Vec<Ref<WeakRef>> = Vec::new();
    for _ in 0..500 {
        if model.is_empty() || random.below(2) == 0 {
            model.push(weakref(&vm, &target, None));
        } else {
            model.remove(random.below(model.len()));
        }
        let listed = vm.heap.weakrefs_of(&target);
        assert_eq!(listed.len(), model.len());
        assert!(listed.iter().zip(&model).all(|(a, b)| a.is(b)));
    }
    model.clear();
    assert!(vm.heap.weakrefs.borrow().get(&target.address()).is_none());
}

#[test]
fn callbacks_of_weak_references_are_queued_last_made_first() {
    let vm = bare_vm();
    let target = vm.new_list(vec![]);
    let callback = vm.new_list(vec![]);
    let made: Vec<_> = (0..6)
        .map(|i| weakref(&vm, &target, (i % 2 == 0).then(|| callback.clone())))
        .collect();
    drop(target);
    assert!(made.iter().all(|w| w.get().is_none()));
    let queue = vm.heap.pending.take();
    let order: Vec<usize> = queue
        .iter()
        .map(|p| match p {
            Pending::WeakCallback { weakref, .. } => weakref.address(),
            _ => panic!("something else was queued"),
        })
        .collect();
    let expected: Vec<usize> = [4, 2, 0].map(|i: usize| address(&made[i])).to_vec();
    assert_eq!(order, expected);
    drop(queue);
    assert_eq!(callback.ref_count(), 1);
}

#[test]
fn a_weak_reference_to_a_finalized_object_lives_until_its_release() {
    let vm = bare_vm();
    let target = vm.new_list(vec![]);
    let w = weakref(&vm, &target, None);
    Heap::set_finalize(&target, true);
    drop(target);
    assert!(w.get().is_some(), "the queue holds it");
    vm.heap.pending.take();
    assert!(w.get().is_none());
}

#[test]
fn pools_keep_at_most_80_slots_and_none_when_switched_off() {
    let vm = bare_vm();
    let source = "
async def numbers():
    yield 1
    yield 2
def drive(n):
    held = []
    for i in range(n):
        g = numbers()
        held.append((g, g.asend(None)))
    for g, a in held:
        a.close()
drive(COUNT)
";
    let counters = || vm.heap.pool_counters(Pooled::Asend);
    run(&vm, &source.replace("COUNT", "200"));
    let first = counters();
    assert_eq!((first.free, first.made, first.reused), (80, 200, 0));
    assert_eq!(first.returned, 80);
    run(&vm, &source.replace("COUNT", "50"));
    let second = counters();
    assert_eq!((second.free, second.made, second.reused), (80, 200, 50));
    vm.heap.set_pooling(false);
    run(&vm, &source.replace("COUNT", "100"));
    let third = counters();
    assert_eq!((third.free, third.made, third.reused), (0, 220, 130));
}

#[test]
fn a_tagged_word_gives_back_what_it_took() {
    let vm = bare_vm();
    type Word = Tagged<List, Tuple>;
    let list = vm.new_list(vec![]).into_ref::<List>().expect("a list");
    let tuple = tuple_of(&vm, 1, 1);
    let other = vm.new_bytes(vec![1_u8]);
    for n in 0..8_u8 {
        let word = Word::new(Untagged::First(list.clone(), n));
        let (payload, number) = word.first().expect("the first kind");
        assert!(std::ptr::eq(payload, &*list) && number == n);
        let mut seen = Vec::new();
        word.visit(&mut |v| seen.push(v.address()));
        assert_eq!(seen, [address(&list)]);
        match word.untag() {
            Untagged::First(l, m) => assert!(l.is(&list) && m == n),
            _ => panic!("another kind"),
        }
    }
    let word = Word::new(Untagged::Second(tuple.clone()));
    assert!(word.first().is_none());
    assert!(matches!(word.untag(), Untagged::Second(t) if t.is(&tuple)));
    let word = Word::new(Untagged::Other(other.clone()));
    assert!(word.first().is_none());
    assert!(matches!(word.untag(), Untagged::Other(v) if v.is(&other)));
    drop(Word::new(Untagged::First(list.clone(), 3)));
    let counts = [list.as_value(), tuple.as_value(), &other].map(Value::ref_count);
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn cells_count_what_comes_and_goes() {
    let vm = bare_vm();
    let (a, b) = (vm.new_list(vec![]), vm.new_list(vec![]));
    let slot = Slot::empty();
    assert!(slot.is_unbound() && slot.get_bound().is_none());
    slot.set(a.clone());
    assert!(slot.holds(&a) && !slot.holds(&b));
    assert_eq!(a.ref_count(), 2);
    drop(slot.get());
    let old = slot.replace(b.clone());
    assert!(old.is(&a));
    drop(old);
    assert_eq!((a.ref_count(), b.ref_count()), (1, 2));
    assert!(slot.take().is(&b) && slot.is_unbound());
    assert_eq!(b.ref_count(), 1);
    let list = a.into_ref::<List>().expect("a list");
    let cell = RefSlot::new(Some(list.clone()));
    assert!(cell.get().is_some_and(|l| l.is(&list)));
    let mut seen = 0;
    cell.visit(&mut |_| seen += 1);
    cell.set(None);
    cell.visit(&mut |_| seen += 1);
    assert!(seen == 1 && cell.is_none() && cell.value().is_none());
    assert_eq!(list.as_value().ref_count(), 1);
}

// ---- the numbers that inline caches compare ----

#[test]
fn a_version_counter_gives_each_number_once_and_never_0() {
    let counter = VersionCounter::default();
    assert_eq!(counter.next().map(NonZeroU32::get), Some(1));
    counter.set_last(u32::MAX - 2);
    let given: Vec<_> = (0..5)
        .map(|_| counter.next().map(NonZeroU32::get))
        .collect();
    assert_eq!(
        given,
        [Some(u32::MAX - 1), Some(u32::MAX), None, None, None]
    );
}

/// Two layouts of one class, attributes, globals, methods, and module attributes, all of them changed while they are cached.
const WHAT_CACHES_SEE: &str = "
class P: pass
def mk1():
    p = P(); p.x = 'x'; p.y = 'y'
    return p
def mk2():
    p = P(); p.y = 'y'; p.x = 'x'
    return p
def getx(p): return p.x
p1, p2 = mk1(), mk2()
for _ in range(50): getx(p1)
assert (getx(p1), getx(p2)) == ('x', 'x')
def setz(p): p.z = 'z'
for _ in range(50):
    p = mk1(); setz(p)
p = mk2(); setz(p)
assert (p.x, p.y, p.z) == ('x', 'y', 'z')
assert list(p.__dict__) == ['y', 'x', 'z']
p.x = 'new'
assert getx(p) == 'new'
del p2.y
assert getx(p2) == 'x' and not hasattr(p2, 'y')
p2.y = 'again'
assert list(p2.__dict__.items()) == [('x', 'x'), ('y', 'again')]

class Base:
    def method(self): return 'base'
    constant = 1
class Derived(Base): pass
def call(o): return o.method(), o.constant
d = Derived()
for _ in range(50): assert call(d) == ('base', 1)
Base.constant = 2
assert call(d) == ('base', 2)
Derived.method = lambda self: 'derived'
assert call(d) == ('derived', 2)
del Derived.method
assert call(d) == ('base', 2)
d.constant = 3
assert call(d) == ('base', 3)
for i in range(300):
    Base.method = lambda self, i=i: i
    assert call(d) == (i, 3)
    class Fresh(Base):
        n = i
    f = Fresh()
    setattr(f, 'a%d' % i, i)
    assert call(f) == (i, 2) and getattr(f, 'a%d' % i) == i and f.n == i

value = 1
def read(): return value
for _ in range(50): assert read() == 1
value = 2
assert read() == 2
globals()['other'] = 1
del value
try:
    read()
except NameError: pass
else: raise AssertionError
value = 3
assert read() == 3
for i in range(300):
    globals()['g%d' % i] = i
    value = i
    assert read() == i
    del globals()['g%d' % i]
def length(x): return len(x)
for _ in range(50): assert length([1]) == 1
len = lambda x: 'own'
assert length([1]) == 'own'
del len
assert length([1]) == 1
";

#[test]
fn programs_see_the_same_when_version_numbers_run_out() {
    for left in [0, 1, 2, 3, 5, 8, 20, 50, 100, 200, 400, 1000] {
        let vm = bare_vm();
        let versions = &vm.heap.versions;
        for counter in [&versions.types, &versions.dict_keys, &versions.shapes] {
            counter.set_last(u32::MAX - left);
        }
        run(&vm, WHAT_CACHES_SEE);
        // Once more, with caches and layouts that are there already.
        run(&vm, WHAT_CACHES_SEE);
        if left <= 200 {
            let last = [&versions.types, &versions.shapes].map(VersionCounter::last);
            assert_eq!(last, [u32::MAX; 2], "the script uses up {left}");
        }
        if cfg!(miri) {
            break;
        }
    }
}

#[test]
fn a_dict_of_attributes_takes_no_shape_number() {
    let vm = bare_vm();
    let g = run(
        &vm,
        "
class P: pass
def make():
    p = P(); p.x = 1; p.y = 2
    return p
make().__dict__
",
    );
    let before = vm.heap.versions.shapes.last();
    run_in(
        &vm,
        "
for _ in range(100):
    p = make()
    assert p.__dict__ == {'x': 1, 'y': 2} and vars(p) is p.__dict__
    p = P()
    p.__dict__ = {'z': 1}
    assert p.z == 1
",
        &g,
    );
    assert_eq!(vm.heap.versions.shapes.last(), before);
}
