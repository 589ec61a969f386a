//! The Rust side: values, errors, Rust futures awaited from Python, Python coroutines polled from Rust.
use lasti::{Bytes, Error, FromPython, Interpreter, Object, PyFuture, Python, Settings, ToPython};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready};

fn interpreter() -> Interpreter {
    Interpreter::new(Settings {
        ignore_environment: true,
        ..Settings::default()
    })
}

fn with(source: &str) -> Interpreter {
    let py = interpreter();
    py.run(source).unwrap();
    py
}

/// Waits until a waker was called, which another thread does.
fn woken<F: Future>(task: &Spawn<F>) {
    let start = Instant::now();
    while !task.is_woken() {
        assert!(start.elapsed() < Duration::from_secs(20), "never woken");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Polls as an executor would: only when woken.
fn finish<F: Future + Unpin>(task: &mut Spawn<F>) -> F::Output {
    loop {
        match task.poll() {
            Poll::Ready(r) => return r,
            Poll::Pending => woken(task),
        }
    }
}

// ---- values ----

#[track_caller]
fn round<T>(py: &Python, value: T, repr: &str)
where
    T: ToPython + FromPython + Clone + PartialEq + Debug,
{
    let object = py.value(value.clone()).unwrap();
    assert_eq!(object.repr().unwrap(), repr);
    assert_eq!(object.extract::<T>().unwrap(), value);
}

#[test]
fn values_go_in_and_out() {
    let py = interpreter();
    round(&py, true, "True");
    round(&py, -5i8, "-5");
    round(&py, i64::MIN, "-9223372036854775808");
    round(&py, u64::MAX, "18446744073709551615");
    round(&py, u128::MAX, "340282366920938463463374607431768211455");
    round(&py, i128::MIN, "-170141183460469231731687303715884105728");
    round(&py, 1.5f64, "1.5");
    round(&py, 0.25f32, "0.25");
    round(&py, 'ß', "'ß'");
    round(&py, "a\u{1F600}\0b".to_owned(), "'a\u{1F600}\\x00b'");
    round(&py, Bytes(vec![0, 255]), "b'\\x00\\xff'");
    round(&py, vec![1u8, 2], "[1, 2]");
    round(&py, [1, 2, 3], "[1, 2, 3]");
    round(&py, vec![Some(1), None], "[1, None]");
    round(&py, (1, "x".to_owned(), 2.0), "(1, 'x', 2.0)");
    round(
        &py,
        BTreeMap::from([("a".to_owned(), vec![1])]),
        "{'a': [1]}",
    );
    round(&py, HashMap::from([((1, 2), true)]), "{(1, 2): True}");
    assert!(py.value(()).unwrap().is_none());
    assert_eq!(py.value(&[1, 2][..]).unwrap().to_string(), "[1, 2]");
    assert_eq!(py.eval::<Vec<i64>>("range(3)").unwrap(), [0, 1, 2]);
    assert_eq!(py.eval::<Bytes>("memoryview(b'ab')").unwrap().0, b"ab");
    assert_eq!(py.eval::<i32>("True").unwrap(), 1);
}

#[test]
fn what_does_not_fit_is_refused() {
    let py = interpreter();
    let class = |r: Result<(), Error>| r.unwrap_err().class().to_owned();
    assert_eq!(class(py.eval::<u8>("256").map(drop)), "OverflowError");
    assert_eq!(class(py.eval::<u64>("-1").map(drop)), "OverflowError");
    assert_eq!(class(py.eval::<i64>("2**64").map(drop)), "OverflowError");
    assert_eq!(class(py.eval::<i64>("1.0").map(drop)), "TypeError");
    assert_eq!(class(py.eval::<bool>("1").map(drop)), "TypeError");
    assert_eq!(class(py.eval::<String>("1").map(drop)), "TypeError");
    assert_eq!(
        class(py.eval::<String>("'\\ud800'").map(drop)),
        "UnicodeError"
    );
    assert_eq!(
        class(py.eval::<Vec<String>>("'abc'").map(drop)),
        "TypeError"
    );
    assert_eq!(class(py.eval::<(i64, i64)>("(1,)").map(drop)), "TypeError");
    assert_eq!(class(py.eval::<[i64; 2]>("[1]").map(drop)), "ValueError");
    assert_eq!(
        class(py.value(HashMap::from([(vec![1], 1)])).map(drop)),
        "TypeError"
    );
    assert_eq!(class(py.get::<()>("nothing")), "NameError");
}

#[test]
fn functions_are_called_both_ways() {
    let py = with("def greet(name, times): return ' '.join([name] * times)");
    assert_eq!(py.call::<String>("greet", ("hi", 2)).unwrap(), "hi hi");
    assert_eq!(py.call::<usize>("len", ("abc",)).unwrap(), 3);
    let math = py.import("math").unwrap();
    assert_eq!(math.call_method::<i64>("gcd", (12, 18)).unwrap(), 6);
    assert!(math.attr::<f64>("pi").unwrap() > 3.0);

    py.function("add", |(a, b): (i64, i64)| Ok::<_, Error>(a + b))
        .unwrap();
    assert_eq!(py.eval::<i64>("add(1, 2)").unwrap(), 3);
    assert_eq!(py.eval::<()>("add(1)").unwrap_err().class(), "TypeError");
    assert_eq!(
        py.eval::<()>("add(1, b=2)").unwrap_err().class(),
        "TypeError"
    );
    // A function that calls back.
    let handle = Python::clone(&py);
    py.function("twice", move |(f,): (Object,)| {
        let first: Object = f.call((1,))?;
        assert_eq!(handle.eval::<i64>("add(2, 2)")?, 4);
        f.call::<Object>((first,))
    })
    .unwrap();
    assert_eq!(py.eval::<i64>("twice(lambda x: x * 10)").unwrap(), 100);
}

#[test]
fn files_are_run() {
    let folder = std::env::temp_dir().join(format!("lasti-embed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("script.py");
    std::fs::write(&file, "x = __file__\nraise KeyError('k')\n").unwrap();
    let py = interpreter();
    let e = py.run_file(&file).unwrap_err();
    assert!(e.is("LookupError") && e.class() == "KeyError");
    assert!(e.traceback().contains("script.py\", line 2"), "{e}");
    assert_eq!(py.get::<String>("x").unwrap(), file.to_str().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(py.run_file(&file).unwrap_err().class(), "FileNotFoundError");
}

// ---- errors ----

#[test]
fn errors_carry_the_exception() {
    let py = with("def f(): g()\ndef g(): raise ValueError('bad', 7)");
    let e = py.call::<()>("f", ()).unwrap_err();
    assert_eq!(e.class(), "ValueError");
    assert_eq!(e.message(), "('bad', 7)");
    let text = e.to_string();
    assert!(
        text.starts_with("Traceback (most recent call last):\n"),
        "{text}"
    );
    assert!(text.contains("line 2, in g\n"), "{text}");
    assert!(text.ends_with("\nValueError: ('bad', 7)"), "{text}");
    let e: Box<dyn std::error::Error + Send + Sync> = Box::new(e);
    assert_eq!(e.to_string(), text);
    assert_eq!(py.run("f(").unwrap_err().class(), "SyntaxError");
    assert_eq!(
        py.run("import sys; sys.exit(3)").unwrap_err().class(),
        "SystemExit"
    );
    // Endless recursion, and an exception that cannot be printed.
    let e = py.run("def r(): r()\nr()").unwrap_err();
    assert_eq!(e.class(), "RecursionError");
    py.run("class Odd(Exception):\n def __str__(self): raise self")
        .unwrap();
    assert_eq!(py.run("raise Odd").unwrap_err().class(), "Odd");
}

#[test]
fn errors_of_rust_are_raised() {
    let py = with("class Own(Exception): pass\ndef own(): raise Own('mine')");
    let catch = |source: &str| -> (String, String) {
        py.run(&format!(
            "try:\n {source}\nexcept Exception as e:\n r = type(e).__name__, str(e)"
        ))
        .unwrap();
        py.get("r").unwrap()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    py.function("value", |()| Err::<(), _>(Error::new("ValueError", "v")))
        .unwrap();
    assert_eq!(catch("value()"), pair("ValueError", "v"));
    py.function("text", |()| Err::<(), _>("plain")).unwrap();
    assert_eq!(catch("text()"), pair("RuntimeError", "plain"));
    py.function("odd", |()| Err::<(), _>(Error::new("NoSuch", "x")))
        .unwrap();
    assert_eq!(catch("odd()"), pair("RuntimeError", "NoSuch: x"));
    py.function("io", |()| std::fs::read("/no/such/file").map(Bytes))
        .unwrap();
    assert_eq!(catch("io()").0, "FileNotFoundError");
    py.function("panics", |()| -> Result<(), Error> { panic!("oh {}", 1) })
        .unwrap();
    assert_eq!(
        catch("panics()"),
        pair("RuntimeError", "panic in Rust function panics: oh 1")
    );
    // An exception that passes through Rust keeps its class.
    py.function("through", |(f,): (Object,)| f.call::<()>(()))
        .unwrap();
    assert_eq!(catch("through(own)"), pair("Own", "mine"));
    py.run("try: through(own)\nexcept Own: seen = 1").unwrap();
    assert_eq!(py.get::<i64>("seen").unwrap(), 1);
}

// ---- Rust futures in Python ----

/// A future that another thread makes ready.
async fn after(ms: u64, value: i64) -> Result<i64, Error> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(ms));
        let _ = sender.send(value);
    });
    receiver
        .await
        .map_err(|_| Error::new("EOFError", "no sender"))
}

/// Sets a flag when it is dropped.
struct Flag(Rc<Cell<u32>>);
impl Drop for Flag {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn python_awaits_rust() {
    let py = interpreter();
    py.async_function("after", |(ms, value)| after(ms, value))
        .unwrap();
    py.async_function("now", |(x,): (i64,)| async move {
        if x < 0 {
            Err(Error::new("ValueError", "negative"))
        } else {
            Ok(x + 1)
        }
    })
    .unwrap();
    py.run(
        "import asyncio
async def main():
    assert await now(1) == 2
    assert await after(5, 7) == 7
    assert await asyncio.gather(after(20, 1), after(1, 2), now(2)) == [1, 2, 3]
    t = asyncio.create_task(after(1, 5))
    assert await t == 5
    try:
        await now(-1)
    except ValueError as e:
        return str(e)
text = asyncio.run(main())",
    )
    .unwrap();
    assert_eq!(py.get::<String>("text").unwrap(), "negative");
}

#[test]
fn no_wake_up_is_lost() {
    let py = interpreter();
    py.async_function("after", |(ms, value)| after(ms, value))
        .unwrap();
    py.run(
        "import asyncio
async def often(n):
    return sum([await after(0, 1) for _ in range(n)])
async def many(n):
    return sum(await asyncio.gather(*[after(i % 4, 1) for i in range(n)], often(n)))",
    )
    .unwrap();
    assert_eq!(py.eval::<i64>("asyncio.run(many(100))").unwrap(), 200);
    let mut tasks: Vec<_> = (0..3)
        .map(|_| spawn(py.future::<i64>(&py.eval("many(50)").unwrap())))
        .collect();
    for t in &mut tasks {
        assert_pending!(t.poll());
    }
    for mut t in tasks {
        assert_eq!(finish(&mut t).unwrap(), 100);
    }
}

#[test]
fn a_future_that_wakes_itself_goes_on() {
    let py = interpreter();
    py.async_function("spin", |(n,): (u32,)| async move {
        let mut left = n;
        poll_fn(move |cx| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Ok::<_, Error>(n)
    })
    .unwrap();
    py.run("import asyncio\nasync def main(): return await spin(100)\nn = asyncio.run(main())")
        .unwrap();
    assert_eq!(py.get::<u32>("n").unwrap(), 100);
}

#[test]
fn cancelling_drops_the_future() {
    let py = interpreter();
    let dropped = Rc::new(Cell::new(0));
    let inner = dropped.clone();
    py.async_function("forever", move |()| {
        let flag = Flag(inner.clone());
        async move {
            let _flag = flag;
            pending::<Result<(), Error>>().await
        }
    })
    .unwrap();
    let seen = dropped.clone();
    py.function("dropped", move |()| Ok::<_, Error>(seen.get()))
        .unwrap();
    py.run(
        "import asyncio
async def wrap():
    try:
        await forever()
    except asyncio.CancelledError:
        return 'inside', dropped()
async def main():
    t = asyncio.create_task(forever())
    await asyncio.sleep(0.001)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        first = dropped()
    w = asyncio.create_task(wrap())
    await asyncio.sleep(0.001)
    w.cancel()
    second = await w
    try:
        async with asyncio.timeout(0.01):
            await forever()
    except TimeoutError:
        third = dropped()
    return first, *second, third
result = asyncio.run(main())",
    )
    .unwrap();
    let result: (u32, String, u32, u32) = py.get("result").unwrap();
    assert_eq!(result, (1, "inside".into(), 2, 3));
    // One that is only dropped, one that is closed, and one that a dying task leaves.
    py.run("import warnings\nwarnings.simplefilter('ignore')\nforever()\nforever().close()")
        .unwrap();
    assert_eq!(dropped.get(), 5);
}

#[test]
fn awaiting_twice_is_an_error() {
    let py = interpreter();
    py.async_function("after", |(ms, value)| after(ms, value))
        .unwrap();
    py.run(
        "import asyncio
async def wait(a): return await a
async def main():
    a = after(20, 1)
    first, second = await asyncio.gather(wait(a), wait(a), return_exceptions=True)
    assert first == 1, first
    try:
        await a
    except RuntimeError as e:
        third = str(e)
    return str(second), third, type(second).__name__
result = asyncio.run(main())
b = after(1, 1)
async def send_it(): b.send(None)
",
    )
    .unwrap();
    let result: (String, String, String) = py.get("result").unwrap();
    assert_eq!(result.0, "coroutine is being awaited already");
    assert_eq!(result.1, "cannot reuse already awaited coroutine");
    assert_eq!(result.2, "RuntimeError");
    // Outside a loop.
    let e = py.run("b.send(None)").unwrap_err();
    assert_eq!(e.message(), "no running event loop");
    let e = py.run("b.send(1)").unwrap_err();
    assert_eq!(e.class(), "TypeError");
    py.run("b.close()\nb.close()").unwrap();
    assert_eq!(py.run("b.send(None)").unwrap_err().class(), "RuntimeError");
}

#[test]
fn rust_coroutines_are_taken_as_coroutines() {
    let py = interpreter();
    py.async_function("after", |(ms, value)| after(ms, value))
        .unwrap();
    py.run(
        "import asyncio, collections.abc
async def main():
    c = after(1, 1)
    assert asyncio.iscoroutine(c) and isinstance(c, collections.abc.Coroutine)
    assert c.__name__ == 'after' and repr(c).startswith('<rust_coroutine object after')
    assert await asyncio.wait_for(c, 5) == 1
    async with asyncio.TaskGroup() as group:
        t = group.create_task(after(1, 2))
    assert t.result() == 2
    try:
        await asyncio.wait_for(after(5000, 1), 0.01)
    except TimeoutError:
        pass
    done, pending = await asyncio.wait([asyncio.ensure_future(after(1, 3))])
    assert done.pop().result() == 3
    e = asyncio.Event()
    async def gen():
        for i in range(3):
            yield await after(1, i)
    return [i async for i in gen()]
result = asyncio.run(main())",
    )
    .unwrap();
    assert_eq!(py.get::<Vec<i64>>("result").unwrap(), [0, 1, 2]);
}

#[test]
fn endless_recursion_through_rust_is_an_exception() {
    let py = with("import sys\nsys.setrecursionlimit(10**6)\ndef down(): up()");
    let handle = Python::clone(&py);
    py.function("up", move |()| handle.call::<()>("down", ()))
        .unwrap();
    assert_eq!(py.run("up()").unwrap_err().class(), "RecursionError");
    py.run("x = 1").unwrap();
    let handle = Python::clone(&py);
    py.async_function("again", move |()| {
        let py = handle.clone();
        async move { py.block_on::<()>(&py.eval("again()")?) }
    })
    .unwrap();
    let mut task = spawn(py.future::<()>(&py.eval("again()").unwrap()));
    assert_eq!(finish(&mut task).unwrap_err().class(), "RuntimeError");
}

#[test]
fn a_panic_in_a_future_is_an_exception() {
    let py = interpreter();
    py.async_function("panics", |()| async {
        if true {
            panic!("inside")
        }
        Ok::<(), Error>(())
    })
    .unwrap();
    let e = py
        .run("import asyncio\nasync def main(): await panics()\nasyncio.run(main())")
        .unwrap_err();
    assert_eq!(e.message(), "panic in Rust function panics: inside");
}

#[test]
fn rust_code_stays_on_its_thread() {
    let py = interpreter();
    py.function("here", |()| Ok::<_, Error>(1)).unwrap();
    py.run(
        "import threading
def work():
    global got
    try:
        here()
    except RuntimeError as e:
        got = str(e)
t = threading.Thread(target=work)
t.start()
t.join()",
    )
    .unwrap();
    assert!(py.get::<String>("got").unwrap().contains("own thread"));
}

// ---- Python coroutines in Rust ----

#[test]
fn a_coroutine_is_polled() {
    let py = with(
        "import asyncio
log = []
async def main():
    log.append('start')
    await asyncio.sleep(0.02)
    log.append('end')
    return 42",
    );
    let coroutine: Object = py.call("main", ()).unwrap();
    let mut task = spawn(py.future::<i64>(&coroutine));
    assert_eq!(py.eval::<usize>("len(log)").unwrap(), 0);
    assert_pending!(task.poll());
    assert_eq!(py.eval::<usize>("len(log)").unwrap(), 1);
    assert!(!task.is_woken());
    woken(&task);
    assert_eq!(assert_ready!(task.poll()).unwrap(), 42);
    // Ready at the first poll.
    let coroutine: Object = py.eval("asyncio.sleep(0, 'x')").unwrap();
    let mut task = spawn(py.future::<String>(&coroutine));
    assert_eq!(assert_ready!(task.poll()).unwrap(), "x");
    assert_eq!(
        assert_ready!(task.poll()).unwrap_err().class(),
        "RuntimeError"
    );
}

#[test]
fn errors_come_out_of_a_polled_coroutine() {
    let py = with("import asyncio\nasync def bad():\n await asyncio.sleep(0)\n 1/0");
    let mut task = spawn(py.future::<()>(&py.call("bad", ()).unwrap()));
    let e = finish(&mut task).unwrap_err();
    assert_eq!(e.class(), "ZeroDivisionError");
    assert!(e.traceback().contains("in bad"), "{e}");
    let mut task = spawn(py.future::<String>(&py.eval("asyncio.sleep(0, 1)").unwrap()));
    assert_eq!(finish(&mut task).unwrap_err().class(), "TypeError");
    let mut task = spawn(py.future::<()>(&py.eval("1").unwrap()));
    assert_eq!(finish(&mut task).unwrap_err().class(), "TypeError");
    py.run("async def stop(): asyncio.get_running_loop().stop(); await asyncio.sleep(9)")
        .unwrap();
    let mut task = spawn(py.future::<()>(&py.call("stop", ()).unwrap()));
    assert!(
        finish(&mut task)
            .unwrap_err()
            .message()
            .contains("stopped before")
    );
}

#[test]
fn several_futures_share_the_loop() {
    let py = with(
        "import asyncio
event = None
async def wait():
    global event
    event = asyncio.Event()
    await event.wait()
    return 'set'
async def set():
    await asyncio.sleep(0.01)
    event.set()",
    );
    let mut wait = spawn(py.future::<String>(&py.call("wait", ()).unwrap()));
    assert_pending!(wait.poll());
    let mut set = spawn(py.future::<()>(&py.call("set", ()).unwrap()));
    assert_pending!(set.poll());
    // The one wakes the other, whose poll may well have done the work.
    woken(&set);
    finish(&mut set).unwrap();
    woken(&wait);
    assert_eq!(assert_ready!(wait.poll()).unwrap(), "set");
    // A plain call from outside wakes too.
    let mut wait = spawn(py.future::<String>(&py.call("wait", ()).unwrap()));
    assert_pending!(wait.poll());
    assert!(!wait.is_woken());
    py.run("event.set()").unwrap();
    assert!(wait.is_woken());
    assert_eq!(finish(&mut wait).unwrap(), "set");
    // And a future that is dropped passes the loop on.
    let mut first = spawn(py.future::<()>(&py.eval("asyncio.sleep(0.01)").unwrap()));
    let mut second = spawn(py.future::<()>(&py.eval("asyncio.sleep(0.02)").unwrap()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    finish(&mut second).unwrap();
}

#[test]
fn sockets_and_threads_wake() {
    let py = with(
        "import asyncio, socket, threading, time
a, b = socket.socketpair()
for s in a, b: s.setblocking(False)
async def receive():
    return await asyncio.get_running_loop().sock_recv(b, 10)
async def thread():
    return await asyncio.to_thread(lambda: time.sleep(0.02) or 'done')",
    );
    let mut task = spawn(py.future::<Bytes>(&py.call("receive", ()).unwrap()));
    assert_pending!(task.poll());
    thread::sleep(Duration::from_millis(20));
    assert!(!task.is_woken());
    py.run("a.send(b'hello')").unwrap();
    woken(&task);
    assert_eq!(assert_ready!(task.poll()).unwrap().0, b"hello");
    let mut task = spawn(py.future::<String>(&py.call("thread", ()).unwrap()));
    assert_eq!(finish(&mut task).unwrap(), "done");
    // A reader that leaves something to read is called again.
    py.run(
        "async def slowly():
    loop, got = asyncio.get_running_loop(), []
    done = loop.create_future()
    def read():
        got.append(b.recv(1))
        if got[-1] == b'.':
            done.set_result(b''.join(got))
    loop.add_reader(b, read)
    return await done
a.send(b'some text.')",
    )
    .unwrap();
    let mut task = spawn(py.future::<Bytes>(&py.call("slowly", ()).unwrap()));
    assert_eq!(finish(&mut task).unwrap().0, b"some text.");
}

#[test]
fn both_directions_nest() {
    let py =
        with("import asyncio\nasync def inner(x):\n await asyncio.sleep(0.001)\n return x + 1");
    let handle = Python::clone(&py);
    py.async_function("outer", move |(x,): (i64,)| {
        let py = handle.clone();
        async move {
            let coroutine: Object = py.call("inner", (x,))?;
            let y: i64 = py.future(&coroutine).await?;
            let z = after(1, y * 10).await?;
            py.future::<i64>(&py.call("inner", (z,))?).await
        }
    })
    .unwrap();
    let mut task = spawn(py.future::<i64>(&py.eval("outer(1)").unwrap()));
    assert_eq!(finish(&mut task).unwrap(), 21);
    assert_eq!(
        py.block_on::<i64>(&py.eval("outer(2)").unwrap()).unwrap(),
        31
    );
    py.run("async def main(): return await asyncio.gather(outer(3), outer(4))")
        .unwrap();
    assert_eq!(
        py.eval::<Vec<i64>>("asyncio.run(main())").unwrap(),
        [41, 51]
    );
    // The loop itself cannot be run again from inside.
    let handle = Python::clone(&py);
    py.function("nested", move |()| {
        handle.block_on::<()>(&handle.eval("asyncio.sleep(0)")?)
    })
    .unwrap();
    py.run("async def main2(): nested()").unwrap();
    let e = py.run("asyncio.run(main2())").unwrap_err();
    assert_eq!(e.class(), "RuntimeError");
}

#[test]
fn tokio_drives_it() {
    let py = with("import asyncio\nasync def twice(x): return await rust(x) + await rust(x)");
    py.async_function("rust", |(x,): (i64,)| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, Error>(x)
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let total = local.block_on(&runtime, async {
        let all: Vec<_> = (0..10i64)
            .map(|i| {
                let future: PyFuture<i64> = py.future(&py.call("twice", (i,)).unwrap());
                tokio::task::spawn_local(future)
            })
            .collect();
        let mut total = 0;
        for t in all {
            total += t.await.unwrap().unwrap();
        }
        // `await` on an object, with a time limit of tokio's.
        let slow: Object = py.eval("asyncio.sleep(60)").unwrap();
        let r = tokio::time::timeout(Duration::from_millis(10), slow.into_future()).await;
        assert!(r.is_err());
        total
    });
    assert_eq!(total, 90);
}

// ---- ends ----

#[test]
fn dropping_cancels_and_cleans_up() {
    let log = Rc::new(RefCell::new(Vec::<String>::new()));
    let py = interpreter();
    let out = log.clone();
    py.function("log", move |(s,): (String,)| {
        out.borrow_mut().push(s);
        Ok::<_, Error>(())
    })
    .unwrap();
    let dropped = Rc::new(Cell::new(0));
    let inner = dropped.clone();
    py.async_function("forever", move |(o,): (Object,)| {
        let flag = Flag(inner.clone());
        async move {
            let _held = (flag, o);
            pending::<Result<(), Error>>().await
        }
    })
    .unwrap();
    py.run(
        "import asyncio
async def work(name):
    try:
        await forever(object())
    finally:
        log(name)
async def stubborn():
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            log('no')
class Last:
    def __del__(self, log=log): log('del')
last = Last()",
    )
    .unwrap();
    let mut first = spawn(py.future::<()>(&py.eval("work('first')").unwrap()));
    assert_pending!(first.poll());
    drop(first);
    assert!(log.borrow().is_empty());
    let mut second = spawn(py.future::<()>(&py.eval("work('second')").unwrap()));
    assert_pending!(second.poll());
    assert_eq!(*log.borrow(), ["first"]);
    let mut third = spawn(py.future::<()>(&py.eval("stubborn()").unwrap()));
    assert_pending!(third.poll());
    let object: Object = py.eval("object()").unwrap();
    let handle = Python::clone(&py);
    drop(py);
    assert_eq!(*log.borrow(), ["first", "second", "no", "del"]);
    assert_eq!(dropped.get(), 2);
    assert_eq!(Rc::strong_count(&log), 1);
    // What is left is harmless.
    assert_eq!(
        assert_ready!(second.poll()).unwrap_err().message(),
        "the interpreter is closed"
    );
    assert!(handle.run("1").is_err() && object.repr().is_err());
    assert_eq!(object.to_string(), "<object of a closed interpreter>");
}

#[test]
fn a_closed_interpreter_reports_exit_functions() {
    let py = with("import atexit\natexit.register(lambda: open('/no/such'))");
    // As in CPython, what an exit function raises is printed and swallowed.
    let _ = py.close();
}

#[test]
fn interpreters_one_after_another_and_side_by_side() {
    let go = |n: i64| {
        for i in 0..3 {
            let py =
                with("import asyncio\nasync def f(x):\n await asyncio.sleep(0.002)\n return x");
            let mut task = spawn(py.future::<i64>(&py.call("f", (n + i,)).unwrap()));
            assert_pending!(task.poll());
            let other = interpreter();
            let e = other
                .set("x", py.eval::<Object>("[]").unwrap())
                .unwrap_err();
            assert_eq!(e.class(), "TypeError");
            assert_eq!(finish(&mut task).unwrap(), n + i);
        }
    };
    let threads: Vec<_> = (0..2).map(|n| thread::spawn(move || go(n * 10))).collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn a_waker_outlives_its_interpreter() {
    let py = interpreter();
    let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
    let keep = kept.clone();
    py.async_function("park", move |()| {
        let keep = keep.clone();
        poll_fn(move |cx| {
            keep.replace(Some(cx.waker().clone()));
            Poll::<Result<(), Error>>::Pending
        })
    })
    .unwrap();
    let mut task = spawn(py.future::<()>(&py.eval("park()").unwrap()));
    assert_pending!(task.poll());
    drop(py);
    let waker = kept.take().unwrap();
    thread::spawn(move || waker.wake()).join().unwrap();
}

#[test]
fn daemon_threads_do_not_hang_or_crash() {
    let py = with(
        "import threading, time
def forever():
    while True: time.sleep(0.001)
threading.Thread(target=forever, daemon=True).start()",
    );
    drop(py);
}
