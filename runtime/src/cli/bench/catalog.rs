//! The benches: which script with which arguments, and what the figures mean.

/// A script of `examples/bench/`, part of the binary so that `lasti bench` works anywhere.
#[derive(Clone, Copy)]
pub(super) struct Script {
    pub name: &'static str,
    pub source: &'static str,
}

macro_rules! scripts {
    ($($constant:ident $file:literal)*) => {
        $(const $constant: Script = Script {
            name: $file,
            source: include_str!(concat!("../../../../examples/bench/", $file)),
        };)*
    };
}

scripts! {
    AGEN "agen.py"
    CALL_SOON "call_soon.py"
    CONTEXT "context.py"
    DEPTH "depth.py"
    DICT_LOOP "dict_loop.py"
    ECHO "echo.py"
    FIB "fib.py"
    GENERATOR "generator.py"
    HANDOVER "handover.py"
    HELLO "hello.py"
    IMPORTS "imports.py"
    OBJECTS "objects.py"
    PARK "park.py"
    SPAWN "spawn.py"
    SWITCH "switch.py"
    THREADS "threads.py"
    TIMERS "timers.py"
    TREE "tree.py"
}

/// How a bench runs and what it takes from it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// The script prints its figures.
    Figures,
    /// So it does, and under lasti it runs with the free lists switched off, too.
    FreeLists,
    /// The figure is the time from the start of the process to its exit.
    StartUp,
}

pub(super) struct Bench {
    pub name: String,
    pub about: &'static str,
    pub script: Script,
    pub args: Vec<String>,
    pub kind: Kind,
}

impl Bench {
    fn new(name: &str, about: &'static str, script: Script, args: &str) -> Bench {
        Bench {
            name: name.to_owned(),
            about,
            script,
            args: args.split_whitespace().map(str::to_owned).collect(),
            kind: Kind::Figures,
        }
    }
    /// `switch` of `switch/1000`.
    pub fn group(&self) -> &str {
        group(&self.name)
    }
}

