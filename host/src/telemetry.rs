//! Log lines: to stderr, as text for people or as one flat JSON object a line.
//!
//! A line is written for every request, so the JSON form writes straight into the layer's buffer: no map, no
//! copy of a value; and lines of the same moment leave together.

mod lines;

use std::fmt::{self, Write as _};
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use switchboard_domain::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use self::lines::Lines;
use crate::config::LogFormat;

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
}

/// Sets the process's log lines up, once. A panic becomes a line too.
///
/// # Errors
///
/// A filter that cannot be read, no thread, or a second call.
pub fn install(format: LogFormat, filter: &str) -> Result<(), Error> {
    let targets = parse_filter(filter)?;
    let registry = tracing_subscriber::registry().with(targets);
    let lines = Lines::to(std::io::stderr()).map_err(Error::Thread)?;
    LINES.set(lines.clone()).map_err(|_| Error::Twice)?;
    match format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            let layer = tracing_subscriber::fmt::layer().with_writer(lines).with_ansi(colours);
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(json_layer(lines)).try_init(),
    }
    .map_err(|_| Error::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
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

fn json_layer<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
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
        writer.write_char('{')?;
        let mut fields = Fields { writer: writer.by_ref(), message_name, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        write!(writer, "\"level\":\"{}\",\"target\":\"", metadata.level())?;
        Escaping { writer: &mut writer }.write_str(metadata.target())?;
        writer.write_str("\",\"at\":\"")?;
        writeln!(writer, "{}\"}}", machine_time())
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line tells the machine's time, also under a dev clock")]
fn machine_time() -> Timestamp {
    DateTime::<Utc>::from(SystemTime::now()).into()
}

/// Writes `"name":value,` for each field.
struct Fields<'a> {
    writer: Writer<'a>,
    message_name: &'static str,
    result: fmt::Result,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        let name = match field.name() {
            "message" => self.message_name,
            name => name.strip_prefix("r#").unwrap_or(name),
        };
        self.writer.write_char('"')?;
        Escaping { writer: &mut self.writer }.write_str(name)?;
        self.writer.write_str("\":")
    }

    fn bare(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| write!(self.writer, "{value},"));
        }
    }

    fn quoted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| {
                self.writer.write_char('"')?;
                Escaping { writer: &mut self.writer }.write_fmt(value)?;
                self.writer.write_str("\",")
            });
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.quoted(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.quoted(field, format_args!("{value}"));
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

/// Escapes what is written through it as the inside of a JSON string (RFC 8259 §7).
struct Escaping<'a, 'w> {
    writer: &'a mut Writer<'w>,
}

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain_from = 0;
        for (index, byte) in text.bytes().enumerate() {
            let escaped = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                0x00..=0x1f | 0x7f => "",
                _ => continue,
            };
            self.writer.write_str(&text[plain_from..index])?;
            plain_from = index + 1;
            if escaped.is_empty() {
                write!(self.writer, "\\u{byte:04x}")?;
            } else {
                self.writer.write_str(escaped)?;
            }
        }
        self.writer.write_str(&text[plain_from..])
    }
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
