//! Feature gates, flags and process settings of an observation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observation::{NumberOrText, Settings};
use crate::units::{Bytes, SimSpan, parse_bytes, parse_span};

/// What the flags of the apiserver set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Flags {
    /// `--max-requests-inflight`.
    pub(super) max_requests_inflight: Option<u32>,
    /// `--max-mutating-requests-inflight`.
    pub(super) max_mutating_requests_inflight: Option<u32>,
    /// `--request-timeout`.
    pub(super) request_timeout: Option<SimSpan>,
    /// `--enable-priority-and-fairness`.
    pub(super) priority_and_fairness: Option<bool>,
    /// `--feature-gates`.
    pub(super) feature_gates: BTreeMap<String, bool>,
    /// Flags that make no difference here.
    pub(super) ignored: Vec<String>,
}

/// `name=value` pairs, without leading dashes; a name alone is `true`.
fn pairs(settings: &Settings) -> Vec<(String, String)> {
    let pair = |text: &str| {
        let text = text.trim().trim_start_matches('-');
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        (name.trim().to_owned(), value.trim().to_owned())
    };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match settings {
        Settings::Map(map) => {
            let name = |name: &str| name.trim_start_matches('-').to_owned();
            map.iter().map(|(key, value)| (name(key), plain(value))).collect()
        }
        Settings::List(list) => list.iter().map(|text| pair(text)).collect(),
        // Values of flags hold commas, gates are parted by them.
        Settings::Text(text) if text.trim_start().starts_with("--") => {
            text.split_whitespace().map(pair).collect()
        }
        Settings::Text(text) => {
            text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect()
        }
    }
}

/// Feature gates by name.
pub(super) fn gates(settings: &Settings) -> Result<BTreeMap<String, bool>, String> {
    let gate = |(name, value): (String, String)| match value.as_str() {
        "true" => Ok((name, true)),
        "false" => Ok((name, false)),
        _ => Err(format!("the gate `{name}` must be true or false, not `{value}`")),
    };
    pairs(settings).into_iter().map(gate).collect()
}

/// What the flags say.
pub(super) fn flags(settings: &Settings) -> Result<Flags, String> {
    let mut flags = Flags::default();
    for (name, value) in pairs(settings) {
        let wrong = || format!("`--{name}` cannot be `{value}`");
        match name.as_str() {
            "max-requests-inflight" => {
                flags.max_requests_inflight = Some(value.parse().map_err(|_| wrong())?);
            }
            "max-mutating-requests-inflight" => {
                flags.max_mutating_requests_inflight = Some(value.parse().map_err(|_| wrong())?);
            }
            "request-timeout" => {
                flags.request_timeout = Some(parse_span(&value).map_err(|_| wrong())?);
            }
            "enable-priority-and-fairness" => {
                flags.priority_and_fairness = Some(value.parse().map_err(|_| wrong())?);
            }
            "feature-gates" => flags.feature_gates.extend(gates(&Settings::Text(value))?),
            _ => flags.ignored.push(name),
        }
    }
    Ok(flags)
}

/// GOGC in per cent; `None` is `off`.
pub(super) fn gogc(value: Option<&NumberOrText>) -> Result<Option<u32>, String> {
    match value {
        None => Ok(Some(100)),
        Some(NumberOrText::Number(percent)) => match u32::try_from(*percent) {
            Ok(percent @ 1..=100_000) => Ok(Some(percent)),
            _ => Err(format!("must be between 1 and 100000, not {percent}")),
        },
        Some(NumberOrText::Text(text)) if text == "off" => Ok(None),
        Some(NumberOrText::Text(text)) => match text.parse() {
            Ok(percent @ 1..=100_000) => Ok(Some(percent)),
            _ => Err(format!("must be per cent or \"off\", not {text:?}")),
        },
    }
}

/// GOMEMLIMIT.
pub(super) fn gomemlimit(value: Option<&NumberOrText>) -> Result<Option<Bytes>, String> {
    match value {
        None => Ok(None),
        Some(NumberOrText::Number(bytes)) => Ok(Some(Bytes(*bytes))),
        Some(NumberOrText::Text(text)) if text == "off" || text.is_empty() => Ok(None),
        Some(NumberOrText::Text(text)) => match text.parse() {
            Ok(bytes) => Ok(Some(Bytes(bytes))),
            Err(_) => parse_bytes(text).map(Some).map_err(|error| format!("{text:?}: {error}")),
        },
    }
}

/// The minor of `1.32`, `v1.32.4`, `1.32.4+k3s1`.
pub(super) fn minor(version: &str) -> Result<u8, String> {
    let wrong = || format!("{version:?} is no release: write \"1.32\"");
    let rest = version.trim().trim_start_matches('v').strip_prefix("1.").ok_or_else(wrong)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::{flags, gates, gogc, minor};
    use crate::units::SimSpan;
    use crate::validation::observation::{NumberOrText, Settings};

    #[test]
    fn settings_in_any_form() {
        let list = Settings::List(vec![
            "--max-requests-inflight=100".into(),
            "--feature-gates=WatchList=true,APIResponseCompression=false".into(),
            "--request-timeout=1m".into(),
            "--profiling".into(),
        ]);
        let found = flags(&list).expect("well written");
        assert_eq!(found.max_requests_inflight, Some(100));
        assert_eq!(found.request_timeout, Some(SimSpan::secs(60)));
        assert_eq!(found.feature_gates.len(), 2);
        assert_eq!(found.ignored, ["profiling"]);
        let text = Settings::Text("WatchList=true, SizeBasedListCostEstimate=false".into());
        assert_eq!(gates(&text).expect("well written").len(), 2);
        assert!(gates(&Settings::Text("WatchList=yes".into())).is_err());
    }

    #[test]
    fn releases_and_percentages() {
        assert_eq!(minor("1.32"), Ok(32));
        assert_eq!(minor("v1.36.2+k3s1"), Ok(36));
        assert!(minor("2.1").is_err() && minor("1.x").is_err());
        assert_eq!(gogc(Some(&NumberOrText::Text("off".into()))), Ok(None));
        assert!(gogc(Some(&NumberOrText::Number(0))).is_err());
    }
}
