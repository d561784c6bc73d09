//! What a setting's text may be, one function for each kind of value; a refusal is the rest of a sentence that begins
//! with the setting's name.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use switchboard_domain::time::{Timestamp, parse_duration};

use super::LogFormat;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "is not an address and port such as 127.0.0.1:8080".to_owned())
}

pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    not_empty(text).map(PathBuf::from)
}

pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    crate::telemetry::check_filter(text)
        .map(|()| text.to_owned())
        .map_err(|_| "is no level (error, warn, info, debug, trace, off) nor module=level".to_owned())
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|moment| Timestamp::from_unix_millis(moment.timestamp_millis()))
        .map_err(|_| "is no RFC 3339 moment such as 2026-04-02T08:00:00Z".to_owned())
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from)))
        .collect::<Result<_, _>>()
        .map_err(|_| "must hold addresses or blocks such as 10.0.0.0/8".to_owned())
}

pub(super) fn smtp_url(text: &str) -> Result<String, String> {
    let complaint = "is no smtp:// or smtps:// URL with a host";
    let uri: hyper::Uri = text.parse().map_err(|_| complaint.to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("smtp" | "smtps"), Some(host)) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(complaint.to_owned()),
    }
}

pub(super) fn web_url(text: &str) -> Result<String, String> {
    let complaint = "is no http:// or https:// URL with a host";
    let uri: hyper::Uri = text.parse().map_err(|_| complaint.to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() && uri.query().is_none() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(complaint.to_owned()),
    }
}

/// Where there is no exporter the setting is refused: it must not be silently without effect.
pub(super) fn collector_url(text: &str) -> Result<String, String> {
    if !cfg!(feature = "otlp") {
        return Err("needs a program with the feature `otlp`, which this one was built without \
                    (`cargo build --release -p switchboard --features otlp`)"
            .to_owned());
    }
    // It would never be sent.
    if text.contains('@') {
        return Err("must be a URL without user and password".to_owned());
    }
    web_url(text)
}

pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

pub(super) fn positive<N: FromStr + Default + PartialOrd>(text: &str) -> Result<N, String> {
    match text.parse() {
        Ok(number) if N::default() < number => Ok(number),
        _ => Err("must be a whole number from 1".to_owned()),
    }
}

pub(super) fn count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "must be a whole number from 0".to_owned())
}

pub(super) fn deadline(text: &str) -> Result<Duration, String> {
    match parse_duration(text).map_err(|flaw| flaw.message)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}
