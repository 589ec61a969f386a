//! What each layer costs by itself, with tokio's scheduler beside ours as the measure of what is possible.
//!
//! `cargo bench -p lasti --bench layers`; a part of a name picks benches. `lasti bench` measures the same things as
//! scripts see them.
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use lasti::{Interpreter, Object, Settings};
use lasti_core::host::BareHost;
use lasti_core::{Value, Vm, VmFlags, VmOptions};
use std::rc::Rc;

#[global_allocator]
static ALLOCATOR: lasti::HugeBlocks<mimalloc::MiMalloc> = lasti::HugeBlocks(mimalloc::MiMalloc);

fn main() {
    // First, while the process has no memory that others left.
    if let Some(bytes) = tokio_current_thread::parked_bytes(100_000) {
        println!("tokio_current_thread: {bytes:.0} B for each of 100,000 parked tasks, resident");
    }
    divan::main();
}

/// A machine without modules and without an operating system.
fn vm() -> Rc<Vm> {
    lasti_builtins::new_vm(VmOptions {
        host: Box::new(BareHost),
        flags: VmFlags::default(),
        hash_seed: (0, 0),
    })
}

/// Calls the function `bench(items)` of a script, which was called before.
fn run_script(bencher: Bencher, script: &str, items: usize) {
    let py = Interpreter::new(Settings::default());
    py.run(script).expect("a script that runs");
    let function: Object = py.get("bench").expect("the function");
    let call = || function.call::<()>((items as i64,)).expect("it returns");
    call();
    bencher.counter(ItemsCount::new(items)).bench_local(call);
}

#[divan::bench_group]
mod compile {
    use super::*;

    /// A script as people write them.
    #[divan::bench]
    fn script(bencher: Bencher) {
        let source = include_str!("../../examples/crawler.py");
        let options = lasti_compiler::Options::default();
        bencher.counter(BytesCount::of_str(source)).bench(|| {
            lasti_compiler::compile(
                black_box(source),
                "bench.py",
                lasti_compiler::Mode::Exec,
                &options,
            )
            .expect("it compiles")
        });
    }
}

#[divan::bench_group]
mod interpreter {
    use super::*;

    /// Passes of a loop of seven instructions or so.
    #[divan::bench(args = [10_000])]
    fn dispatch(bencher: Bencher, passes: usize) {
        let script = "
def bench(n):
    i = 0
    while i < n:
        i += 1
";
        run_script(bencher, script, passes);
    }

    #[divan::bench(args = [10_000])]
    fn call(bencher: Bencher, calls: usize) {
        let script = "
def f(a, b):
    return a
def bench(n):
    for i in range(n):
        f(i, n)
";
        run_script(bencher, script, calls);
    }

    #[divan::bench(args = [10_000])]
    fn resume_generator(bencher: Bencher, items: usize) {
        let script = "
def g(n):
    for i in range(n):
        yield i
def bench(n):
    for i in g(n):
        pass
";
        run_script(bencher, script, items);
    }
}

#[divan::bench_group]
mod heap {
    use super::*;
    const OBJECTS: usize = 1000;

    /// Made and let go of at once: the slot is still warm.
    #[divan::bench]
    fn alloc_and_free(bencher: Bencher) {
        let vm = vm();
        bencher.counter(ItemsCount::new(OBJECTS)).bench_local(|| {
            for i in 0..OBJECTS {
                black_box(vm.new_cell(Value::small_int(i as i64)));
            }
        });
    }

    /// All made, then all let go of.
    #[divan::bench]
    fn alloc_many_then_free(bencher: Bencher) {
        let vm = vm();
        bencher.counter(ItemsCount::new(OBJECTS)).bench_local(|| {
            let all: Vec<Value> = (0..OBJECTS)
                .map(|i| vm.new_cell(Value::small_int(i as i64)))
                .collect();
            drop(black_box(all));
        });
    }
}

#[divan::bench_group]
mod dict {
    use super::*;
    const KEYS: usize = 1000;

    #[divan::bench]
    fn insert(bencher: Bencher) {
        let vm = vm();
        let keys: Vec<_> = (0..KEYS).map(|i| vm.intern(&format!("key{i}"))).collect();
        bencher.counter(ItemsCount::new(KEYS)).bench_local(|| {
            let dict = vm.new_dict();
            for key in &keys {
                vm.dict_set_str(&dict, key, Value::small_int(1));
            }
            dict
        });
    }

    #[divan::bench]
    fn look_up(bencher: Bencher) {
        let vm = vm();
        let keys: Vec<_> = (0..KEYS).map(|i| vm.intern(&format!("key{i}"))).collect();
        let dict = vm.new_dict();
        for key in &keys {
            vm.dict_set_str(&dict, key, Value::small_int(1));
        }
        bencher.counter(ItemsCount::new(KEYS)).bench_local(|| {
            for key in &keys {
                black_box(vm.dict_get_str(&dict, black_box(key)));
            }
        });
    }
}

