//! What people and programs read: the terminal result, Markdown, JSON, CSV, charts, and the run
//! folder.
//!
//! A result for people is a [`Page`], made once in the file of the result ([`run`], [`compare`],
//! [`find`], [`sweep`], [`validation`], [`calibration`], [`apf`]) and printed by `terminal` and
//! `markdown`.
//!
//! Knows `results` and `units` only; nothing here prints. Every renderer returns a `String` or
//! writes to a given [`Write`](std::io::Write), and the same results give the same bytes: no clock,
//! no host, no order of threads enters a file.

pub mod advise;
pub mod alerts;
pub mod apf;
pub mod assess;
pub mod assumptions;
pub mod calibration;
pub mod charts;
pub mod compare;
pub mod csv;
pub mod done;
pub mod dump;
pub mod events;
pub mod find;
pub mod folder;
pub mod forecast;
mod format;
pub mod html;
pub mod import;
pub mod json;
mod judged;
pub mod junit;
mod kept;
pub mod manifest;
mod markdown;
pub mod no_return;
pub mod openmetrics;
mod page;
mod publish;
pub mod run;
pub mod speed;
pub mod story;
pub mod sweep;
mod table;
mod terminal;
pub mod validation;
pub mod whole;
mod without;

pub use page::Page;
pub use terminal::Screen;
