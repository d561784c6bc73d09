//! Tests that need a process of their own: resident memory is the whole process's, and the tests of this binary
//! share one.

#![expect(clippy::print_stdout, reason = "what a test says from a process of its own must be seen")]

use std::process::Command;

/// Runs `work` when this process was started for the test `name` alone; otherwise starts such a process and
/// waits for it. Two threads serve, as on the smallest machine.
pub(crate) fn alone(name: &str, work: impl Future<Output = ()>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--exact")
        && arguments.iter().any(|argument| argument == name)
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(work);
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args([name, "--exact", "--nocapture"]).output().expect("a process");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    print!("{said}");
}

/// Bytes of this process that are in memory.
pub(crate) fn resident_bytes() -> u64 {
    const PAGE_BYTES: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number of pages") * PAGE_BYTES
}
