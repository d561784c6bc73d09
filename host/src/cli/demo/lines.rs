//! What the demo prints: lines that work as pasted, each on its own.

use std::path::Path;

use serde_json::{Value, json};

use super::furnish::Furnished;

/// The per-ATS plugin that the build leaves here.
const PLUGIN_FILE: &str = "target/policies/northstar.wasm";

/// One line to paste.
#[derive(Debug)]
pub(super) struct Line {
    /// For tests and scripts.
    name: &'static str,
    /// What it shows.
    says: &'static str,
    command: String,
}

/// All of them, in the order in which they tell the story.
pub(super) fn lines(furnished: &Furnished, data_dir: &Path) -> Vec<Line> {
    let Furnished { url, company_id, ats_key, ats_id, .. } = furnished;
    let auth = format!("-H 'Authorization: Bearer {ats_key}'");
    let operator = format!("{} --data-dir {}", quoted(&program()), quoted(&data_dir.display().to_string()));
    let slot = format!("{ats_id}/job-resolution");
    let [one, none, three] =
        [0, 1, 2].map(|index| furnished.candidate_ids.get(index).map_or("", String::as_str));
    let screening = furnished.agent("PHONE SCREENING");
    let interview = |candidate: &str| {
        let body = json!({"candidateId": candidate, "agentId": screening});
        format!(
            "curl -sS {auth} -H 'Content-Type: application/json' -d '{body}' \
             '{url}/interviews?companyId={company_id}'"
        )
    };
    let line = |name, says, command| Line { name, says, command };
    vec![
        line(
            "list-jobs",
            "The company's jobs",
            format!("curl -sS {auth} '{url}/jobs?companyId={company_id}'"),
        ),
        line("one", "No job is named, and the candidate has one: it is taken", interview(one)),
        line("none", "No job is named, and the candidate has none: the answer says so", interview(none)),
        line("three", "The candidate has three: the answer says what to send", interview(three)),
        line(
            "push",
            "Push a plugin of this ATS, which takes the job of the highest requisitionPriority",
            format!("{operator} plugin push {PLUGIN_FILE} --name northstar"),
        ),
        line(
            "activate",
            "Make a release of it and activate it: the server is not restarted",
            format!(
                "{operator} release activate \"$({operator} --json release create --slot {slot} --plugin northstar \
                 --comment 'highest priority first' | grep -o 'rel_[0-9a-f]*' | head -n 1)\""
            ),
        ),
        line("three-again", "The same request as before is decided now", interview(three)),
        line(
            "decisions",
            "What was decided, by which release",
            format!("{operator} decision list --slot {slot}"),
        ),
        line("rollback", "Take the plugin back", format!("{operator} release rollback {slot}")),
        line(
            "calls",
            "What became of the interviews: a simulated dialler calls inside of the call window, a minute in a second",
            format!("curl -sS {auth} '{url}/interviews?companyId={company_id}&limit=3'"),
        ),
    ]
}

/// One line that gives a shell what the README's tour names.
fn environment(furnished: &Furnished, data_dir: &Path) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new(".")).display().to_string();
    let candidate = furnished.candidate_ids.last().map_or("", String::as_str);
    format!(
        "export PATH={}:\"$PATH\" SWITCHBOARD_DATA_DIR={} URL={} KEY={} COMPANY={} ATS={} CANDIDATE={candidate} AGENT={}",
        quoted(&folder),
        quoted(&data_dir.display().to_string()),
        furnished.url,
        furnished.ats_key,
        furnished.company_id,
        furnished.ats_id,
        furnished.agent("PHONE SCREENING"),
    )
}

/// For people.
pub(super) fn as_text(furnished: &Furnished, data_dir: &Path, lines: &[Line]) -> String {
    let mut text = format!(
        "Switchboard runs at {url} on {folder}\n\n  ATS          {ats}\n  ATS key      {ats_key}\n  \
         company      {company}\n  company key  {company_key}\n",
        url = furnished.url,
        folder = data_dir.display(),
        ats = furnished.ats_id,
        ats_key = furnished.ats_key,
        company = furnished.company_id,
        company_key = furnished.company_key,
    );
    for Line { says, command, .. } in lines {
        text.push_str(&format!("\n# {says}\n{command}\n"));
    }
    text.push_str("\n# For another terminal: what the README's tour names\n");
    text.push_str(&environment(furnished, data_dir));
    text.push_str("\n\nCtrl-C ends it.\n");
    text
}

/// For tests and scripts.
pub(super) fn as_json(furnished: &Furnished, data_dir: &Path, lines: &[Line]) -> Value {
    let agents: serde_json::Map<String, Value> =
        furnished.agents.iter().map(|(name, id)| (name.clone(), json!(id))).collect();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| json!({"name": line.name, "says": line.says, "command": line.command}))
        .collect();
    json!({
        "url": furnished.url,
        "dataDir": data_dir,
        "atsId": furnished.ats_id,
        "atsKey": furnished.ats_key,
        "companyId": furnished.company_id,
        "companyKey": furnished.company_key,
        "workerKey": furnished.worker_key,
        "jobIds": furnished.job_ids,
        "candidateIds": furnished.candidate_ids,
        "agents": agents,
        "environment": environment(furnished, data_dir),
        "lines": lines,
    })
}

/// This program, as it can be called from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "switchboard".to_owned() };
    let here = std::env::current_dir().ok();
    let relative = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    relative.unwrap_or(&path).display().to_string()
}

/// As one word of a shell.
fn quoted(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-:@+=".contains(&byte)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_one_line_each_and_hold_what_they_need() {
        let furnished = Furnished {
            url: "http://127.0.0.1:8080".into(),
            ats_id: "ats".into(),
            company_id: "company".into(),
            ats_key: "sk_test_x".into(),
            company_key: "sk_test_y".into(),
            worker_key: "sk_test_z".into(),
            job_ids: vec!["a".into(), "b".into(), "c".into()],
            candidate_ids: vec!["one".into(), "none".into(), "three".into()],
            agents: vec![("PHONE SCREENING".into(), "agent".into())],
        };
        let folder = Path::new("/tmp/a folder");
        let lines = lines(&furnished, folder);
        for line in &lines {
            assert!(!line.command.contains('\n'), "{line:?}");
            assert!(!line.command.contains("  "), "{line:?}");
            let expected = if line.command.starts_with("curl") { "sk_test_x" } else { "'/tmp/a folder'" };
            assert!(line.command.contains(expected), "{line:?}");
        }
        assert!(lines[1].command.contains(r#"{"candidateId":"one","agentId":"agent"}"#));
        assert_eq!(lines[3].command, lines[6].command);
        let text = as_text(&furnished, folder, &lines);
        assert!(lines.iter().all(|line| text.contains(&line.command)));
        assert_eq!(as_json(&furnished, folder, &lines)["lines"].as_array().map(Vec::len), Some(lines.len()));
    }

    #[test]
    fn a_word_of_a_shell_is_quoted_where_it_must_be() {
        assert_eq!(quoted("/tmp/x-1.y"), "/tmp/x-1.y");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
