//! The Go runtime's allocation rules that decide how large buffers become.
//!
//! These are the rules of Go 1.26 on 64-bit machines, taken from its sources and held to recorded
//! behaviour by `tests/golden_cases/golden_go.rs`. They are exact: how much a server holds while it answers a
//! LIST is a step function of the size of the list, not a fixed multiple.
//!
//! - [`size_class`]: what an allocation of some size really takes.
//! - [`growth`]: capacities of growing slices, of `bytes.Buffer`, of `io.ReadAll`.
//! - [`json_buffer`]: the buffer that `encoding/json` fills with a whole list.
//! - [`protobuf`]: the buffer of a protobuf list.
//! - [`encode`]: the large blocks that encoding a JSON list allocates, by how it is encoded.
//!
//! All arithmetic saturates. Go itself panics when a slice would pass 2^48 bytes.

pub mod encode;
pub mod growth;
pub mod json_buffer;
pub mod protobuf;
pub mod size_class;

pub use encode::JsonEncoding;
pub use growth::{append_capacity, grow_slice, read_all};
pub use json_buffer::{JsonBuffer, JsonList, Write};
pub use protobuf::{protobuf_buffer_capacity, varint};
pub use size_class::{Pointers, block_size, usable_size};
