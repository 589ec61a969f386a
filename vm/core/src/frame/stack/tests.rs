//! The stack of frames: chunks come and go with the frames, and no frame stands in another.
use super::*;
use crate::testing::{Random, bare_vm, get, run};
use crate::vm::Vm;

/// A function with so many locals.
fn function(vm: &Vm, locals: usize) -> Ref<Function> {
    let names: Vec<String> = (0..locals).map(|i| format!("v{i}")).collect();
    let body: String = names.iter().map(|n| format!("    {n} = None\n")).collect();
    let g = run(vm, &format!("def f():\n{body}    return 1\nf()\n"));
    let f = get(vm, &g, "f");
    f.as_ref::<Function>().expect("a function").clone()
}

fn push(vm: &Vm, stack: &FrameStack, f: &Ref<Function>) -> *const Frame {
    let code = vm
        .function_code(f)
        .unwrap_or_else(|e| panic!("{}", vm.display(&e.0)));
    stack.push(Frame::new(code.clone(), f.clone(), false))
}

/// The bytes that a frame takes.
fn extent(frame: *const Frame) -> (usize, usize) {
    // SAFETY: the frame is on the stack.
    let slots = unsafe { (*frame).code.frame_slots() };
    (frame.addr(), frame.addr() + size_of::<Frame>() + slots * 8)
}

#[test]
fn frames_stand_beside_each_other_whatever_order_they_come_and_go_in() {
    let vm = bare_vm();
    let sizes = [0, 1, 3, 10, 100, 1000, 5000, 9000];
    let functions: Vec<_> = sizes.iter().map(|&n| function(&vm, n)).collect();
    let rounds = if cfg!(miri) { 1 } else { 20 };
    for seed in 1..=rounds {
        let (stack, mut random) = (FrameStack::default(), Random::new(seed));
        let mut live: Vec<*const Frame> = Vec::new();
        for _ in 0..2000 {
            // Rises and falls, so that boundaries of chunks are crossed both ways.
            let rising = random.below(100) < if live.len() < 300 { 60 } else { 45 };
            if live.is_empty() || rising {
                let small = random.below(10) < 8;
                let f = &functions[random.below(if small { 4 } else { functions.len() })];
                let frame = push(&vm, &stack, f);
                if let Some(&last) = live.last() {
                    let (a, b) = (extent(last), extent(frame));
                    assert!(a.1 <= b.0 || b.1 <= a.0, "a frame stands in another");
                }
                let marker = Value::small_int(live.len() as i64);
                // SAFETY: the frame is on the stack.
                let r = unsafe { &*frame };
                (0..r.code.fixed_slots()).for_each(|i| r.slot(i).set(marker.clone()));
                live.push(frame);
            } else if let Some(frame) = live.pop() {
                // SAFETY: the topmost frame, which nobody uses.
                unsafe {
                    let r = &*frame;
                    let fixed = r.code.fixed_slots();
                    assert!(
                        (0..fixed)
                            .all(|i| r.slot(i).get().as_small_int() == Some(live.len() as i64))
                    );
                    stack.pop(frame);
                }
            }
        }
        // SAFETY: as above.
        live.into_iter().rev().for_each(|f| unsafe { stack.pop(f) });
        assert_eq!(stack.current.get(), 0);
        assert!(
            stack.chunks.borrow().len() <= 2,
            "at most one empty chunk is kept"
        );
        let first = stack.chunks.borrow()[0].as_ptr();
        assert_eq!(stack.top.get().cast_const(), first);
    }
}

#[test]
fn calls_across_a_chunk_boundary_do_not_allocate_again_and_again() {
    let vm = bare_vm();
    let f = function(&vm, 10);
    let stack = FrameStack::default();
    let mut live = vec![push(&vm, &stack, &f)];
    while stack.current.get() == 0 {
        live.push(push(&vm, &stack, &f));
    }
    let second = stack.chunks.borrow()[1].as_ptr();
    for _ in 0..100 {
        // SAFETY: the topmost frame, which nobody uses.
        unsafe { stack.pop(live.pop().expect("a frame")) };
        assert_eq!(stack.current.get(), 0);
        live.push(push(&vm, &stack, &f));
        assert_eq!(
            (stack.current.get(), stack.chunks.borrow()[1].as_ptr()),
            (1, second)
        );
    }
    // SAFETY: as above.
    live.into_iter().rev().for_each(|f| unsafe { stack.pop(f) });
}

#[test]
fn the_first_frame_of_a_chunk_is_watched() {
    let vm = bare_vm();
    let f = function(&vm, 10);
    let stack = FrameStack::default();
    let mut live = Vec::new();
    for _ in 0..1500 {
        let before = stack.current.get();
        let frame = push(&vm, &stack, &f);
        let first = stack.current.get() != before;
        // SAFETY: the frame is on the stack.
        let mode = unsafe { (*frame).mode.get() };
        assert_eq!(mode == Mode::SlowCall, first);
        live.push(frame);
    }
    assert!(stack.current.get() >= 2);
    // SAFETY: the topmost frames in turn.
    live.into_iter().rev().for_each(|f| unsafe { stack.pop(f) });
}

#[test]
fn python_calls_of_all_kinds_cross_chunk_boundaries() {
    let vm = bare_vm();
    vm.recursion_limit.set(5000);
    run(
        &vm,
        "
class Node:
    def __init__(self, n):
        self.n = n
        self.below = Node(n - 1) if n else None
def plain(n, a=1, b=2): return n and plain(n - 1, b, a) + 1
def starred(n, *args, **kw): return n and starred(n - 1, *args, **kw) + 1
def gen(n):
    yield n
    if n: yield from gen(n - 1)
def raising(n):
    try:
        if n: raising(n - 1)
        else: raise KeyError(n)
    finally:
        local = [n]
def wide(n):
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = a8 = a9 = n
    return n and wide(n - 1) + 1
for depth in list(range(0, 1200, 97)):
    assert plain(depth) == starred(depth, 1, 2, x=3) == wide(depth) == depth
    assert sum(1 for _ in gen(depth)) == depth + 1
    node = Node(depth)
    for _ in range(depth): node = node.below
    assert node.n == 0
    try: raising(depth)
    except KeyError as e: assert e.args == (0,)
",
    );
    assert_eq!(vm.stack.current.get(), 0);
    assert!(vm.stack.tops.borrow().len() <= 1);
}
