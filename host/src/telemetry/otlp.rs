//! Spans to a collector, over OTLP (HTTP and protobuf).
//!
//! Promised: nobody who makes a span waits for the collector. Spans stand in a queue of bounded length that a thread of
//! its own empties. What finds no room is dropped, what cannot be sent is lost; both are counted, and told of now and
//! then. The end of the process waits for the last of them, for a bounded time.

mod post;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter, SpanProcessor,
};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use self::post::Post;
use super::Error;
use crate::config::Telemetry;
use crate::metrics::Metrics;
use crate::span;

/// Spans that wait to be sent. One takes about a kilobyte, so that they never take more than some ten megabytes.
const WAITING_SPANS_MAX: usize = 8192;
/// Spans of one request to the collector; what OpenTelemetry proposes.
const SENT_SPANS_MAX: usize = 512;
/// The longest that a span waits for others to be sent with.
const SEND_EVERY: Duration = Duration::from_secs(1);
/// All tries to send some spans, together. Meanwhile the others wait.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last spans.
const LAST_SPANS_WITHIN: Duration = Duration::from_secs(5);
/// The log tells at most so often that spans are dropped.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What the process exports with, once it does.
static EXPORT: OnceLock<Export> = OnceLock::new();

/// The way that spans take out of the process.
#[derive(Debug, Clone)]
pub(super) struct Export {
    provider: SdkTracerProvider,
    tally: Arc<Tally>,
}

impl Export {
    /// To this collector; speaks to it when there is something to send.
    pub(super) fn open(endpoint: &str, settings: &Telemetry) -> Result<Self, Error> {
        let refused = |error: &dyn std::fmt::Display| Error::Export(error.to_string());
        let tally = Arc::new(Tally::default());
        let post = Post::open(endpoint, SEND_WITHIN, Arc::clone(&tally)).map_err(|error| refused(&error))?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(SEND_WITHIN)
            .with_http_client(post)
            .with_retry_policy(RetryPolicy::recommended())
            .build()
            .map_err(|error| refused(&error))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_SPANS_MAX)
            .with_max_export_batch_size(SENT_SPANS_MAX)
            .with_scheduled_delay(SEND_EVERY)
            .build();
        let watched = Watched { exporter, tally: Arc::clone(&tally) };
        let batches = BatchSpanProcessor::builder(watched).with_batch_config(batches).build();
        let share = 1.0 / f64::from(settings.sampled_one_in);
        let provider = SdkTracerProvider::builder()
            .with_resource(
                Resource::builder()
                    .with_service_name("switchboard")
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_span_processor(Bounded { batches, tally: Arc::clone(&tally) })
            .build();
        Ok(Self { provider, tally })
    }

    /// What sees our spans and nothing else: a line of the log is no part of a trace, since it may say more than that
    /// may.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("switchboard"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // A span that is begun at its first poll could not be named by its route any more.
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(span::TARGET, LevelFilter::INFO))
    }

    /// From now on spans are made.
    pub(super) fn begin(self) {
        EXPORT.get_or_init(|| self);
        span::switch_on(adopt);
    }
}

/// The log's filter, blind to spans.
pub(super) fn without_spans(filter: Targets) -> Targets {
    filter.with_target(span::TARGET, LevelFilter::OFF)
}

/// Adds what is counted of spans to the metrics, where spans are exported.
pub fn register(metrics: &Metrics) {
    if let Some(Export { tally, .. }) = EXPORT.get() {
        for outcome in [Outcome::EXPORTED, Outcome::FAILED, Outcome::DROPPED] {
            tally.counter(outcome).inc_by(0);
        }
        let spans = tally.spans.clone();
        metrics.register(|registry| registry.register("spans", "Spans by what became of them", spans));
    }
}

/// Sends the spans that wait. For the end of the process: nobody makes any afterwards.
pub(super) fn end() {
    if let Some(Export { provider, .. }) = EXPORT.get()
        && let Err(error) = provider.shutdown_with_timeout(LAST_SPANS_WITHIN)
    {
        tracing::warn!(event = "spans.unsent", %error, "the last spans are lost");
    }
}

/// Lets a request's span continue its sender's trace (W3C `traceparent`).
fn adopt(span: &Span, headers: &HeaderMap) {
    let parent =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    if parent.span().span_context().is_valid() {
        // Refused only where nobody exports the span, which then has no parent either.
        drop(span.set_parent(parent));
    }
}

/// What became of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Outcome {
    const EXPORTED: Self = Self { outcome: "exported" };
    const FAILED: Self = Self { outcome: "failed" };
    const DROPPED: Self = Self { outcome: "dropped" };
}

/// What is counted and told of spans.
#[derive(Debug, Default)]
struct Tally {
    waiting: AtomicUsize,
    spans: Family<Outcome, Counter>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// Why the last try to send failed, in the words of whoever tried.
    reason: Option<String>,
    is_failing: bool,
    dropped: u64,
    at: Option<Instant>,
}

impl Tally {
    fn counter(&self, outcome: Outcome) -> Counter {
        self.spans.get_or_create_owned(&outcome)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A try to send failed; the exporter's own error does not say why.
    fn note_reason(&self, reason: String) {
        self.told().reason = Some(reason);
    }

    /// Notes how it ended to send so many, and tells what is new about it.
    fn note(&self, spans: usize, result: &OTelSdkResult) {
        let outcome = if result.is_ok() { Outcome::EXPORTED } else { Outcome::FAILED };
        self.counter(outcome).inc_by(spans as u64);
        let dropped = self.counter(Outcome::DROPPED).get();
        let mut told = self.told();
        let reason = told.reason.take();
        match result {
            Ok(()) if told.is_failing => {
                tracing::info!(event = "spans.sent", "the collector takes spans again")
            }
            Err(error) if !told.is_failing => {
                let reason = reason.unwrap_or_else(|| error.to_string());
                tracing::warn!(
                    event = "spans.failed",
                    reason,
                    "spans are lost until the collector takes them"
                );
            }
            Ok(()) | Err(_) => {}
        }
        told.is_failing = result.is_err();
        let is_time = told.at.is_none_or(|at| TELL_EVERY <= at.elapsed());
        if told.dropped < dropped && is_time {
            let spans = dropped - told.dropped;
            tracing::warn!(event = "spans.dropped", spans, "the collector is slower than spans are made");
            (told.dropped, told.at) = (dropped, Some(Instant::now()));
        }
    }
}

/// Keeps the queue in bounds, and counts what finds no room: the one behind it would drop it unseen.
#[derive(Debug)]
struct Bounded {
    batches: BatchSpanProcessor,
    tally: Arc<Tally>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut opentelemetry_sdk::trace::Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if WAITING_SPANS_MAX <= self.tally.waiting.fetch_add(1, Ordering::Relaxed) {
            self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
            self.tally.counter(Outcome::DROPPED).inc();
        } else {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Takes note of what leaves the queue, and of what became of it.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    tally: Arc<Tally>,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.tally.waiting.fetch_sub(spans, Ordering::Relaxed);
        let result = self.exporter.export(batch).await;
        self.tally.note(spans, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
