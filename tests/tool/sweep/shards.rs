//! Threads and shards: who ran a point does not show.

use super::{STORM, assert_same, scratch};
use crate::support::{command, done, finished, oomcast, stderr, stdout};

#[test]
fn one_two_and_four_threads_give_the_same_bytes() {
    let root = scratch("threads");
    done(&root, &["sweep", STORM, "-j", "1", "-o", "1"]);
    for jobs in ["2", "4"] {
        done(&root, &["sweep", STORM, "-j", jobs, "-o", jobs]);
        assert_same(&root.join(jobs), &root.join("1"), jobs);
    }
}

#[test]
fn one_three_and_seven_shards_give_the_same_bytes() {
    let root = scratch("shards");
    for design in [&["--samples", "17", "--design", "lhs"][..], &[]] {
        let whole = format!("whole-{}", design.len());
        done(&root, &[&["sweep", STORM, "-o", &whole][..], design].concat());
        for of in [1, 3, 7] {
            let name = format!("{of}-{}", design.len());
            // In any order.
            for number in (1..=of).rev() {
                let shard = format!("{number}/{of}");
                let flags = ["sweep", STORM, "-o", &name, "--shard", &shard];
                done(&root, &[&flags[..], design].concat());
            }
            done(&root, &["merge", &name]);
            assert_same(&root.join(&name), &root.join(&whole), &name);
        }
    }
}

#[test]
fn a_merge_goes_where_it_is_told() {
    let root = scratch("merge-out");
    done(&root, &["sweep", STORM, "--shard", "1/2", "-o", "a"]);
    done(&root, &["sweep", STORM, "--shard", "2/2", "-o", "b"]);
    done(&root, &["sweep", STORM, "-o", "whole"]);
    let merged = done(&root, &["merge", "a", "b", "-o", "c", "--format", "json"]);
    assert_same(&root.join("c"), &root.join("whole"), "of two folders");
    let json = std::fs::read_to_string(root.join("whole/sweep.json")).unwrap();
    assert_eq!(stdout(&merged), json);
    // What is merged can be merged, and resumed, again.
    done(&root, &["merge", "a", "b", "-o", "c"]);
    done(&root, &["sweep", STORM, "-o", "c", "--resume"]);
    assert_same(&root.join("c"), &root.join("whole"), "once more");
}

#[test]
fn batch_systems_name_their_shard() {
    let root = scratch("env");
    let run = |variables: &[(&str, &str)]| {
        let mut command = command(&root, &["sweep", STORM, "--shard", "env", "-o", "env"]);
        let output = finished(command.envs(variables.iter().copied()));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let job = run(&[("JOB_COMPLETION_INDEX", "0"), ("OOMCAST_SHARDS", "3")]);
    assert_eq!(job, "shard 1/3: 8 points in env/shard-1-of-3/\n");
    run(&[
        ("SLURM_ARRAY_TASK_ID", "2"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
    ]);
    run(&[("AWS_BATCH_JOB_ARRAY_INDEX", "2"), ("AWS_BATCH_JOB_ARRAY_SIZE", "3")]);
    done(&root, &["merge", "env"]);
    done(&root, &["sweep", STORM, "-o", "whole"]);
    assert_same(&root.join("env"), &root.join("whole"), "three systems");
}

#[test]
fn what_is_missing_or_there_twice_is_named() {
    let root = scratch("missing");
    for shard in ["1/3", "3/3"] {
        done(&root, &["sweep", STORM, "--shard", shard, "-o", "parts"]);
    }
    let missing = oomcast(&root, &["merge", "parts"]);
    assert_eq!(missing.status.code(), Some(4));
    let told = stderr(&missing);
    assert!(told.contains("8 of 24 points are missing: 1, 4, 7, 10"), "{told}");
    assert!(!root.join("parts/sweep.json").exists());
    done(&root, &["sweep", STORM, "-o", "whole"]);
    let twice = oomcast(&root, &["merge", "parts", "whole", "-o", "merged"]);
    assert_eq!(twice.status.code(), Some(4));
    assert!(stderr(&twice).contains("16 points are there twice: 0, 2, 3, 5"), "{}", stderr(&twice));
    assert!(!root.join("merged").exists());
}
