//! What is measured. Every other part registers its own metrics here; text for Prometheus comes out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::text`].
pub const TEXT_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the duration histogram, in seconds: a read takes microseconds, a durable write waits for
/// the disk, a policy's ladder may take seconds.
const DURATION_BUCKETS_SECONDS: [f64; 13] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram>,
    connections: Family<Listener, Gauge>,
    opened: Family<Opened, Counter>,
    handshake_failures: Family<HandshakeFailure, Counter>,
    refused: Family<Refused, Counter>,
    in_flight: Gauge,
    panics: Counter,
}

/// What a listener counts of its connections.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    /// Those that are open.
    pub open: Gauge,
    listener: &'static str,
    opened: Family<Opened, Counter>,
    handshake_failures: Family<HandshakeFailure, Counter>,
}

impl ConnectionMetrics {
    /// Notes a connection that came to speak HTTP.
    pub fn speaks(&self, protocol: &'static str, is_sealed: bool) {
        let tls = if is_sealed { "yes" } else { "no" };
        self.opened.get_or_create(&Opened { listener: self.listener, protocol, tls }).inc();
    }

    /// Notes a TLS handshake that came to nothing.
    pub fn handshake_failed(&self, reason: &'static str) {
        self.handshake_failures.get_or_create(&HandshakeFailure { listener: self.listener, reason }).inc();
    }
}

/// The first digit of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// Those that tell on the way, too.
    Success,
    /// Look elsewhere, or at what you have.
    Redirection,
    /// The sender's fault.
    ClientError,
    /// Ours.
    ServerError,
}

impl StatusClass {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// That of a status.
    #[must_use]
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() / 100 {
            1 | 2 => Self::Success,
            3 => Self::Redirection,
            4 => Self::ClientError,
            _ => Self::ServerError,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}

/// What is counted of answers with the same labels. To find it by these costs more than to count.
#[derive(Debug, Clone)]
pub struct Answers {
    requests: Counter,
    durations: Histogram,
}

impl Answers {
    /// Notes one.
    pub fn note(&self, duration: Duration) {
        self.requests.inc();
        self.durations.observe(duration.as_secs_f64());
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Opened {
    listener: &'static str,
    protocol: &'static str,
    tls: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandshakeFailure {
    listener: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    listener: &'static str,
    route: &'static str,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    listener: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listener {
    listener: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// With the metrics of HTTP, all zero.
    #[must_use]
    pub fn new() -> Self {
        let requests = Family::default();
        let durations: Family<Route, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS_SECONDS));
        let connections = Family::default();
        let opened = Family::default();
        let handshake_failures = Family::default();
        let refused = Family::default();
        let in_flight = Gauge::default();
        let panics = Counter::default();
        let mut registry = Registry::with_prefix("switchboard");
        registry.register("http_requests", "Requests by route and class of status", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "From the request's head to its answer",
            durations.clone(),
        );
        registry.register("http_connections", "Open connections", connections.clone());
        registry.register("http_connections_opened", "Connections by what they speak", opened.clone());
        registry.register(
            "tls_handshake_failures",
            "TLS handshakes that came to nothing",
            handshake_failures.clone(),
        );
        registry.register(
            "http_refused",
            "Requests refused at the door, before anybody asked for a key or a place",
            refused.clone(),
        );
        registry.register("http_requests_in_flight", "Partners' requests at work", in_flight.clone());
        registry.register("http_panics", "Requests whose handler panicked", panics.clone());
        Self {
            registry: Mutex::new(registry),
            requests,
            durations,
            connections,
            opened,
            handshake_failures,
            refused,
            in_flight,
            panics,
        }
    }

    /// Lets another part register its own metrics.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything, in the text format that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = text::encode(&mut out, &registry) {
            tracing::error!(%error, "metrics cannot be written");
        }
        out
    }

    /// What is counted of answers with these labels, which are closed lists, so that nobody can grow the memory.
    #[must_use]
    pub fn answers(
        &self,
        listener: &'static str,
        route: &'static str,
        method: &'static str,
        status: StatusClass,
    ) -> Answers {
        let status = status.as_str();
        Answers {
            requests: self.requests.get_or_create(&Request { listener, route, method, status }).clone(),
            durations: self.durations.get_or_create(&Route { listener, route }).clone(),
        }
    }

    /// Notes a request whose handler panicked.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Notes a request that was refused at the door.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    /// The gauge of partners' requests at work.
    #[must_use]
    pub fn in_flight(&self) -> Gauge {
        self.in_flight.clone()
    }

    /// What a listener counts of its connections.
    #[must_use]
    pub fn connections(&self, listener: &'static str) -> ConnectionMetrics {
        ConnectionMetrics {
            open: self.connections.get_or_create(&Listener { listener }).clone(),
            listener,
            opened: self.opened.clone(),
            handshake_failures: self.handshake_failures.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_what_was_noted() {
        let metrics = Metrics::new();
        let not_found = StatusClass::of(StatusCode::NOT_FOUND);
        metrics.answers("partners", "/jobs/{id}", "GET", not_found).note(Duration::from_micros(300));
        let connections = metrics.connections("partners");
        connections.open.inc();
        connections.speaks("http2", true);
        connections.handshake_failed("timeout");
        metrics.refused("overload");
        metrics.panicked();
        metrics.register(|registry| registry.register("own", "Another part's", Gauge::<i64>::default()));
        let text = metrics.text();
        for line in [
            r#"switchboard_http_requests_total{listener="partners",route="/jobs/{id}",method="GET",status="4xx"} 1"#,
            r#"switchboard_http_request_duration_seconds_bucket{le="0.0005",listener="partners",route="/jobs/{id}"} 1"#,
            r#"switchboard_http_connections{listener="partners"} 1"#,
            r#"switchboard_http_connections_opened_total{listener="partners",protocol="http2",tls="yes"} 1"#,
            r#"switchboard_tls_handshake_failures_total{listener="partners",reason="timeout"} 1"#,
            r#"switchboard_http_refused_total{reason="overload"} 1"#,
            "switchboard_http_requests_in_flight 0",
            "switchboard_http_panics_total 1",
            "switchboard_own 0",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
    }
}
