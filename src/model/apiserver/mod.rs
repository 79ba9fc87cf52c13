//! One kube-apiserver: what a request does to memory, step by step, and the process that serves it.

pub mod audit;
pub mod cacher;
pub mod consistency;
pub mod definitions;
pub mod etcd_rounds;
pub mod list;
pub mod plan;
pub mod route;
pub mod server;
pub mod startup;
pub mod tag;
pub mod watch;
