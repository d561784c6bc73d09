//! Chromium without a screen, steered over a pipe (`--remote-debugging-pipe`): messages are JSON, each ended by a
//! zero byte.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;

/// Under which names distributions have it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Set to anything where a browser must be there, as in the continuous integration.
const REQUIRED: &str = "SWITCHBOARD_REQUIRE_BROWSER";

/// Nothing but what a page asks for; no sandbox, since the tests may run as root.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-pipe",
];

/// The pipe is expected as descriptors 3 and 4; a shell makes them of 0 and 1.
const PIPE: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch and the search path, no settings of the server"
)]
fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// A browser that ends with the test.
#[derive(Debug)]
pub(super) struct Browser {
    child: Child,
    wire: Option<Wire>,
    _profile: TempDir,
}

#[derive(Debug)]
struct Wire {
    to: ChildStdin,
    from: Receiver<Value>,
    sent: u64,
    /// What the browser told meanwhile.
    told: Vec<Value>,
}

/// The one page that is open.
#[derive(Debug)]
pub(super) struct Page {
    wire: Wire,
    session: String,
}

impl Browser {
    /// The browser of this machine. Without one the test cannot say anything, and says so past the test runner's
    /// capture; where a browser is required it fails.
    pub(super) fn find() -> Option<Self> {
        let folders = environment("PATH").unwrap_or_default();
        let all = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        let Some(program) = all.into_iter().find(|path| path.is_file()) else {
            let sentence = format!(
                "NOT TESTED: there is no browser ({}) on the PATH, so that /docs was not opened; install one, for \
                 instance the package `chromium`",
                NAMES.join(", ")
            );
            assert!(environment(REQUIRED).is_none(), "{sentence}");
            writeln!(std::io::stderr(), "{sentence}").expect("stderr");
            return None;
        };
        Some(Self::start(&program))
    }

    fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut command = Command::new("sh");
        command.args([OsStr::new("-c"), OsStr::new(PIPE), OsStr::new("sh"), program.as_os_str()]);
        command.args(FLAGS).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        // What it leaves behind when it is killed goes with the profile.
        command.env("TMPDIR", profile.path());
        let mut child = command.spawn().expect("a shell");
        let to = child.stdin.take().expect("it is piped");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while lines.read_until(0, &mut message).is_ok_and(|count| count != 0) {
                let Ok(value) = serde_json::from_slice(&message[..message.len() - 1]) else { return };
                if sender.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Self { child, wire: Some(Wire { to, from, sent: 0, told: Vec::new() }), _profile: profile }
    }

    /// Opens a page and notes everything that it does from the beginning. There is one page.
    pub(super) fn open(&mut self, url: &str) -> Page {
        let mut wire = self.wire.take().expect("one page only");
        let target = wire.ask("Target.createTarget", &json!({ "url": "about:blank" }), None);
        let wish = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = wire.ask("Target.attachToTarget", &wish, None);
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        let mut page = Page { wire, session };
        for domain in ["Page", "Network", "Log", "Runtime"] {
            page.ask(&format!("{domain}.enable"), &json!({}));
        }
        let noting = "window.violations = []; document.addEventListener('securitypolicyviolation', event => \
                      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));";
        page.ask("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": noting }));
        page.ask("Page.navigate", &json!({ "url": url }));
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Wire {
    fn ask(&mut self, method: &str, parameters: &Value, session: Option<&str>) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).expect("the browser listens");
        loop {
            let told = self.from.recv_timeout(PATIENCE);
            let told = told.unwrap_or_else(|_| panic!("the browser did not answer {method}"));
            if told["id"] == self.sent {
                assert!(told["error"].is_null(), "{method}: {told:#}");
                return told["result"].clone();
            }
            self.told.push(told);
        }
    }
}

impl Page {
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.wire.ask(method, parameters, Some(&self.session))
    }

    /// What a script gives, its promise kept.
    fn run(&mut self, script: &str) -> Value {
        let wish = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let outcome = self.ask("Runtime.evaluate", &wish);
        let failure = &outcome["exceptionDetails"];
        assert!(failure.is_null(), "{script}: {}", failure["exception"]["description"]);
        outcome["result"]["value"].clone()
    }

    /// Waits until something holds.
    pub(super) fn until(&mut self, condition: &str) {
        let patience = PATIENCE.as_millis() / 2;
        let script = format!(
            "new Promise((resolve, reject) => {{
                const end = Date.now() + {patience};
                const look = () => {{
                    if ({condition}) resolve(true);
                    else if (Date.now() > end) reject(new Error('waited in vain; the page says: ' + document.body?.innerText.slice(-2000)));
                    else setTimeout(look, 20);
                }};
                look();
            }})"
        );
        self.run(&script);
    }

    /// Clicks what a selector finds, once it is there.
    pub(super) fn click(&mut self, selector: &str) {
        self.until(&format!("document.querySelector(\"{selector}\")"));
        self.run(&format!("document.querySelector(\"{selector}\").click()"));
    }

    /// Types a text into a field.
    pub(super) fn fill(&mut self, selector: &str, text: &str) {
        self.until(&format!("document.querySelector(\"{selector}\")"));
        self.run(&format!(
            "{{ const field = document.querySelector(\"{selector}\"); field.focus(); field.select(); }}"
        ));
        self.ask("Input.insertText", &json!({ "text": text }));
    }

    /// The text of what a selector finds.
    pub(super) fn text(&mut self, selector: &str) -> String {
        let text = self.run(&format!("document.querySelector(\"{selector}\")?.textContent.trim() ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What the page's policy forbade.
    pub(super) fn violations(&mut self) -> Value {
        self.run("window.violations")
    }

    /// Scripts that failed, and files that did not come.
    pub(super) fn failures(&mut self) -> Vec<String> {
        let told = &self.wire.told;
        let failed = told.iter().filter(|event| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Network.loadingFailed") => true,
            // An answer of failure that was asked for stands in the log too.
            Some("Log.entryAdded") => {
                event["params"]["entry"]["level"] == "error"
                    && event["params"]["entry"]["source"] != "network"
            }
            _ => false,
        });
        failed.map(ToString::to_string).collect()
    }

    /// Every address that was asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        let sent = self.wire.told.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str().map(str::to_owned)).collect()
    }
}
