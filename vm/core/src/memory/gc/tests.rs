//! The collector against a model: which objects of a random graph live on is computed by reachability.
use super::*;
use crate::objects::{Dict, Instance, List};
use crate::testing::{Random, bare_vm, get, run, run_in};
use crate::vm::Vm;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A graph of objects of the heap with what is known of it.
struct Graph {
    class: Ref<Type>,
    random: Random,
    /// By address, those that live as far as is known.
    edges: HashMap<usize, Vec<usize>>,
    old: HashSet<usize>,
    /// The roots, and the only values that the test holds.
    roots: Vec<Value>,
    /// Last, since the others drop before the heap.
    vm: Rc<Vm>,
}

fn object(v: &Value) -> usize {
    v.address()
}

impl Graph {
    fn new(seed: u64) -> Graph {
        let vm = bare_vm();
        let g = run(&vm, "class Node: pass\n");
        let class = get(&vm, &g, "Node");
        let class = class.as_ref::<Type>().expect("a class").clone();
        vm.heap.collect(true);
        Graph {
            vm,
            class,
            random: Random::new(seed),
            edges: HashMap::new(),
            old: HashSet::new(),
            roots: Vec::new(),
        }
    }

    /// An object of a random kind that refers to `to`.
    fn make(&mut self, to: Vec<Value>) -> Value {
        let vm = &self.vm;
        let edges = to.iter().map(object).collect();
        let made: Value = match self.random.below(5) {
            0 => vm.new_dict().into(),
            1 => Instance::alloc(&vm.heap, &self.class).into(),
            // Immutable; with the padding a block of its own.
            2 => {
                // (An empty tuple is everybody's.)
                let padding = if self.random.below(3) == 0 { 150 } else { 1 };
                let all = to.iter().cloned().chain((0..padding).map(Value::small_int));
                vm.new_tuple(all.collect::<Vec<_>>()).into()
            }
            _ => vm.new_list(vec![]),
        };
        self.edges.insert(object(&made), edges);
        if made.kind() != Some(Kind::Tuple) {
            to.iter().for_each(|v| self.put(&made, v));
        }
        made
    }

    fn put(&self, from: &Value, to: &Value) {
        let vm = &self.vm;
        if let Some(list) = from.downcast::<List>() {
            list.push(to.clone());
        } else if let Some(d) = from.downcast::<Dict>() {
            vm.dict_set(d, &format!("k{}", d.len()), to.clone());
        } else {
            // Within the slots, beyond them, and in a dict.
            let o = from.downcast::<Instance>().expect("an instance");
            let n = o.dict().map_or_else(|| o.attributes().len(), |d| d.len());
            let name = vm.intern(&format!("a{n}"));
            assert!(vm.setattr(from, &name, Some(to)).is_ok());
            if n == 7 {
                vm.dict_of(from);
            }
        }
    }

    /// Adds an edge between living objects; not from a tuple, which cannot change.
    fn connect(&mut self, from: &Value, to: &Value) {
        if from.kind() == Some(Kind::Tuple) {
            return;
        }
        self.edges
            .get_mut(&object(from))
            .expect("known")
            .push(object(to));
        self.put(from, to);
    }

    fn reachable(&self, from: impl IntoIterator<Item = usize>) -> HashSet<usize> {
        let mut seen = HashSet::new();
        let mut left: Vec<usize> = from.into_iter().collect();
        while let Some(p) = left.pop() {
            if seen.insert(p) {
                left.extend(&self.edges[&p]);
            }
        }
        seen
    }

    /// Which of the known objects are still in the heap. Nothing may have been made since they were noted.
    fn alive(&self) -> HashSet<usize> {
        let mut found = HashSet::new();
        self.vm.heap.for_each_object(|p| {
            let p = p.as_ptr().addr();
            if self.edges.contains_key(&p) {
                found.insert(p);
            }
        });
        found
    }

    fn forget_dead(&mut self, alive: &HashSet<usize>) {
        self.edges.retain(|p, _| alive.contains(p));
        self.old.retain(|p| alive.contains(p));
    }

