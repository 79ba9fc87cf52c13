//! Where an apiserver's bytes are: the ledger, the Go heap over it, and what stays resident.

pub mod alloc;
pub mod go_heap;
pub mod ledger;
pub mod pages;
pub mod process;
