//! `_heapq`: heaps in lists, smallest or largest first (CPython's Modules/_heapqmodule.c; the order of comparisons is
//! the same, so that ties come out alike).
use crate::util::*;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_heapq");
    vm.add_value(&m, "__about__", vm.str_value("Heap queues"));
    vm.add_functions(&m, FUNCTIONS);
    // Names the library used before these were public.
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "heappush" "heappush($module, heap, item, /)\n--\n\n" |vm, _, a| push(vm, a, "heappush", false);
    "heappush_max" "heappush_max($module, heap, item, /)\n--\n\n" |vm, _, a| push(vm, a, "heappush_max", true);
    "heappop" "heappop($module, heap, /)\n--\n\n" |vm, _, a| pop(vm, a, "heappop", false);
    "heappop_max" "heappop_max($module, heap, /)\n--\n\n" |vm, _, a| pop(vm, a, "heappop_max", true);
    "heapify" "heapify($module, heap, /)\n--\n\n" |vm, _, a| heapify(vm, a, "heapify", false);
    "heapify_max" "heapify_max($module, heap, /)\n--\n\n" heapify_max;
    "heapreplace" "heapreplace($module, heap, item, /)\n--\n\n" heapreplace;
    "heapreplace_max" "heapreplace_max($module, heap, item, /)\n--\n\n" heapreplace_max;
    "heappushpop" "heappushpop($module, heap, item, /)\n--\n\n" heappushpop;
    "heappushpop_max" "heappushpop_max($module, heap, item, /)\n--\n\n" heappushpop_max;
    "_heappop_max" "_heappop_max($module, heap, /)\n--\n\n" |vm, _, a| pop(vm, a, "_heappop_max", true);
    "_heapify_max" "_heapify_max($module, heap, /)\n--\n\n" heapify_max_function;
    "_heapreplace_max" "_heapreplace_max($module, heap, item, /)\n--\n\n" heapreplace_max_function;
}

fn heapify_max(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    heapify(vm, a, "heapify_max", true)
}

fn heapreplace(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    replace(vm, a, "heapreplace", false)
}

fn heapreplace_max(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    replace(vm, a, "heapreplace_max", true)
}

fn heappushpop(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    pushpop(vm, a, "heappushpop", false)
}

fn heappushpop_max(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    pushpop(vm, a, "heappushpop_max", true)
}

fn heapify_max_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    heapify(vm, a, "_heapify_max", true)
}

fn heapreplace_max_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    replace(vm, a, "_heapreplace_max", true)
}

fn heap<'a>(vm: &Vm, v: &'a Value, name: &str) -> PyResult<&'a Ref<List>> {
    v.as_ref::<List>().ok_or_else(|| {
        vm.type_error(format!(
            "{name}() argument 1 must be list, not {}",
            vm.type_name_or_none(v)
        ))
    })
}

fn item(vm: &Vm, h: &List, i: usize) -> PyResult<Value> {
    h.get(i)
        .ok_or_else(|| vm.runtime_error("list changed size during iteration"))
}

fn before(vm: &Vm, a: &Value, b: &Value, max: bool) -> PyResult<bool> {
    if max { vm.less(b, a) } else { vm.less(a, b) }
}

/// Moves the item at `pos` up to where its parent is not larger.
fn sift_down(vm: &Vm, h: &List, start: usize, mut pos: usize, max: bool) -> PyResult<()> {
    let new = item(vm, h, pos)?;
    let size = h.len();
    while pos > start {
        let up = (pos - 1) >> 1;
        let parent = item(vm, h, up)?;
        let move_it = before(vm, &new, &parent, max)?;
        if h.len() != size {
            return Err(vm.runtime_error("list changed size during iteration"));
        }
        if !move_it {
            break;
        }
        h.with_mut(|items| {
            if pos < items.len() {
                items.swap(pos, up);
            }
        });
        pos = up;
    }
    Ok(())
}

/// Bubbles the smaller child up to the bottom, then moves the item back to its place.
fn sift_up(vm: &Vm, h: &List, start: usize, max: bool) -> PyResult<()> {
    let end = h.len();
    let mut pos = start;
    let limit = end >> 1;
    while pos < limit {
        let mut child = 2 * pos + 1;
        if child + 1 < end {
            let (l, r) = (item(vm, h, child)?, item(vm, h, child + 1)?);
            if !before(vm, &l, &r, max)? {
                child += 1;
            }
            if h.len() != end {
                return Err(vm.runtime_error("list changed size during iteration"));
            }
        }
        h.with_mut(|items| {
            if child < items.len() {
                items.swap(pos, child);
            }
        });
        pos = child;
    }
    sift_down(vm, h, start, pos, max)
}

fn push(vm: &Vm, a: Args, name: &str, max: bool) -> PyResult<Value> {
    let [h, x] = a.exactly::<2>(vm, name)?;
    let h = heap(vm, h, name)?;
    h.with_mut(|items| vm.push(items, x.clone()))?;
    sift_down(vm, h, 0, h.len() - 1, max)?;
    Ok(Value::NONE)
}

fn pop(vm: &Vm, a: Args, name: &str, max: bool) -> PyResult<Value> {
    let [h] = a.exactly::<1>(vm, name)?;
    let h = heap(vm, h, name)?;
    let Some(last) = h.pop() else {
        return Err(vm.index_error("index out of range"));
    };
    let Some(first) = h.get(0) else {
        return Ok(last);
    };
    h.set(0, last);
    sift_up(vm, h, 0, max)?;
    Ok(first)
}

fn heapify(vm: &Vm, a: Args, name: &str, max: bool) -> PyResult<Value> {
    let [h] = a.exactly::<1>(vm, name)?;
    let h = heap(vm, h, name)?;
    for i in (0..h.len() / 2).rev() {
        sift_up(vm, h, i, max)?;
    }
    Ok(Value::NONE)
}

fn replace(vm: &Vm, a: Args, name: &str, max: bool) -> PyResult<Value> {
    let [h, x] = a.exactly::<2>(vm, name)?;
    let h = heap(vm, h, name)?;
    let Some(first) = h.get(0) else {
        return Err(vm.index_error("index out of range"));
    };
    h.set(0, x.clone());
    sift_up(vm, h, 0, max)?;
    Ok(first)
}

fn pushpop(vm: &Vm, a: Args, name: &str, max: bool) -> PyResult<Value> {
    let [h, x] = a.exactly::<2>(vm, name)?;
    let h = heap(vm, h, name)?;
    let Some(first) = h.get(0) else {
        return Ok(x.clone());
    };
    if !before(vm, &first, x, max)? {
        return Ok(x.clone());
    }
    let Some(first) = h.get(0) else {
        return Err(vm.index_error("index out of range"));
    };
    h.set(0, x.clone());
    sift_up(vm, h, 0, max)?;
    Ok(first)
}
