//! Which part of a sweep one process runs: `--shard i/n`, or what a batch system says.

use std::fmt;

/// Points `i − 1`, `i − 1 + n`, `i − 1 + 2 n` ... of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// How many parts.
    pub of: u32,
}

/// What `--shard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardArg {
    /// This part.
    This(Shard),
    /// The part that the batch system's variables name.
    Env,
}

/// How many parts there are, for batch systems that do not say, or to correct them.
const COUNT: &str = "OOMCAST_SHARDS";

/// Parts are folders, and the sweep has no more points.
const MOST: u32 = 1_000_000;

impl Shard {
    /// Whether a point belongs to it.
    #[must_use]
    pub const fn has(self, point: u32) -> bool {
        point % self.of == self.number - 1
    }

    /// Its folder inside that of the sweep.
    #[must_use]
    pub fn folder(self) -> String {
        format!("shard-{}-of-{}", self.number, self.of)
    }

    fn new(number: u32, of: u32, what: &str) -> Result<Self, String> {
        if of == 0 || of > MOST {
            return Err(format!("{what}: there can be 1 to {MOST} shards, not {of}"));
        }
        if number == 0 || number > of {
            return Err(format!("{what}: there are shards 1/{of} to {of}/{of}, no {number}/{of}"));
        }
        Ok(Self { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Reads the value of `--shard`.
pub(super) fn parse(text: &str) -> Result<ShardArg, String> {
    if text == "env" {
        return Ok(ShardArg::Env);
    }
    let numbers = text.split_once('/').and_then(|(number, of)| {
        Some((number.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?))
    });
    match numbers {
        Some((number, of)) => Shard::new(number, of, "no such shard").map(ShardArg::This),
        None => Err("expected I/N, such as 2/7 for the second of seven parts, or `env`".to_owned()),
    }
}

/// What batch systems call an index, its first value, the step between values, and their number.
struct System {
    index: &'static str,
    first: &'static str,
    step: &'static str,
    count: &'static str,
}

/// Kubernetes Indexed Jobs count from 0 and do not say how many there are; Slurm arrays from what
/// `--array` says; AWS Batch arrays from 0.
const SYSTEMS: [System; 3] = [
    System { index: "JOB_COMPLETION_INDEX", first: "", step: "", count: COUNT },
    System {
        index: "SLURM_ARRAY_TASK_ID",
        first: "SLURM_ARRAY_TASK_MIN",
        step: "SLURM_ARRAY_TASK_STEP",
        count: "SLURM_ARRAY_TASK_COUNT",
    },
    System {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: "",
        step: "",
        count: "AWS_BATCH_JOB_ARRAY_SIZE",
    },
];

/// The shard that variables of the environment name.
///
/// # Errors
/// None, several, or contradictory ones.
pub(super) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let set: Vec<&System> = SYSTEMS.iter().filter(|system| get(system.index).is_some()).collect();
    let system = match set.as_slice() {
        [one] => *one,
        [] => {
            let names = SYSTEMS.map(|system| system.index).join(", ");
            return Err(format!("--shard env: none of {names} is set"));
        }
        [one, two, ..] => {
            return Err(format!("--shard env: both {} and {} are set", one.index, two.index));
        }
    };
    let number = |name: &str| -> Result<Option<u32>, String> {
        let Some(text) = (if name.is_empty() { None } else { get(name) }) else {
            return Ok(None);
        };
        let wrong = format!("--shard env: {name} is `{text}`, not a whole number");
        text.trim().parse().map(Some).map_err(|_| wrong)
    };
    let index = number(system.index)?.unwrap_or(0);
    let stated = number(COUNT)?;
    let counted = number(system.count)?;
    let Some(of) = stated.or(counted) else {
        let what =
            format!("--shard env: {} is set, but not how many shards there are", system.index);
        return Err(format!("{what}: set {COUNT}"));
    };
    // Part of an array may be run again; with the number of shards stated, indices keep their meaning.
    let counts_from_one = system.first == "SLURM_ARRAY_TASK_MIN";
    let first = match (stated, number(system.first)?) {
        (Some(_), _) => u32::from(counts_from_one),
        (None, first) => first.unwrap_or(0),
    };
    let step = if stated.is_some() { 1 } else { number(system.step)?.unwrap_or(1).max(1) };
    let place = index.checked_sub(first).map(|past| (past / step, past % step));
    match place {
        Some((place, 0)) if place < of => Shard::new(place + 1, of, "--shard env"),
        _ => Err(format!(
            "--shard env: {} is {index}, which is none of {of} shards from {first} in steps of \
             {step}; number them without gaps, or set {COUNT}",
            system.index
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(parse("2/7"), Ok(ShardArg::This(Shard { number: 2, of: 7 })));
        assert_eq!(parse("env"), Ok(ShardArg::Env));
        for (text, part) in [
            ("5/3", "1/3 to 3/3, no 5/3"),
            ("0/3", "no 0/3"),
            ("1/0", "not 0"),
            ("1", "expected I/N"),
            ("-1/3", "expected I/N"),
        ] {
            assert!(parse(text).is_err_and(|error| error.contains(part)), "{text}");
        }
    }

    #[test]
    fn every_point_has_one_shard() {
        for of in 1..8 {
            for point in 0..30 {
                let owners = (1..=of).filter(|number| Shard { number: *number, of }.has(point));
                assert_eq!(owners.count(), 1);
            }
        }
    }

    fn env(variables: &[(&str, &str)]) -> Result<String, String> {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        from_env(&get).map(|shard| shard.to_string())
    }

    #[test]
    fn batch_systems_count_in_their_own_ways() {
        let ok = |variables: &[(&str, &str)], shard: &str| {
            assert_eq!(env(variables).as_deref(), Ok(shard), "{variables:?}");
        };
        ok(&[("JOB_COMPLETION_INDEX", "0"), ("OOMCAST_SHARDS", "7")], "1/7");
        ok(&[("JOB_COMPLETION_INDEX", "6"), ("OOMCAST_SHARDS", "7")], "7/7");
        ok(&[("AWS_BATCH_JOB_ARRAY_INDEX", "2"), ("AWS_BATCH_JOB_ARRAY_SIZE", "4")], "3/4");
        let slurm = |id, first, step, count| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", first),
                ("SLURM_ARRAY_TASK_STEP", step),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        ok(&slurm("1", "1", "1", "5"), "1/5");
        ok(&slurm("0", "0", "1", "5"), "1/5");
        ok(&slurm("7", "1", "3", "4"), "3/4");
        // Only task 3 again: without the count it would be the whole sweep.
        let again = [slurm("3", "3", "1", "1").as_slice(), &[("OOMCAST_SHARDS", "5")]].concat();
        ok(&again, "3/5");
    }

    #[test]
    fn what_is_missing_or_contradictory_is_told() {
        for (variables, part) in [
            (vec![], "none of JOB_COMPLETION_INDEX"),
            (vec![("JOB_COMPLETION_INDEX", "1")], "set OOMCAST_SHARDS"),
            (vec![("JOB_COMPLETION_INDEX", "7"), ("OOMCAST_SHARDS", "7")], "none of 7 shards"),
            (vec![("JOB_COMPLETION_INDEX", "x"), ("OOMCAST_SHARDS", "7")], "not a whole number"),
            (vec![("JOB_COMPLETION_INDEX", "1"), ("SLURM_ARRAY_TASK_ID", "1")], "both"),
            (
                vec![
                    ("SLURM_ARRAY_TASK_ID", "9"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "without gaps",
            ),
        ] {
            let told = env(&variables);
            assert!(told.as_ref().is_err_and(|error| error.contains(part)), "{told:?}");
        }
    }
}
