//! What a program meets at the limits of its process: memory that the system refuses, and signals while a native loop runs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs code with so many KiB of address space.
fn limited(kib: u32, code: &str) -> Output {
    Command::new("sh")
        .args(["-c", "ulimit -v $0; exec \"$@\"", &kib.to_string()])
        .args([env!("CARGO_BIN_EXE_lasti"), "-c", code])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

const ROOM: u32 = 700_000;
/// A process at rest takes 260,000 of it.
const LITTLE_ROOM: u32 = 420_000;

#[track_caller]
fn check(code: &str, expected: &str) {
    let out = limited(ROOM, code);
    let said = String::from_utf8_lossy(&out.stdout);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert_eq!(
        (said.trim_end(), out.status.code()),
        (expected, Some(0)),
        "{code}\n{errors}"
    );
}

/// Each statement is repeated until memory runs out; then the program goes on.
#[test]
fn what_grows_raises_memory_error() {
    let statements = [
        ("l = []", "l.append(1.5)"),
        ("l = []", "l.append([1])"),
        ("l = []", "l.insert(0, 1) if len(l) < 9 else l.extend(l)"),
        ("l = []", "l += [1, 2, 3] * 1000"),
        ("l = {}", "l[len(l)] = 1"),
        ("l = set()", "l.add(len(l))"),
        ("l = 'a'", "l += l"),
        ("l = ''", "l += 'abc' * 1000"),
        ("l = b'a'", "l += l"),
        ("l = bytearray(b'a')", "l += bytes(l)"),
        ("l = bytearray()", "l.extend(b'abc' * 1000)"),
        ("import io; l = io.BytesIO()", "l.write(b'a' * 10**6)"),
        ("import io; l = io.StringIO()", "l.write('a' * 10**6)"),
        ("import collections; l = collections.deque()", "l.append(1)"),
        ("import array; l = array.array('b', [1])", "l.extend(l)"),
        ("l = 3", "l = l << 1000000"),
        ("l = []\ndef g(): yield 1", "x = g(); next(x); l.append(x)"),
        (
            "l = []\nclass C: pass",
            "c = C(); c.x = len(l); l.append(c)",
        ),
        ("l = ()", "l += (1,) * 1000000"),
    ];
    for (start, step) in statements {
        let code = format!(
            "{start}\ntry:\n    while True:\n        {step}\nexcept MemoryError:\n    l = x = c = None\n    print('caught')\nfinally:\n    print('finally')\nprint(len([0] * 10**6))\n"
        );
        check(&code, "caught\nfinally\n1000000");
    }
}

/// Sizes that a program gives.
#[test]
fn what_is_too_large_raises_memory_error() {
    let expressions = [
        "bytearray(10**12)",
        "bytes(10**12)",
        "'a' * 10**12",
        "[0] * 10**11",
        "(0,) * 10**11",
        "list(range(10**10))",
        "tuple(itertools.count())",
        "sorted(itertools.count())",
        "set(range(10**10))",
        "dict.fromkeys(range(10**10))",
        "[*itertools.repeat(1)]",
        "''.join(['a' * 10**8] * 1000)",
        "b''.join([b'a' * 10**8] * 1000)",
        "('a' * 10**5).replace('a', 'b' * 10**8)",
        "'a'.ljust(10**12)",
        "'{:1000000000000}'.format(1)",
        "'%1000000000000d' % 1",
        "1 << 10**11",
        "10**10**12",
        "array.array('d', [0]) * 10**12",
        "collections.deque(range(10**10))",
        "collections.deque([1]) * 2**38",
        "struct.pack('1000000000000s', b'')",
        "itertools.tee([1], 10**10)",
        "itertools.product('ab', repeat=10**10)",
        "list(itertools.permutations(range(10**8)))",
        "os.urandom(10**12)",
        "random.randbytes(10**11)",
        "random.getrandbits(2**50)",
        "math.factorial(10**10)",
        "socket.socket().recv(10**12)",
        "open('/dev/zero').read()",
        "open('/dev/zero', 'rb').read()",
        "open('/dev/zero', 'rb').readline()",
        "bytearray().extend(itertools.repeat(1))",
    ];
    for e in expressions {
        let code = format!(
            "import array, collections, itertools, math, os, random, socket, struct\ntry:\n    {e}\nexcept MemoryError:\n    print('caught')\nprint(len([0] * 10**6))\n"
        );
        check(&code, "caught\n1000000");
    }
}

/// The lines of `tests/memory.txt`, with those that take long or without.
fn kinds(slow: bool) -> Vec<(String, String)> {
    let text = include_str!("../../tests/memory.txt");
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|l| match l.strip_prefix("slow ") {
            Some(l) => slow.then_some(l),
            None => (!slow).then_some(l),
        })
        .map(|l| {
            let (start, step) = l.split_once(" ||| ").expect("two parts");
            (start.replace("\\n", "\n"), step.to_owned())
        })
        .collect()
}

