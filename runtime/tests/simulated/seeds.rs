//! How a test is told which seeds it runs with, and what it says when it fails. This program runs itself for that.

use gustnado::testing::Simulation;
use std::process::Command;

#[gustnado::test(simulated, seeds = 5)]
#[ignore = "the tests below run it"]
async fn fails_with_seed_3() -> Result<(), &'static str> {
    let seed = Simulation::current().seed();
    println!("runs with {seed}");
    if seed == 3 { Err("as it must") } else { Ok(()) }
}

/// Runs that test; says whether it passed, which seeds it ran with, and all that was printed.
fn run(variables: &[(&str, &str)]) -> (bool, Vec<u64>, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "seeds::fails_with_seed_3", "--nocapture"]);
    command.env_remove("GUSTNADO_SEED").env_remove("GUSTNADO_SEEDS");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let printed = printed.concat();
    let seeds = printed.lines().filter_map(|line| line.split_once("runs with ")?.1.parse().ok());
    (output.status.success(), seeds.collect(), printed)
}

#[test]
fn a_test_runs_with_its_seeds_until_one_fails_and_says_how_to_repeat_that() {
    let (passed, seeds, printed) = run(&[]);
    assert!(!passed);
    assert_eq!(seeds, [0, 1, 2, 3]);
    let how = "GUSTNADO_SEED=3 cargo test seeds::fails_with_seed_3";
    assert!(printed.contains("as it must") && printed.contains(how), "{printed}");
}

#[test]
fn the_environment_says_how_many_seeds_or_which_one() {
    let (passed, seeds, _) = run(&[("GUSTNADO_SEEDS", "3")]);
    assert!(passed);
    assert_eq!(seeds, [0, 1, 2]);
    let (passed, seeds, _) = run(&[("GUSTNADO_SEEDS", "100")]);
    assert!(!passed);
    assert_eq!(seeds, [0, 1, 2, 3]);
    let one = [("GUSTNADO_SEED", "18446744073709551615"), ("GUSTNADO_SEEDS", "3")];
    let (passed, seeds, _) = run(&one);
    assert!(passed);
    assert_eq!(seeds, [u64::MAX]);
    let (passed, seeds, _) = run(&[("GUSTNADO_SEED", "3")]);
    assert!(!passed);
    assert_eq!(seeds, [3]);
}

#[test]
fn an_environment_that_says_nothing_sensible_is_an_error() {
    for (variable, value) in
        [("GUSTNADO_SEED", "x"), ("GUSTNADO_SEEDS", "-1"), ("GUSTNADO_SEEDS", "0")]
    {
        let (passed, seeds, printed) = run(&[(variable, value)]);
        assert!(!passed && seeds.is_empty());
        assert!(printed.contains(&format!("{variable}={value:?}")), "{printed}");
    }
}
