//! The sort behind `list.sort` and `sorted`: stable, by natural runs and merges (after CPython's listsort.txt), with
//! comparisons that may raise or contradict each other.
use lasti_core::memory::Value;
use lasti_core::objects::Str;
use lasti_core::vm::Vm;
use lasti_core::vm::error::PyResult;

/// Runs shorter than this are lengthened by insertion.
const MIN_RUN: usize = 32;

/// Sorts items by their keys. On an error the items are all still there, in their first order.
pub(crate) fn sort_values(
    vm: &Vm,
    items: &mut Vec<Value>,
    key: Option<&Value>,
    reverse: bool,
) -> PyResult<()> {
    let keys = match key {
        Some(f) => {
            let mut keys = vm.try_vec(items.len())?;
            for v in items.iter() {
                keys.push(vm.call(f, std::slice::from_ref(v))?);
            }
            Some(keys)
        }
        None => None,
    };
    // The order, the keys by themselves, what is merged, and the items in their order.
    vm.room(items.len() * size_of::<usize>() * 4)?;
    let mut order: Vec<usize> = (0..items.len()).collect();
    // Equal items keep their order in a reversed sort too.
    if reverse {
        order.reverse();
    }
    sort_order(vm, keys.as_deref().unwrap_or(items), &mut order)?;
    if reverse {
        order.reverse();
    }
    let mut slots: Vec<Value> = std::mem::take(items);
    *items = order
        .iter()
        .map(|i| std::mem::replace(&mut slots[*i], Value::NONE))
        .collect();
    Ok(())
}

/// Sorts the numbers in `order` by the keys they stand for.
fn sort_order(vm: &Vm, keys: &[Value], order: &mut Vec<usize>) -> PyResult<()> {
    if keys.len() < 2 {
        return Ok(());
    }
    // Keys of one plain type compare without Python and without contradiction.
    if let Some(k) = all(keys, Value::as_small_int) {
        order.sort_by_key(|i| k[*i]);
        return Ok(());
    }
    if let Some(k) = all(keys, Value::as_inline_float) {
        order.sort_by(|a, b| {
            k[*a]
                .partial_cmp(&k[*b])
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        return Ok(());
    }
    let text = |v: &Value| {
        v.as_ref::<Str>()
            .is_some_and(|s| s.class().is(&vm.types.str))
    };
    if keys.iter().all(text) {
        let text = |i: usize| keys[i].downcast::<Str>().map_or(&[][..], |s| s.as_bytes());
        order.sort_by(|a, b| text(*a).cmp(text(*b)));
        return Ok(());
    }
    let mut sorter = Sorter {
        vm,
        keys,
        spare: Vec::new(),
    };
    let mut copy = order.clone();
    sorter.sort(&mut copy)?;
    *order = copy;
    Ok(())
}

/// What `f` gives for each key, when it gives something for all.
fn all<T>(keys: &[Value], f: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    f(&keys[0])?;
    keys.iter().map(f).collect()
}

struct Sorter<'a> {
    vm: &'a Vm,
    keys: &'a [Value],
    spare: Vec<usize>,
}

impl Sorter<'_> {
    fn less(&self, a: usize, b: usize) -> PyResult<bool> {
        self.vm.less(&self.keys[a], &self.keys[b])
    }

    fn sort(&mut self, v: &mut [usize]) -> PyResult<()> {
        let n = v.len();
        // Runs not merged yet: start and length.
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        while start < n {
            let mut end = start + self.run_at(&mut v[start..])?;
            let want = (start + MIN_RUN).min(n);
            if end < want {
                self.insert(&mut v[start..want], end - start)?;
                end = want;
            }
            runs.push((start, end - start));
            start = end;
            while self.must_merge(&runs) {
                self.merge_last(v, &mut runs)?;
            }
        }
        while runs.len() > 1 {
            self.merge_last(v, &mut runs)?;
        }
        Ok(())
    }

    /// Keeps run lengths falling from the bottom of the stack, so that merges are balanced.
    fn must_merge(&self, runs: &[(usize, usize)]) -> bool {
        match runs {
            [.., x, y, z] => x.1 <= y.1 + z.1 || y.1 <= z.1,
            [y, z] => y.1 <= z.1,
            _ => false,
        }
    }

    fn merge_last(&mut self, v: &mut [usize], runs: &mut Vec<(usize, usize)>) -> PyResult<()> {
        let n = runs.len();
        // The middle run goes with its smaller neighbour.
        let at = if n >= 3 && runs[n - 3].1 < runs[n - 1].1 {
            n - 3
        } else {
            n - 2
        };
        let ((start, a), (_, b)) = (runs[at], runs[at + 1]);
        self.merge(&mut v[start..start + a + b], a)?;
        runs[at] = (start, a + b);
        runs.remove(at + 1);
        Ok(())
    }

    /// Length of the ordered run at the front; a strictly falling one is turned around.
    fn run_at(&self, v: &mut [usize]) -> PyResult<usize> {
        if v.len() < 2 {
            return Ok(v.len());
        }
        let falling = self.less(v[1], v[0])?;
        let mut n = 2;
        while n < v.len() && self.less(v[n], v[n - 1])? == falling {
            n += 1;
        }
        if falling {
            v[..n].reverse();
        }
        Ok(n)
    }

    /// Binary insertion of everything after the first `sorted` into them.
    fn insert(&self, v: &mut [usize], sorted: usize) -> PyResult<()> {
        for i in sorted.max(1)..v.len() {
            let x = v[i];
            let at = self.upper(&v[..i], x)?;
            v[at..=i].rotate_right(1);
        }
        Ok(())
    }

    /// Where `x` goes behind all that are not greater.
    fn upper(&self, v: &[usize], x: usize) -> PyResult<usize> {
        let (mut lo, mut hi) = (0, v.len());
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if self.less(x, v[mid])? {
                hi = mid;
            } else {
                lo = mid + 1;
            }
        }
        Ok(lo)
    }

    /// Where `x` goes in front of all that are not less.
    fn lower(&self, v: &[usize], x: usize) -> PyResult<usize> {
        let (mut lo, mut hi) = (0, v.len());
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if self.less(v[mid], x)? {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        Ok(lo)
    }

    /// Merges the two sorted halves of `v`, the first of length `mid`.
    fn merge(&mut self, v: &mut [usize], mid: usize) -> PyResult<()> {
        if !self.less(v[mid], v[mid - 1])? {
            return Ok(());
        }
        // What stands in place already is left out.
        let from = self.upper(&v[..mid], v[mid])?;
        let to = mid + self.lower(&v[mid..], v[mid - 1])?;
        let v = &mut v[from..to];
        let mid = mid - from;
        let mut left = std::mem::take(&mut self.spare);
        left.clear();
        left.extend_from_slice(&v[..mid]);
        let (mut i, mut j, mut out) = (0, mid, 0);
        while i < left.len() && j < v.len() {
            if self.less(v[j], left[i])? {
                v[out] = v[j];
                j += 1;
            } else {
                v[out] = left[i];
                i += 1;
            }
            out += 1;
        }
        let rest = left.len() - i;
        v[out..out + rest].copy_from_slice(&left[i..]);
        self.spare = left;
        Ok(())
    }
}
