//! What holds a server's memory.

pub mod alloc;
