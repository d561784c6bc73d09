use std::io;
use std::sync::mpsc;

use opentelemetry::trace::Tracer;
use tracing_subscriber::layer::SubscriberExt;

use super::super::json_layer;
use super::*;

#[derive(Debug, Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// What was written, without the moments of the lines.
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no test panics while it writes").clone();
        let text = String::from_utf8(bytes).expect("lines are UTF-8");
        text.lines().map(|line| line.split("\"at\":").next().unwrap_or_default().to_owned() + "\n").collect()
    }
}

/// The lines of a request, and of a question within it.
fn log(request: &Span, question: &Span) {
    request.in_scope(|| {
        tracing::info!(status = 200, "request");
        question.in_scope(|| tracing::warn!(event = "told"));
        tracing::debug!("unheard");
    });
}

fn log_in_spans() {
    let request = tracing::info_span!(target: span::TARGET, "request", otel.name = "GET /jobs", unseen = 1);
    let question = request.in_scope(|| tracing::info_span!(target: span::TARGET, "question"));
    assert!(!request.is_disabled() && !question.is_disabled());
    log(&request, &question);
}

fn as_text<S>(written: &Written) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let written = written.clone();
    tracing_subscriber::fmt::layer().without_time().with_ansi(false).with_writer(move || written.clone())
}

fn as_json<S>(written: &Written) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let written = written.clone();
    json_layer(move || written.clone())
}

#[test]
fn the_log_is_the_same_byte_for_byte_with_and_without_spans() {
    let settings = Telemetry { otlp_endpoint: None, sampled_one_in: 1 };
    let export = Export::open("http://127.0.0.1:9", &settings).expect("nothing is sent yet");
    let filter = || "info".parse::<Targets>().expect("a level");
    let plain = || tracing_subscriber::registry().with(filter());
    let traced = tracing_subscriber::registry;
    let blind = || without_spans(filter());

    let (one, other) = (Written::default(), Written::default());
    tracing::subscriber::with_default(plain().with(as_text(&one)), || log(&Span::none(), &Span::none()));
    let both = traced().with(as_text(&other).with_filter(blind())).with(export.layer());
    tracing::subscriber::with_default(both, log_in_spans);
    assert_eq!(one.text(), other.text());
    assert!(one.text().contains("status=200"), "{}", one.text());

    let (one, other) = (Written::default(), Written::default());
    tracing::subscriber::with_default(plain().with(as_json(&one)), || log(&Span::none(), &Span::none()));
    let both = traced().with(as_json(&other).with_filter(blind())).with(export.layer());
    tracing::subscriber::with_default(both, log_in_spans);
    assert_eq!(one.text(), other.text());
    assert!(one.text().contains("\"status\":200"), "{}", one.text());
}

/// Waits until it is let go.
#[derive(Debug)]
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl SpanExporter for Stuck {
    async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
        // An error means that the test has let go.
        let _ = self.0.lock().expect("one exports at a time").recv();
        Ok(())
    }
}

#[test]
fn what_finds_no_room_is_dropped_at_once_and_counted() {
    const BEYOND: usize = 100;
    let (hold, held) = mpsc::channel();
    let tally = Arc::new(Tally::default());
    let watched = Watched { exporter: Stuck(Mutex::new(held)), tally: Arc::clone(&tally) };
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING_SPANS_MAX)
        .with_max_export_batch_size(SENT_SPANS_MAX)
        .build();
    let batches = BatchSpanProcessor::builder(watched).with_batch_config(batches).build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(Bounded { batches, tally: Arc::clone(&tally) })
        .build();
    let tracer = provider.tracer("test");
    // So many are at the collector, so many wait.
    let made = SENT_SPANS_MAX + WAITING_SPANS_MAX + BEYOND;
    for _ in 0..made {
        drop(tracer.start("span"));
    }
    let dropped = tally.counter(Outcome::DROPPED).get();
    assert!((BEYOND as u64..=(BEYOND + SENT_SPANS_MAX) as u64).contains(&dropped), "{dropped}");
    drop(hold);
    provider.shutdown_with_timeout(Duration::from_secs(30)).expect("the others are sent");
    assert_eq!(tally.counter(Outcome::EXPORTED).get() + dropped, made as u64);
    assert_eq!(tally.waiting.load(Ordering::Relaxed), 0);
}