fn group(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// Figures that are measured for growing sizes.
pub(super) const GROWTH: [&str; 7] = [
    "switch",
    "spawn",
    "park",
    "park_memory",
    "timer_set",
    "timer_fire",
    "timer_cancel",
];

/// All benches, in the order in which they run. `quick` has the same names as far as the sizes allow.
pub(super) fn benches(growth: bool, quick: bool) -> Vec<Bench> {
    let size = |full: &'static str, small: &'static str| if quick { small } else { full };
    let switch = "a task gives way to the next: asyncio.sleep(0)";
    let depth = "a resume through that many coroutines awaiting one another";
    let spawn = "a task is made, runs to its end, is awaited";
    let park = "a task is made, waits for an Event, is woken and awaited; its bytes while it waits";
    let timers = "a timer is set; fires; is cancelled";
    let mut all = vec![
        Bench::new("switch/1", switch, SWITCH, size("1 200000", "1 20000")),
        Bench::new("switch/1000", switch, SWITCH, size("1000 200", "1000 20")),
        Bench::new(
            "switch/100000",
            switch,
            SWITCH,
            size("100000 5", "100000 3"),
        ),
        Bench::new("spawn/100000", spawn, SPAWN, "100000"),
        Bench::new("park/100000", park, PARK, "100000"),
        Bench::new("timers/100000", timers, TIMERS, "100000"),
        Bench::new(
            "handover",
            "one task makes another go on: Event, Queue of one, Lock and Semaphore with ten contenders",
            HANDOVER,
            size("20000", "2000"),
        ),
        Bench::new(
            "tree",
            "a tree of tasks, six children each: gather, TaskGroup",
            TREE,
            size("6", "4"),
        ),
        Bench::new("depth/1", depth, DEPTH, size("1 100000", "1 10000")),
        Bench::new("depth/10", depth, DEPTH, size("10 100000", "10 10000")),
        Bench::new("depth/50", depth, DEPTH, size("50 100000", "50 10000")),
        Bench::new("depth/200", depth, DEPTH, size("200 50000", "200 5000")),
        Bench {
            kind: Kind::FreeLists,
            ..Bench::new(
                "agen",
                "an item of an async generator, by async for and by asend; with and without free lists",
                AGEN,
                size("300000", "30000"),
            )
        },
        Bench::new(
            "context",
            "context variables: get; set and reset; a copy of the context and a function run in it",
            CONTEXT,
            size("200000", "20000"),
        ),
        Bench::new(
            "call_soon",
            "a callback, each scheduled by the one before; and many in one round",
            CALL_SOON,
            size("100000", "10000"),
        ),
        Bench::new(
            "threads",
            "call_soon_threadsafe from another thread: until its answer is there, and as fast as it can",
            THREADS,
            size("50000", "5000"),
        ),
        Bench::new(
            "echo/1",
            "64 bytes through TCP and back, with 1 client",
            ECHO,
            size("1 5000", "1 500"),
        ),
        Bench::new(
            "echo/50",
            "64 bytes through TCP and back, with 50 clients",
            ECHO,
            size("50 200", "50 20"),
        ),
        Bench {
            kind: Kind::StartUp,
            ..Bench::new(
                "start",
                "asyncio.run with a print, from the start of the process to its exit",
                HELLO,
                "",
            )
        },
        Bench::new(
            "import",
            "the first import of a module of the library, in a fresh process",
            IMPORTS,
            size("3", "1 argparse collections enum io json re typing"),
        ),
        Bench::new("fib", "recursive function calls", FIB, size("27", "20")),
        Bench::new(
            "generator",
            "an item of a generator",
            GENERATOR,
            size("2000000", "200000"),
        ),
        Bench::new(
            "dict_loop",
            "a pass of integer arithmetic over a dict, in a function and at module level",
            DICT_LOOP,
            size("500000", "50000"),
        ),
        Bench::new(
            "object",
            "a method call that makes an object",
            OBJECTS,
            size("300000", "30000"),
        ),
    ];
    if growth {
        let most = if quick { 10_000 } else { 1_000_000 };
        for n in (1..).map(|e| 10_u32.pow(e)).take_while(|n| *n <= most) {
            let tasks = n.to_string();
            let each = (200_000 / n).max(5).to_string();
            let sized = |group: &str| format!("{group}/{n}");
            all.extend([
                Bench::new(&sized("switch"), switch, SWITCH, &format!("{tasks} {each}")),
                Bench::new(&sized("spawn"), spawn, SPAWN, &tasks),
                Bench::new(&sized("park"), park, PARK, &tasks),
                Bench::new(&sized("timers"), timers, TIMERS, &tasks),
            ]);
        }
        // Some of the sizes are in the list already.
        let mut seen = std::collections::HashSet::new();
        all.retain(|b| seen.insert(b.name.clone()));
    }
    all
}

/// What a figure is about: the heading it stands under, and its description.
pub(super) fn describe(figure: &str) -> (&'static str, &'static str) {
    match group(figure) {
        "switch" => ("Tasks", "task switch"),
        "spawn" => ("Tasks", "spawn and join a task"),
        "park" => ("Tasks", "spawn, park, wake and join a task"),
        "park_memory" => ("Memory", "a parked task"),
        "timer_set" => ("Timers", "set a timer"),
        "timer_fire" => ("Timers", "fire a timer"),
        "timer_cancel" => ("Timers", "cancel a timer"),
        "event" => ("Hand-over", "Event"),
        "queue" => ("Hand-over", "Queue(1)"),
        "lock" => ("Hand-over", "Lock, contended"),
        "semaphore" => ("Hand-over", "Semaphore, contended"),
        "gather_tree" => ("Trees", "tree of gather, by levels of six"),
        "taskgroup_tree" => ("Trees", "tree of TaskGroup, by levels of six"),
        "depth" => ("Awaiting", "resume, by await depth"),
        "agen_item" => ("Async generators", "item by async for"),
        "agen_asend" => ("Async generators", "item by asend"),
        "context_get" => ("Context", "get a context variable"),
        "context_set_reset" => ("Context", "set and reset it"),
        "context_copy_run" => ("Context", "copy the context and run in it"),
        "call_soon_chain" => ("Callbacks", "call_soon, one a round"),
        "call_soon_batch" => ("Callbacks", "call_soon, many a round"),
        "thread_round_trip" => ("Threads", "to the loop and back"),
        "thread_flood" => ("Threads", "call_soon_threadsafe, many"),
        "echo" => ("Network", "TCP echo, by clients"),
        "start" => ("Start-up", "start, asyncio.run, print, exit"),
        "import" => ("Import", "first import of a module"),
        "fib" => ("Engine", "recursive Fibonacci"),
        "generator" => ("Engine", "item of a generator"),
        "dict_loop" => ("Engine", "dict and int loop, in a function"),
        "dict_loop_global" => ("Engine", "dict and int loop, at module level"),
        "object" => ("Engine", "method call making an object"),
        _ => ("Others", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_growth_adds_sizes() {
        let all = benches(true, false);
        let names: std::collections::HashSet<_> = all.iter().map(|b| &b.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(names.contains(&"park/1000000".to_owned()));
    }
}