/// All that grows, in several processes at once.
fn run_kinds(slow: bool) {
    let kinds = std::sync::Mutex::new(kinds(slow));
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((start, step)) = { kinds.lock().unwrap().pop() } {
                    let waits = "async def waits(f):\n    while 1:\n        for i in range(1000): ts.append(asyncio.ensure_future(f()))\n        await asyncio.sleep(0)\n";
                    let code = format!(
                        "{waits}{start}\ntry:\n    while True: {step}\nexcept MemoryError:\n    l = s = d = h = q = x = n = f = L = e = b = c = ts = None\n    print('caught')\nprint('end')\n"
                    );
                    let out = limited(LITTLE_ROOM, &code);
                    let said = String::from_utf8_lossy(&out.stdout);
                    if said != "caught\nend\n" || out.status.code() != Some(0) {
                        let errors = String::from_utf8_lossy(&out.stderr);
                        let last = errors.lines().last().unwrap_or_default().to_owned();
                        let code = out.status;
                        let line = format!("{start} ||| {step}: {said:?} {code} {last}");
                        failed.lock().unwrap().push(line);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn each_kind_of_growth_raises_memory_error() {
    run_kinds(false);
}

#[test]
#[ignore = "minutes; .ci/memory runs it"]
fn slow_kinds_of_growth_raise_memory_error() {
    run_kinds(true);
}

/// The memory that is held back is there again for each shortage.
#[test]
fn memory_runs_out_again_and_again() {
    check(
        "n = 0\nfor i in range(20):\n    try:\n        l = []\n        while True:\n            l.append([i])\n    except MemoryError:\n        l = None\n        n += 1\nprint(n)\n",
        "20",
    );
}

#[test]
fn an_uncaught_memory_error_ends_the_process_as_any_other() {
    let code = "print('first')\nl = []\ntry:\n    while True:\n        l.append([1])\nfinally:\n    print('finally')\n";
    let out = limited(ROOM, code);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "first\nfinally\n");
    assert_eq!(out.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(errors.starts_with("Traceback"), "{errors}");
    assert!(errors.trim_end().ends_with("\nMemoryError"), "{errors}");
}

fn wait(child: &mut Child, limit: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Ctrl-C ends native loops that would go on for ever, or for minutes.
#[test]
fn native_loops_are_interrupted() {
    let endless = [
        "sum(itertools.repeat(1))",
        "sum(itertools.repeat(1.5))",
        "max(itertools.repeat(1))",
        "any(itertools.repeat(0))",
        "all(itertools.repeat(1))",
        "-1 in itertools.repeat(1)",
        "1.5 in range(10**11)",
        "collections.deque(itertools.repeat(1), 1)",
        "set().update(itertools.repeat(1))",
        "dict.fromkeys(itertools.repeat(1))",
        "list(filter(None, itertools.repeat(0)))",
        "functools.reduce(max, itertools.repeat(1))",
        "collections.deque(map(abs, itertools.cycle([1])), 0)",
        "collections.deque(zip(itertools.count(), itertools.count()), 0)",
        "next(itertools.filterfalse(None, itertools.repeat(1)))",
        "next(itertools.dropwhile(abs, itertools.repeat(1)))",
        "next(itertools.compress(itertools.repeat(1), itertools.repeat(0)))",
        "next(itertools.islice(itertools.repeat(1), 10**15, None))",
        "re.match('(a*)*b', 'a' * 60)",
        "re.search('(x+x+)+y', 'x' * 60)",
        "math.factorial(10**7)",
        "math.perm(10**7)",
        "10**10**8",
        "((1 << 4 * 10**8) - 1) // ((1 << 2 * 10**8) + 3)",
        "((1 << 4 * 10**8) - 1) % ((1 << 2 * 10**8) + 3)",
        "pow(3, (1 << 10**7) - 1, (1 << 10**5) + 1)",
        "str((1 << 4 * 10**8) - 1)",
        "int('7' * 10**8)",
        "'a'.join(itertools.repeat('b'))",
        "collections.deque(maxlen=1).extend(itertools.count())",
        "collections.Counter(itertools.repeat(1))",
        "bytes(itertools.repeat(1))",
        "min(itertools.repeat(1))",
        "sorted(itertools.repeat(1))",
        "re.sub('a', 'b', 'a' * 10**9)",
        "open(pipe)",
        "open(pipe, 'w')",
    ];
    let folder = std::env::temp_dir().join(format!("lasti-limits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let pipe = folder.join("pipe");
    Command::new("mkfifo").arg(&pipe).status().unwrap();
    for e in endless {
        let code = format!(
            "import collections, functools, itertools, math, re, sys\nsys.set_int_max_str_digits(0)\npipe = {pipe:?}\ntry:\n    print('ready', flush=True)\n    {e}\nexcept KeyboardInterrupt:\n    print('interrupted')\n"
        );
        let mut child = Command::new(env!("CARGO_BIN_EXE_lasti"))
            .args(["-c", &code])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        // It is in the loop soon after that, and if not yet, the signal is as good.
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        if !wait(&mut child, Duration::from_secs(20)) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("not interrupted: {e}");
        }
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "interrupted\n", "{e}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
