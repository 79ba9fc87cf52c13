//! The engine: clock, event queue, random streams, fluid sharing. Knows nothing of Kubernetes.

pub mod fluid;
