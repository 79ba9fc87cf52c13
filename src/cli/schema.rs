//! `oomcast schema`: the JSON Schemas of what is read and of what is written.
//!
//! Those of results are made from the types that are serialised, with their comments as descriptions.
//! They are open: a later minor version of a format adds keys, which readers of an earlier one pass over.

use clap::builder::PossibleValuesParser;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::check;
use super::exit::{Exit, Failure};
use super::output;
use crate::report::folder::Manifest;
use crate::report::{events, sweep::rows};
use crate::results::{
    AdviseResult, AlertsResult, ApfPlan, AssessResult, CALIBRATION_FORMAT_VERSION,
    CalibrationResult, CompareResult, FORMAT_VERSION, FindResult, ForecastResult, MachineSpeed,
    NoReturn, SPEED_FORMAT_VERSION, SWEEP_FORMAT, Summary, SweepSummary, VALIDATION_FORMAT_VERSION,
    Validation,
};
use crate::scenario::schema::{self as scenario, Extent};

/// `oomcast schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = table())]
pub struct SchemaArgs {
    /// Of what.
    #[arg(
        default_value = "scenario",
        hide_possible_values = true,
        value_parser = PossibleValuesParser::new(SCHEMAS.iter().map(|schema| schema.name)),
    )]
    pub name: String,
}

/// The schema of a file or of what a verb prints.
#[derive(Clone, Copy, Debug)]
pub struct OutputSchema {
    /// What `oomcast schema` calls it: mostly the name of the file.
    pub name: &'static str,
    /// What it describes.
    pub what: &'static str,
    /// Makes it, given its name.
    make: fn(&str) -> String,
}

impl OutputSchema {
    /// The schema as indented JSON.
    #[must_use]
    pub fn json(&self) -> String {
        (self.make)(self.name)
    }
}

macro_rules! schemas {
    ($($name:literal: $what:literal, $make:expr;)*) => {
        /// Every schema there is.
        pub const SCHEMAS: &[OutputSchema] =
            &[$(OutputSchema { name: $name, what: $what, make: $make },)*];
    };
}

schemas! {
    "scenario": "a scenario file", |_| scenario::json(Extent::Whole);
    "partial-scenario": "a preset or an overlay", |_| scenario::json(Extent::Part);
    "show": "show --format json: the effective scenario and where its values come from", |_| show();
    "manifest": "run.json of every folder", |name| of::<Manifest>(name, FORMAT_VERSION);
    "summary": "summary.json of run", |name| of::<Summary>(name, FORMAT_VERSION);
    "events": "a line of events.jsonl of run", |name| of::<events::Line<'_>>(name, FORMAT_VERSION);
    "find": "find.json", |name| of::<FindResult>(name, FORMAT_VERSION);
    "no-return": "no-return.json", |name| of::<NoReturn>(name, FORMAT_VERSION);
    "alerts": "alerts.json", |name| of::<AlertsResult>(name, FORMAT_VERSION);
    "compare": "compare.json", |name| of::<CompareResult>(name, FORMAT_VERSION);
    "advise": "advise.json", |name| of::<AdviseResult>(name, FORMAT_VERSION);
    "assess": "assess.json", |name| of::<AssessResult>(name, FORMAT_VERSION);
    "forecast": "forecast.json", |name| of::<ForecastResult>(name, FORMAT_VERSION);
    "sweep": "sweep.json of sweep and merge", |name| of::<SweepSummary>(name, SWEEP_FORMAT);
    "rows": "a line of rows.jsonl of sweep and merge", |name| of::<rows::Line>(name, SWEEP_FORMAT);
    "validation": "validation.json of validate", |name| of::<Validation>(name, VALIDATION_FORMAT_VERSION);
    "calibration": "calibration.json of calibrate", |name| of::<CalibrationResult>(name, CALIBRATION_FORMAT_VERSION);
    "speed": "speed --format json", |name| of::<MachineSpeed>(name, SPEED_FORMAT_VERSION);
    "check": "check --format json", |name| of::<check::Report<'_>>(name, check::FORMAT_VERSION);
    "apf": "show --apf --format json", |name| of::<ApfPlan>(name, FORMAT_VERSION);
}

/// Prints a schema.
pub(super) fn schema(args: &SchemaArgs) -> Result<Exit, Failure> {
    let found = SCHEMAS.iter().find(|schema| schema.name == args.name);
    let found = found.ok_or_else(|| Failure::usage(format_args!("no schema {}", args.name)))?;
    output::result(&found.json())?;
    Ok(Exit::Done)
}

/// The names, for the help.
fn table() -> String {
    let lines = SCHEMAS.iter().map(|one| format!("\n  {:<18}{}", one.name, one.what));
    format!("Names:{}", lines.collect::<String>())
}

/// The schema of what a type is serialised to.
fn of<T: JsonSchema>(name: &str, format_version: &str) -> String {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), format!("oomcast {name}").into());
    schema.insert("x-format-version".to_owned(), format_version.into());
    let mut value = Schema::to_value(schema);
    plain(&mut value);
    printed(&value)
}

/// What `show` adds to a scenario.
fn show() -> String {
    let mut schema: Value =
        serde_json::from_str(&scenario::json(Extent::Whole)).unwrap_or_default();
    schema["title"] = "oomcast effective scenario".into();
    schema["properties"]["origins"] = json!({
        "type": "object",
        "description": "Where the value of each key comes from; absent with --no-origins.",
        "additionalProperties": { "type": "string" },
    });
    printed(&schema)
}

/// Comments as text for people who do not read Rust, and none of the formats that only Rust has.
fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let rusts = |format: &Value| {
                let name = format.as_str().unwrap_or_default();
                ["uint", "int", "double", "float"].iter().any(|of| name.starts_with(of))
            };
            if map.get("format").is_some_and(rusts) {
                map.remove("format");
            }
            if let Some(Value::String(text)) = map.get_mut("description") {
                let first = text.split("\n\n").next().unwrap_or_default();
                let of_rust = [("[`", "`"), ("`]", "`"), ("`None`", "`null`"), ("\n", " ")];
                *text = of_rust.iter().fold(first.to_owned(), |text, (a, b)| text.replace(a, b));
            }
            map.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn printed(schema: &Value) -> String {
    // Keys and strings only: this cannot fail.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
