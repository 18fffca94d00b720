//! Connections that Node.js has accepted, for the network thread.

use std::io;

use crate::grpc::source::Accepting;

/// A connection of our own, of a descriptor that stays the caller's.
///
/// # Errors
/// It is no descriptor, or there are no more.
#[cfg(unix)]
pub fn duplicate(descriptor: i32) -> io::Result<Accepting> {
    use std::os::fd::BorrowedFd;

    if descriptor < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: it is borrowed for this call only, in which JS, whose it is, does not
    // run; one that is not open is refused by the system.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let connection = Accepting::from(borrowed.try_clone_to_owned()?);
    connection.set_nonblocking(true)?;
    Ok(connection)
}

/// Sockets have no descriptors there.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn duplicate(_: i32) -> io::Result<Accepting> {
    Err(io::ErrorKind::Unsupported.into())
}
