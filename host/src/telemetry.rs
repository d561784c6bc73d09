//! Log lines: to stderr, as text for people or as one flat JSON object a line. With the feature `otlp`, spans to a
//! collector as well, which no line shows.
//!
//! A line is written for every request, so the JSON form is put together in one buffer: no map, no value that is
//! kept, no interpreter of formats for a text; and lines of the same moment leave together.

mod lines;
#[cfg(feature = "otlp")]
mod otlp;

use std::fmt::{self, Write as _};
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use switchboard_domain::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use self::lines::Lines;
#[cfg(feature = "otlp")]
pub use self::otlp::register;
use crate::config::{Config, LogFormat};

/// Where the process's lines go, once that is set up.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is no list of levels.
    #[error("the log filter is no level nor a list of module=level")]
    Filter,
    /// It was set up before.
    #[error("logging was set up before")]
    Twice,
    /// The thread that writes lines cannot start.
    #[error("the log's thread cannot start: {0}")]
    Thread(std::io::Error),
    /// Spans cannot be exported as the settings say.
    #[cfg(feature = "otlp")]
    #[error("`telemetry.otlp_endpoint`: {0}")]
    Export(String),
}

/// Sets the process's log lines up, once, and the export of spans where the settings name a collector. A panic becomes
/// a line too.
///
/// # Errors
///
/// A filter that cannot be read, no thread, a collector that cannot be spoken to, or a second call.
pub fn install(config: &Config) -> Result<(), Error> {
    let filter = parse_filter(&config.log)?;
    let lines = Lines::to(std::io::stderr()).map_err(Error::Thread)?;
    LINES.set(lines.clone()).map_err(|_| Error::Twice)?;
    #[cfg(feature = "otlp")]
    match &config.telemetry.otlp_endpoint {
        Some(endpoint) => {
            let export = otlp::Export::open(endpoint, &config.telemetry)?;
            install_both(config.log_format, filter, lines, &export)?;
            export.begin();
        }
        None => install_lines(config.log_format, filter, lines)?,
    }
    #[cfg(not(feature = "otlp"))]
    install_lines(config.log_format, filter, lines)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn install_lines(format: LogFormat, filter: Targets, lines: Lines) -> Result<(), Error> {
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => registry.with(text_layer(lines)).try_init(),
        LogFormat::Json => registry.with(json_layer(lines)).try_init(),
    }
    .map_err(|_| Error::Twice)
}

/// The filter is the lines' alone: it does not decide what is traced.
#[cfg(feature = "otlp")]
fn install_both(
    format: LogFormat,
    filter: Targets,
    lines: Lines,
    export: &otlp::Export,
) -> Result<(), Error> {
    let (registry, filter) = (tracing_subscriber::registry(), otlp::without_spans(filter));
    match format {
        LogFormat::Text => {
            registry.with(text_layer(lines).with_filter(filter)).with(export.layer()).try_init()
        }
        LogFormat::Json => {
            registry.with(json_layer(lines).with_filter(filter)).with(export.layer()).try_init()
        }
    }
    .map_err(|_| Error::Twice)
}

/// Sends the spans that wait, for a bounded time, and writes the lines that wait: at the end of the process.
pub fn end() {
    #[cfg(feature = "otlp")]
    otlp::end();
    flush();
}

/// Writes the lines that wait: before the process ends, or says something else on stderr.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush();
    }
}

/// Whether a filter can be read: a level, or levels by module.
///
/// # Errors
///
/// When it cannot.
pub fn check_filter(filter: &str) -> Result<(), Error> {
    parse_filter(filter).map(drop)
}

/// A word without `=` would be taken for a module with everything on: a misspelt level must be refused instead.
fn parse_filter(filter: &str) -> Result<Targets, Error> {
    let all_known = filter
        .split(',')
        .all(|part| part.contains('=') || part.trim().parse::<tracing::level_filters::LevelFilter>().is_ok());
    if all_known { filter.parse().map_err(|_| Error::Filter) } else { Err(Error::Filter) }
}

fn text_layer<S>(lines: Lines) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_subscriber::fmt::layer().with_writer(lines).with_ansi(std::io::stderr().is_terminal())
}

fn json_layer<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    tracing_subscriber::fmt::layer().event_format(FlatJson).with_writer(writer)
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let words = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no words)");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(event = "panic", place, words);
}

/// `{"event": …, fields…, "level": …, "target": …, "at": …}`. The message is the event, unless a field of that
/// name says it; fields of spans are left out, since no line of ours needs them.
#[derive(Debug)]
struct FlatJson;

/// Bytes that most lines fit into, so that the buffer is allocated once.
const TYPICAL_LINE_BYTES: usize = 512;

