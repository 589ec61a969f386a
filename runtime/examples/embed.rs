//! Both directions: Python calls Rust, plain and async; Rust calls Python, and awaits it on an executor of its own.
//!
//! `cargo run -p lasti --example embed`
use lasti::{Error, Interpreter, Object, Settings};
use std::time::{Duration, Instant};

const SCRIPT: &str = "
import asyncio

async def main(names):
    return await asyncio.gather(*[fetch(name, 100) for name in names])
";

async fn fetch(name: String, millis: u64) -> Result<String, Error> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(format!("{name} took {millis} ms"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let py = Interpreter::new(Settings::default());
    py.function("double", |(n,): (i64,)| Ok::<_, Error>(2 * n))?;
    py.async_function("fetch", |(name, millis)| fetch(name, millis))?;
    py.run(SCRIPT)?;
    println!("double(21) is {}", py.eval::<i64>("double(21)")?);

    // Three tokio timers, awaited by three Python tasks, in one Rust future.
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let start = Instant::now();
    let coroutine: Object = py.call("main", (["a", "b", "c"],))?;
    let answers: Vec<String> = executor.block_on(py.future(&coroutine))?;
    println!(
        "{answers:?}, together {:.1} s",
        start.elapsed().as_secs_f64()
    );

    let error = py.run("double('x')").expect_err("a str is no int");
    println!("{}, printed as:\n{error}", error.class());
    Ok(())
}
