//! The README's tour, run as it is written: every command of its ```` ```sh tour ```` blocks in one shell against a
//! demo, and every `# → text` beneath a command is in what it printed.

use std::fs;

use switchboard_tests::process::{checkout, paste};

use super::demo::Demo;

/// A command with what it is said to print.
#[derive(Debug, Default)]
struct Step {
    command: String,
    claims: Vec<String>,
}

const MARK: &str = "@@ ended with ";

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (inside, line) {
            (false, "```sh tour") => inside = true,
            (false, _) => {}
            (true, "```") => inside = false,
            (true, line) => match line.strip_prefix("# → ") {
                Some(claim) => steps.last_mut().expect("a claim has a command").claims.push(claim.to_owned()),
                None if line.is_empty() || line.starts_with('#') => {}
                None => match steps.last_mut().filter(|step| step.command.ends_with('\\')) {
                    Some(step) => step.command = format!("{}\n{line}", step.command),
                    None => steps.push(Step { command: line.to_owned(), claims: Vec::new() }),
                },
            },
        }
    }
    steps
}

#[test]
fn the_tour_works_as_written() {
    let readme = fs::read_to_string(checkout().join("README.md")).expect("there is a README");
    let steps = steps(&readme);
    assert!(10 < steps.len(), "the tour is gone: {steps:#?}");
    let mut demo = Demo::start(&["--json"]);
    let mut script = demo.json()["environment"].as_str().expect("a line").to_owned();
    script.push('\n');
    for step in &steps {
        script.push_str(&format!("{{ {}\n}}; printf '\\n{MARK}%s\\n' $?\n", step.command));
    }
    let ended = paste(&script, &[]);
    let mut outputs = ended.stdout.split(MARK);
    let mut output = outputs.next().unwrap_or_default();
    for step in &steps {
        let next = outputs.next().unwrap_or("nothing");
        let (status, rest) = next.split_once('\n').unwrap_or((next, ""));
        assert_eq!(status, "0", "is curl installed? {step:#?}\n{output}\n{}", ended.stderr);
        for claim in &step.claims {
            assert!(
                output.contains(claim.as_str()),
                "`{claim}` is not in what was printed: {step:#?}\n{output}"
            );
        }
        output = rest;
    }
    assert!(steps.iter().filter(|step| !step.claims.is_empty()).count() > 8, "the tour claims too little");
}
