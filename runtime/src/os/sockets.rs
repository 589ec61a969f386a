//! The descriptors of sockets.
use lasti_core::Vm;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::rc::{Rc, Weak};

/// An owned descriptor. std's datagram type stands for every kind of socket here, because it reads into plain slices;
/// all else goes through socket2's `SockRef`.
pub type Handle = Rc<UdpSocket>;

/// The sockets of an interpreter.
#[derive(Default)]
pub struct Sockets {
    /// Descriptors that no object owns: accepted or detached, until `socket(fileno=...)` or `close(fd)`.
    pub loose: RefCell<HashMap<RawFd, Handle>>,
    /// Those that an object owns, for `dup(fd)` and `socket(fileno=...)`.
    pub owned: RefCell<HashMap<RawFd, Weak<UdpSocket>>>,
}

pub fn table(vm: &Vm) -> Rc<Sockets> {
    vm.module_state(Sockets::default)
}

/// Another descriptor of a socket that Python has; none when the number is not one of them.
pub fn duplicate(vm: &Vm, fd: RawFd) -> Option<io::Result<OwnedFd>> {
    let st = table(vm);
    let owned = st.owned.borrow().get(&fd).and_then(Weak::upgrade);
    let handle = owned.or_else(|| st.loose.borrow().get(&fd).cloned())?;
    Some(handle.as_fd().try_clone_to_owned())
}
