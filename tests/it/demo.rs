//! `switchboard demo`: every line that it prints works as pasted, and it leaves nothing behind.
//!
//! The lines are run by `sh` and need `curl`, as they do for the person who pastes them; a machine without it
//! fails here with that sentence.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use switchboard_tests::process::{self, FREE_PORTS, paste};
use tempfile::TempDir;

/// A demo at work, with a temporary folder of its own around its temporary folder.
pub(crate) struct Demo {
    child: Child,
    stdout: BufReader<ChildStdout>,
    around: TempDir,
}

impl Demo {
    pub(crate) fn start(options: &[&str]) -> Self {
        let around = tempfile::tempdir().expect("a folder");
        let mut command = process::command();
        command.arg("demo").args(FREE_PORTS).args(options).current_dir(process::checkout());
        command.env("TMPDIR", around.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdout, around }
    }

    /// The one object that `--json` prints.
    pub(crate) fn json(&mut self) -> Value {
        let mut values = serde_json::Deserializer::from_reader(&mut self.stdout).into_iter();
        values.next().expect("it prints something").expect("it prints JSON")
    }

    /// The text until its last line.
    fn text(&mut self) -> String {
        let mut text = String::new();
        while !text.contains("Ctrl-C ends it.") {
            assert_ne!(self.stdout.read_line(&mut text).expect("text"), 0, "it ended early: {text}");
        }
        text
    }

    /// Ends it as Ctrl-C does.
    fn interrupt(mut self) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -INT {}", self.child.id())).status();
        assert!(kill.expect("a shell").success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(self.child.wait().expect("it was started").code(), Some(0));
        assert!(is_empty(self.around.path()), "its folder is left behind");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("it can be listed").next().is_none()
}

/// What `sh` makes of a line; it must exit with 0.
fn pasted(line: &str) -> Value {
    let ended = paste(line, &[]);
    assert_eq!(ended.status, 0, "is curl installed? {line}\n{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {line}\n{ended:?}"))
}

#[test]
fn every_printed_line_works_as_pasted() {
    let mut demo = Demo::start(&["--json"]);
    let printed = demo.json();
    let jobs = &printed["jobIds"];
    let mut told = Vec::new();
    for line in printed["lines"].as_array().expect("lines") {
        let name = line["name"].as_str().expect("a name");
        let answer = pasted(line["command"].as_str().expect("a command"));
        let data = &answer["data"];
        let holds = match name {
            "list-jobs" => data["total"] == 3,
            "one" => data["jobId"] == jobs[0],
            "none" => answer["error"]["code"] == "JOB_REQUIRED",
            "three" => answer["error"]["details"]["jobs"].as_array().is_some_and(|jobs| jobs.len() == 3),
            "push" => answer["plugin"] == "northstar",
            "activate" => answer["active"]["plugin"] == "northstar",
            "three-again" => data["jobId"] == jobs[1],
            "decisions" => answer.as_array().is_some_and(|decisions| decisions.len() == 4),
            "rollback" => answer["active"]["plugin"] == "standard",
            "calls" => data["total"] == 2,
            unknown => panic!("{unknown} is not looked at"),
        };
        assert!(holds, "{name}: {answer:#}");
        told.push(name);
    }
    assert_eq!(told.len(), 10);
    demo.interrupt();
}

#[test]
fn the_text_holds_lines_to_paste() {
    let mut demo = Demo::start(&[]);
    let text = demo.text();
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 6, "{text}");
    let first = commands.first().expect("there are some");
    assert_eq!(pasted(first)["data"]["total"], 3);
    demo.interrupt();
}

#[test]
fn it_can_end_when_all_is_made() {
    let around = tempfile::tempdir().expect("a folder");
    let mut command = process::command();
    command.args(["demo", "--exit-after-setup"]).args(FREE_PORTS).env("TMPDIR", around.path());
    let output = command.output().expect("the program can be started");
    assert!(output.status.success(), "{output:?}");
    assert!(is_empty(around.path()), "its folder is left behind");
}