    /// Makes some objects, connects them with each other and with what lives, and lets go of most.
    fn grow(&mut self, n: usize) {
        // What has died by its count is not to be mistaken for what is made in its place.
        let alive = self.alive();
        self.forget_dead(&alive);
        let mut held: Vec<Value> = self.roots.clone();
        for _ in 0..n {
            let some = self.random.below(3).min(held.len());
            let to = (0..some).map(|_| held[self.random.below(held.len())].clone());
            let to = to.collect();
            let made = self.make(to);
            held.push(made);
        }
        for _ in 0..n {
            let (a, b) = (self.random.below(held.len()), self.random.below(held.len()));
            let (a, b) = (held[a].clone(), held[b].clone());
            self.connect(&a, &b);
        }
        let keep = self.random.below(4);
        for _ in 0..keep {
            let v = held[self.random.below(held.len())].clone();
            self.roots.push(v);
        }
        while self.roots.len() > 4 {
            let n = self.random.below(self.roots.len());
            self.roots.swap_remove(n);
        }
    }

    fn root_places(&self) -> Vec<usize> {
        self.roots.iter().map(object).collect()
    }

    fn check_full(&mut self) {
        self.vm.heap.collect(true);
        let alive = self.alive();
        assert_eq!(alive, self.reachable(self.root_places()));
        self.forget_dead(&alive);
        self.old = alive;
    }

    /// A young collection takes what neither a root nor an old object leads to, and nothing else.
    fn check_young(&mut self, cycles_only: bool) {
        self.vm.heap.collect_set(false, cycles_only);
        let alive = self.alive();
        let old: HashSet<usize> = alive.intersection(&self.old).copied().collect();
        let kept = self.reachable(self.root_places().into_iter().chain(old));
        assert_eq!(alive, kept);
        self.forget_dead(&alive);
        self.old = alive;
    }
}

/// After a collection nothing is under examination and all counters are 0.
fn check_clean(heap: &Heap) {
    heap.for_each_object(|p| {
        // SAFETY: visited objects are live.
        let (h, c) = unsafe { (p.as_ref(), *counter(p.as_ptr())) };
        assert!(!h.has(flag::COLLECTING | flag::LEAF));
        assert_eq!(c, 0);
    });
    let young = heap.gc.young.borrow();
    let places: HashSet<_> = young.iter().map(|c| c.as_ptr().addr()).collect();
    assert_eq!(places.len(), young.len(), "a chunk is listed once");
    for (i, &p) in heap.gc.young_large.borrow().iter().enumerate() {
        // SAFETY: what is listed is alive.
        assert_eq!(unsafe { (*large_prefix(p)).young_index } as usize, i);
    }
}

#[test]
fn a_collection_takes_exactly_what_cannot_be_reached() {
    let rounds = if cfg!(miri) { 2 } else { 60 };
    for seed in 1..=rounds {
        let mut g = Graph::new(seed);
        for step in 0..12 {
            let n = 1 + g.random.below(if step % 4 == 0 { 200 } else { 20 });
            g.grow(n);
            match g.random.below(4) {
                0 => g.check_full(),
                1 => g.check_young(false),
                2 => g.check_young(true),
                _ => {}
            }
            check_clean(&g.vm.heap);
        }
        g.check_full();
        g.roots.clear();
        g.check_full();
        assert!(g.edges.is_empty());
    }
}

#[test]
fn large_young_objects_are_released_in_any_order() {
    let vm = bare_vm();
    let mut random = Random::new(5);
    for order in 0..3 {
        let mut made: std::collections::VecDeque<_> = (0..300)
            .map(|i| vm.new_tuple(vec![Value::small_int(i); 140]))
            .collect();
        let before = vm.heap.gc.young_large.borrow().len();
        assert!(before >= 300);
        while !made.is_empty() {
            match order {
                0 => drop(made.pop_front()),
                1 => drop(made.pop_back()),
                _ => drop(made.swap_remove_back(random.below(made.len()))),
            }
            check_clean(&vm.heap);
        }
        assert_eq!(vm.heap.gc.young_large.borrow().len(), before - 300);
    }
}

