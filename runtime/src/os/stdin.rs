//! The standard input with what was read ahead of it, which `sys.stdin`, `input` and descriptor 0 share.
use super::buffer;
use crate::gil::{self, lock};
use crate::wait;
use lasti_core::{PyResult, Vm};
use rustix::event::PollFlags;
use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;

/// How much of the standard input is read ahead at once.
const READ_AHEAD_BYTES: usize = 8192;

/// What was read ahead from the standard input. It stays here while a reader waits for more, so a signal loses nothing.
static INPUT: Mutex<VecDeque<u8>> = Mutex::new(VecDeque::new());

/// Takes up to `n` bytes of what was read ahead.
fn take_input(n: usize) -> Vec<u8> {
    let mut input = lock(&INPUT);
    let n = n.min(input.len());
    input.drain(..n).collect()
}

/// One read of the descriptor.
fn read_descriptor(vm: &Vm, n: usize) -> PyResult<io::Result<Vec<u8>>> {
    let fd = rustix::stdio::stdin();
    wait::before_call(vm, fd, PollFlags::IN)?;
    Ok(buffer::read_into(vm, n, |buffer| {
        gil::blocking(vm, || {
            loop {
                match rustix::io::read(fd, &mut *buffer) {
                    Err(rustix::io::Errno::INTR) => {}
                    r => break r.map_err(io::Error::from),
                }
            }
        })
    }))
}

/// Reads more ahead; false at the end.
fn fill_input(vm: &Vm) -> PyResult<bool> {
    let got = read_descriptor(vm, READ_AHEAD_BYTES)?;
    let got = match got {
        // Without a standard input there is nothing to read.
        Err(e) if e.raw_os_error() == Some(libc::EBADF) => Vec::new(),
        got => got.map_err(|e| vm.os_error(&e, None))?,
    };
    lock(&INPUT).extend(&got);
    Ok(!got.is_empty())
}

/// One read of the standard input as a descriptor, after what was read ahead.
pub fn read(vm: &Vm, n: usize) -> PyResult<io::Result<Vec<u8>>> {
    let ahead = take_input(n);
    if !ahead.is_empty() || n == 0 {
        return Ok(Ok(ahead));
    }
    read_descriptor(vm, n)
}

pub fn read_all(vm: &Vm) -> PyResult<Vec<u8>> {
    while fill_input(vm)? {}
    Ok(take_input(usize::MAX))
}

pub fn read_line(vm: &Vm) -> PyResult<Vec<u8>> {
    let mut seen = 0;
    loop {
        let found = {
            let input = lock(&INPUT);
            let end = input.iter().skip(seen).position(|b| *b == b'\n');
            let found = end.map(|n| seen + n + 1);
            seen = input.len();
            found
        };
        if let Some(n) = found {
            return Ok(take_input(n));
        }
        if !fill_input(vm)? {
            return Ok(take_input(usize::MAX));
        }
    }
}

/// So many characters of UTF-8, fewer at the end.
pub fn read_chars(vm: &Vm, n: i64) -> PyResult<Vec<u8>> {
    let (mut at, mut chars) = (0, 0);
    // Bytes that the character begun still lacks.
    let mut missing = 0;
    loop {
        for &b in lock(&INPUT).iter().skip(at) {
            if b & 0xC0 == 0x80 {
                missing = (missing - 1i32).max(0);
            } else if chars == n {
                break;
            } else {
                chars += 1;
                missing = match b {
                    0xC0..0xE0 => 1,
                    0xE0..0xF0 => 2,
                    0xF0..0xF8 => 3,
                    _ => 0,
                };
            }
            at += 1;
            if chars == n && missing == 0 {
                break;
            }
        }
        if chars == n && missing == 0 || !fill_input(vm)? {
            return Ok(take_input(at));
        }
    }
}
