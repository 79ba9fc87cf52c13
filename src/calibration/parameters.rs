//! What can be fitted: named keys of a scenario, with units and bounds.
//!
//! A parameter is fitted as a factor on what each observation has by itself, so that observations of one
//! machine agree on it. Its bounds are those factors; the prior, which keeps a parameter that the
//! observations say nothing of where it is, is a spread of [`PRIOR`] for most.

use crate::model::input::Inputs;
use crate::units::{ByteRate, SimSpan};

/// Standard deviation of the logarithm of most factors before anything is observed: two of three times
/// within 1.5 of the default.
pub const PRIOR: f64 = 0.405;

/// A key that can be fitted.
#[derive(Debug)]
pub struct Parameter {
    /// The scenario's key: `hardware.cpu-speed`.
    pub key: &'static str,
    /// What it is, for people.
    pub meaning: &'static str,
    /// The factor lies between this and its inverse.
    pub bound: f64,
    /// Standard deviation of the logarithm of the factor before anything is observed.
    pub prior: f64,
    /// Its value, in the unit of [`Value`].
    get: fn(&Inputs) -> f64,
    /// Sets it.
    set: fn(&mut Inputs, f64),
    /// How the value is written.
    form: Form,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A number without unit.
    Number,
    /// Nanoseconds.
    Span,
    /// Bytes per second.
    Rate,
}

macro_rules! factor {
    ($key:literal, $field:ident, $meaning:literal) => {
        Parameter {
            key: $key,
            meaning: $meaning,
            bound: 4.0,
            prior: PRIOR,
            get: |inputs| inputs.calibration.$field,
            set: |inputs, value| inputs.calibration.$field = value,
            form: Form::Number,
        }
    };
}

/// Every parameter: speeds of the hardware, then what the software holds.
pub static PARAMETERS: [Parameter; 11] = [
    Parameter {
        key: "hardware.cpu-speed",
        meaning: "speed of a core, relative to the measured machine",
        bound: 8.0,
        prior: PRIOR,
        get: |inputs| inputs.hardware.cpu_speed,
        set: |inputs, value| inputs.hardware.cpu_speed = value,
        form: Form::Number,
    },
    Parameter {
        key: "hardware.page-fault-per-gb",
        meaning: "CPU time to hand out pages, per GB of growth",
        bound: 8.0,
        prior: PRIOR,
        get: |inputs| inputs.hardware.page_fault_per_gb.0 as f64,
        set: |inputs, value| {
            inputs.hardware.page_fault_per_gb = SimSpan(value.round() as u64);
        },
        form: Form::Span,
    },
    Parameter {
        key: "hardware.network",
        meaning: "egress of a server's network card",
        bound: 8.0,
        prior: PRIOR,
        get: |inputs| inputs.hardware.network.as_f64(),
        set: |inputs, value| inputs.hardware.network = ByteRate(value.round().max(1.0) as u64),
        form: Form::Rate,
    },
    Parameter {
        key: "etcd.read-rate",
        meaning: "bytes per second that etcd serves to one reader",
        bound: 8.0,
        prior: PRIOR,
        get: |inputs| inputs.etcd.read_rate.as_f64(),
        set: |inputs, value| inputs.etcd.read_rate = ByteRate(value.round().max(1.0) as u64),
        form: Form::Rate,
    },
    Parameter {
        key: "node.cores",
        meaning: "processors that the server can have beside etcd and others",
        bound: 4.0,
        prior: PRIOR,
        get: |inputs| inputs.node.cores,
        set: |inputs, value| inputs.node.cores = value,
        form: Form::Number,
    },
    Parameter {
        // What a scenario leaves out is in it, too: anything from nothing to gigabytes.
        bound: 100.0,
        prior: 1.5,
        ..factor!("calibration.base-heap", base_heap, "live heap of an empty server (80 MB)")
    },
    factor!("calibration.blob-heap", blob_heap, "decoded Secrets and ConfigMaps"),
    factor!("calibration.typed-heap", typed_heap, "decoded built-in objects of many fields"),
    factor!("calibration.custom-heap", custom_heap, "decoded custom resources"),
    factor!("calibration.response-buffer", response_buffer, "encode buffers of buffered lists"),
    factor!("calibration.stream-garbage", stream_garbage, "garbage of encoding streamed lists"),
];

/// The parameter of a key.
#[must_use]
pub fn find(key: &str) -> Option<usize> {
    PARAMETERS.iter().position(|parameter| parameter.key == key)
}

impl Parameter {
    /// Its value in these inputs: a number, nanoseconds, or bytes per second.
    #[must_use]
    pub fn value(&self, inputs: &Inputs) -> f64 {
        (self.get)(inputs)
    }

    /// Sets its value.
    pub fn set_value(&self, inputs: &mut Inputs, value: f64) {
        (self.set)(inputs, value);
    }

    /// A value with as many digits as a scenario should have: four.
    #[must_use]
    pub fn rounded(&self, value: f64) -> f64 {
        if value <= 0.0 || !value.is_finite() {
            return 0.0;
        }
        // In decimal text: what is written is what is read.
        format!("{value:.3e}").parse().unwrap_or(value)
    }

    /// The value as people and TOML have it, without quotes: `0.8312`, `1.61s`, `412.3MB/s`.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        match self.form {
            Form::Number => format!("{value:?}"),
            Form::Span => SimSpan(value.round() as u64).to_string(),
            Form::Rate => {
                let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
                let unit = units.into_iter().find(|(_, size)| value >= *size);
                let (unit, size) = unit.unwrap_or(("B", 1.0));
                format!("{}{unit}/s", self.rounded(value / size))
            }
        }
    }

    /// The value as a line of TOML: `cpu-speed = 0.8312`.
    #[must_use]
    pub fn line(&self, value: f64) -> String {
        let name = self.key.rsplit('.').next().unwrap_or(self.key);
        match self.form {
            Form::Number => format!("{name} = {}", self.text(value)),
            Form::Span | Form::Rate => format!("{name} = \"{}\"", self.text(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, PARAMETERS};
    use crate::scenario::keys;
    use crate::units::{parse_byte_rate, parse_span};

    #[test]
    fn every_parameter_is_a_key_of_a_scenario() {
        for parameter in &PARAMETERS {
            assert!(keys::find(parameter.key).is_some(), "{}", parameter.key);
            assert!(parameter.bound > 1.0);
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for value in [1.0, 0.831_24, 3.299_99, 1_600_123_456.0, 299_999_999.7, 123_456.0] {
            for parameter in &PARAMETERS {
                let value = parameter.rounded(value);
                let text = parameter.text(value);
                let read = match parameter.form {
                    Form::Number => text.parse().expect("a number"),
                    Form::Span => parse_span(&text).expect("a span").0 as f64,
                    Form::Rate => parse_byte_rate(&text).expect("a rate").as_f64(),
                };
                let whole = if parameter.form == Form::Number { value } else { value.round() };
                assert!((read - whole).abs() <= f64::EPSILON * whole, "{text} of {value}");
            }
        }
    }
}