#[test]
fn finalizers_of_a_cycle_run_once_and_before_anything_is_cleared() {
    let vm = bare_vm();
    let g = run(
        &vm,
        "
seen = []
class Node:
    def __init__(self, name): self.name = name
    def __del__(self): seen.append((self.name, self.other.name, self.held))
def cycle(n):
    a, b = Node('a%d' % n), Node('b%d' % n)
    a.other, b.other = b, a
    a.held = b.held = [n]
for i in range(20): cycle(i)
",
    );
    assert!(vm.heap.collect(true) == 0 || vm.heap.collect(true) == 0);
    run_in(
        &vm,
        "
expected = {(x + str(i), y + str(i)) for i in range(20) for x, y in ('ab', 'ba')}
assert {e[:2] for e in seen} == expected and len(seen) == 40, seen
assert all(int(e[0][1:]) == e[2][0] for e in seen)
",
        &g,
    );
    assert!(vm.heap.collect(true) >= 40);
    run_in(&vm, "assert len(seen) == 40\n", &g);
    assert_eq!(vm.heap.collect(true), 0);
}

#[test]
fn a_cycle_that_a_finalizer_saves_lives_on() {
    let vm = bare_vm();
    let g = run(
        &vm,
        "
saved = []
class Node:
    def __del__(self): saved.append(self)
def cycle():
    n = Node(); n.me = n; n.data = ['x']
cycle()
",
    );
    vm.heap.collect(true);
    run_in(
        &vm,
        "assert len(saved) == 1 and saved[0].me is saved[0]\n",
        &g,
    );
    vm.heap.collect(true);
    run_in(&vm, "assert saved[0].data == ['x']\nsaved.clear()\n", &g);
    assert!(vm.heap.collect(true) >= 2);
    run_in(&vm, "assert saved == []\n", &g);
}

#[test]
fn a_weak_reference_outside_of_a_dead_cycle_calls_back_and_one_inside_does_not() {
    let vm = bare_vm();
    let (outer, inner) = (vm.new_list(vec![]), vm.new_list(vec![]));
    let weak = |target: &Value| -> Value {
        vm.new_weakref(&vm.types.weakref, target, Some(inner.clone()))
            .into()
    };
    let outside = weak(&outer);
    let inside = weak(&outer);
    let list = outer.downcast::<List>().expect("a list");
    list.push(outer.clone());
    list.push(inside.clone());
    drop(inside);
    drop(outer);
    vm.heap.collect(true);
    let queue = vm.heap.pending.take();
    let called: Vec<usize> = queue
        .iter()
        .filter_map(|p| match p {
            Pending::WeakCallback { weakref, .. } => Some(weakref.address()),
            _ => None,
        })
        .collect();
    assert_eq!(called, [outside.address()]);
    assert!(
        outside
            .downcast::<crate::objects::WeakRef>()
            .is_some_and(|w| w.get().is_none())
    );
}

#[test]
fn a_dict_beside_a_native_object_is_part_of_the_cycle() {
    let vm = bare_vm();
    let before = vm.heap.side_dicts.borrow().len();
    let g = run(&vm, "class L(list): pass\nl = L()\nl.me = l\n");
    assert!(vm.heap.side_dicts.borrow().len() > before);
    g.clear_entries();
    assert!(vm.heap.collect(true) >= 1);
    assert_eq!(vm.heap.side_dicts.borrow().len(), before);
}

#[test]
fn a_namespace_with_a_finished_generator_or_coroutine_is_collected() {
    for script in [
        "
def g():
    try: yield 1
    finally: pass
x = g(); next(x)
",
        "
def g(): yield 1
x = g(); list(x)
",
        "
async def c(): pass
x = c(); x.close()
",
        "
async def a(): yield 1
x = a()
y = x.aclose()
y.close()
",
    ] {
        let vm = bare_vm();
        let g = run(&vm, script);
        let target = vm.new_list(vec![]);
        let w = vm.new_weakref(&vm.types.weakref, &target, None);
        vm.dict_set(&g, "target", target);
        drop(g);
        for _ in 0..3 {
            vm.heap.collect(true);
            vm.run_due();
        }
        assert!(w.get().is_none(), "{script}");
    }
}