/// Ours, from Python: `asyncio.sleep(0)`, `create_task`.
#[divan::bench_group]
mod lasti_loop {
    use super::*;

    const SCRIPT: &str = "
import asyncio
loop = asyncio.new_event_loop()
async def worker(n):
    for _ in range(n):
        await asyncio.sleep(0)
async def switches(tasks, n):
    for task in [asyncio.create_task(worker(n // tasks)) for _ in range(tasks)]:
        await task
async def child():
    pass
async def spawns(n):
    for task in [asyncio.create_task(child()) for _ in range(n)]:
        await task
async def waiter(event):
    await event.wait()
async def parks(n):
    event = asyncio.Event()
    waiters = [asyncio.create_task(waiter(event)) for _ in range(n)]
    await asyncio.sleep(0)
    event.set()
    for task in waiters:
        await task
";

    #[divan::bench(args = [1, 1000])]
    fn switch(bencher: Bencher, tasks: usize) {
        let bench = format!("def bench(n): loop.run_until_complete(switches({tasks}, n))");
        run_script(bencher, &format!("{SCRIPT}{bench}"), 100_000);
    }

    #[divan::bench(args = [10_000])]
    fn spawn_and_join(bencher: Bencher, tasks: usize) {
        let bench = "def bench(n): loop.run_until_complete(spawns(n))";
        run_script(bencher, &format!("{SCRIPT}{bench}"), tasks);
    }

    #[divan::bench(args = [100_000], sample_count = 20)]
    fn park_and_wake(bencher: Bencher, tasks: usize) {
        let bench = "def bench(n): loop.run_until_complete(parks(n))";
        run_script(bencher, &format!("{SCRIPT}{bench}"), tasks);
    }
}

/// The same on tokio's scheduler of one thread: `yield_now`, `spawn`, `Notify`.
#[divan::bench_group]
mod tokio_current_thread {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::runtime::Runtime;
    use tokio::sync::Notify;
    use tokio::task::{JoinHandle, yield_now};

    fn runtime() -> Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.build().expect("a runtime")
    }

    fn run(bencher: Bencher, items: usize, main: impl AsyncFn()) {
        let runtime = runtime();
        bencher
            .counter(ItemsCount::new(items))
            .bench_local(|| runtime.block_on(main()));
    }

    /// Tasks that all wait for one notification, and that.
    async fn park(tasks: usize) -> (Vec<JoinHandle<()>>, Arc<Notify>) {
        let notify = Arc::new(Notify::new());
        let parked = Arc::new(AtomicUsize::new(0));
        let waiter = |_| {
            let (notify, parked) = (notify.clone(), parked.clone());
            tokio::spawn(async move {
                parked.fetch_add(1, Ordering::Relaxed);
                notify.notified().await;
            })
        };
        let all = (0..tasks).map(waiter).collect();
        while parked.load(Ordering::Relaxed) < tasks {
            yield_now().await;
        }
        (all, notify)
    }

    async fn wake((all, notify): (Vec<JoinHandle<()>>, Arc<Notify>)) {
        notify.notify_waiters();
        for task in all {
            task.await.expect("a task that ends");
        }
    }

    /// What a parked task takes of the process's memory, where the system tells.
    pub fn parked_bytes(tasks: usize) -> Option<f64> {
        let resident = || {
            let text = std::fs::read_to_string("/proc/self/statm").ok()?;
            text.split(' ').nth(1)?.parse::<f64>().ok()
        };
        let runtime = runtime();
        runtime.block_on(async { wake(park(10).await).await });
        let before = resident()?;
        let parked = runtime.block_on(park(tasks));
        let pages = resident()? - before;
        runtime.block_on(wake(parked));
        Some(pages * 4096.0 / tasks as f64)
    }

    async fn worker(switches: usize) {
        for _ in 0..switches {
            yield_now().await;
        }
    }

    #[divan::bench(args = [1, 1000])]
    fn switch(bencher: Bencher, tasks: usize) {
        const SWITCHES: usize = 100_000;
        run(bencher, SWITCHES, async || {
            let each = SWITCHES / tasks;
            let all: Vec<_> = (0..tasks).map(|_| tokio::spawn(worker(each))).collect();
            for task in all {
                task.await.expect("a task that ends");
            }
        });
    }

    #[divan::bench(args = [10_000])]
    fn spawn_and_join(bencher: Bencher, tasks: usize) {
        run(bencher, tasks, async || {
            let all: Vec<_> = (0..tasks).map(|_| tokio::spawn(async {})).collect();
            for task in all {
                task.await.expect("a task that ends");
            }
        });
    }

    #[divan::bench(args = [100_000], sample_count = 20)]
    fn park_and_wake(bencher: Bencher, tasks: usize) {
        run(bencher, tasks, async || wake(park(tasks).await).await);
    }
}