impl<S, N> FormatEvent<S, N> for FlatJson
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let message_name = if metadata.fields().field("event").is_some() { "message" } else { "event" };
        let line = String::with_capacity(TYPICAL_LINE_BYTES);
        let mut fields = Fields { line, message_name, result: Ok(()) };
        fields.line.push('{');
        event.record(&mut fields);
        let Fields { mut line, result, .. } = fields;
        result?;
        line.push_str("\"level\":\"");
        line.push_str(metadata.level().as_str());
        line.push_str("\",\"target\":\"");
        push_escaped(&mut line, metadata.target());
        line.push_str("\",\"at\":\"");
        write!(line, "{}", machine_time())?;
        line.push_str("\"}\n");
        writer.write_str(&line)
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line tells the machine's time, also under a dev clock")]
fn machine_time() -> Timestamp {
    DateTime::<Utc>::from(SystemTime::now()).into()
}

/// Writes `"name":value,` for each field.
struct Fields {
    line: String,
    message_name: &'static str,
    /// What a value's own way of writing itself has said.
    result: fmt::Result,
}

impl Fields {
    fn name(&mut self, field: &Field) {
        let name = match field.name() {
            "message" => self.message_name,
            name => name.strip_prefix("r#").unwrap_or(name),
        };
        self.line.push('"');
        push_escaped(&mut self.line, name);
        self.line.push_str("\":");
    }

    fn bare(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        self.result = self.result.and_then(|()| self.line.write_fmt(value));
        self.line.push(',');
    }

    fn quoted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        self.line.push('"');
        self.result = self.result.and_then(|()| Escaping(&mut self.line).write_fmt(value));
        self.line.push_str("\",");
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.quoted(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.line.push('"');
        push_escaped(&mut self.line, value);
        self.line.push_str("\",");
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.bare(field, format_args!("{value}"));
        } else {
            self.bare(field, format_args!("null"));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.quoted(field, format_args!("{value}"));
    }
}

/// Escapes what is written through it as the inside of a JSON string.
struct Escaping<'a>(&'a mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// Appends a text as the inside of a JSON string (RFC 8259 §7). Nearly none needs anything escaped.
fn push_escaped(line: &mut String, mut text: &str) {
    let is_special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f);
    // Without an early end, so that the compiler takes many bytes at a time.
    if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
        return line.push_str(text);
    }
    while let Some(plain) = text.bytes().position(is_special) {
        line.push_str(&text[..plain]);
        let special = text.as_bytes()[plain];
        match special {
            b'"' => line.push_str("\\\""),
            b'\\' => line.push_str("\\\\"),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            _ => {
                let nibble = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
                line.push_str("\\u00");
                line.extend([nibble(special >> 4), nibble(special & 0xf)]);
            }
        }
        text = &text[plain + 1..];
    }
    line.push_str(text);
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are logged meanwhile.
    fn logged(filter: &str, work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::registry()
            .with(filter.parse::<Targets>().expect("the filter is right"))
            .with(json_layer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().expect("no test panics while it writes").clone();
        let text = String::from_utf8(bytes).expect("lines are UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    #[test]
    fn the_line_of_start_is_flat() {
        let listen: std::net::SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        for line in [
            logged("info", || tracing::info!(%listen, admin = %listen, "listening")),
            logged("info", || tracing::info!(event = "listening", %listen, admin = %listen)),
        ] {
            assert_eq!(line.len(), 1);
            assert_eq!(line[0]["event"], "listening");
            assert_eq!(line[0]["listen"], "127.0.0.1:8080");
            assert_eq!(line[0]["admin"], "127.0.0.1:8080");
            assert_eq!(line[0]["level"], "INFO");
            let at = line[0]["at"].as_str().expect("a moment");
            assert!(DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
        }
    }

    #[test]
    fn values_keep_their_kind_and_any_text_stays_one_line() {
        let hostile = "a\"b\\c\nd\u{1b}[31m\u{0}é";
        let lines = logged("info", || {
            tracing::info!(
                status = 201_u16,
                signed = -1_i64,
                share = 0.5,
                nothing = f64::NAN,
                yes = true,
                words = hostile,
                debugged = ?Some("x"),
                r#type = "keyword",
                "two\nlines"
            );
        });
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(line["event"], "two\nlines");
        assert_eq!(line["status"], 201);
        assert_eq!(line["signed"], -1);
        assert_eq!(line["share"], 0.5);
        assert_eq!(line["nothing"], Value::Null);
        assert_eq!(line["yes"], true);
        assert_eq!(line["words"], hostile);
        assert_eq!(line["debugged"], "Some(\"x\")");
        assert_eq!(line["type"], "keyword");
    }

    #[test]
    fn the_filter_decides() {
        let lines = logged("warn", || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["event"], "loud");
        assert!(check_filter("info,switchboard::http=debug").is_ok());
        assert!(check_filter("off").is_ok());
        assert!(check_filter("shouting").is_err());
    }
}
