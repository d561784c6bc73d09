//! TLS on the partners' listener: both protocols by ALPN, bounded handshakes, new certificates without a pause.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::json;
use switchboard_tests::{Client, Options, Process, Scene, TestHost, process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const NOW: &str = "2026-04-02T10:00:00Z";
const HTTP1: &[&[u8]] = &[b"http/1.1"];
const HTTP2: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who vouches for the servers of a test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Certificate and key of a server.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Writes a new certificate over what is there; returns it as it will be shown.
    fn write(&self, files: &Files) -> Vec<u8> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        fs::write(&files.certificate, certificate.pem()).expect("written");
        fs::write(&files.key, key.serialize_pem()).expect("written");
        certificate.der().to_vec()
    }

    /// A client that trusts it, and offers these protocols.
    fn client(&self, alpn: &[&[u8]], versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.as_ref().der().clone()).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions of the provider")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}

impl Files {
    fn of(folder: &Path) -> Self {
        Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.display().to_string();
        vec![("tls.certificate", text(&self.certificate)), ("tls.key", text(&self.key))]
    }
}

/// The certificate that a new connection is shown.
async fn shown(address: SocketAddr, client: &Arc<ClientConfig>) -> Vec<u8> {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::clone(client)).connect(name, stream).await.expect("a handshake");
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    shown.expect("a certificate").to_vec()
}

async fn start(files: &Files, tls: &Arc<ClientConfig>, more: &[(&'static str, &str)]) -> TestHost {
    let mut settings = files.settings();
    settings.extend(more.iter().map(|(key, text)| (*key, (*text).to_owned())));
    TestHost::start_with(Options { settings, tls: Some(Arc::clone(tls)), ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_and_both_versions_are_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, files) = (Authority::new(), Files::of(folder.path()));
    let _ = authority.write(&files);
    let host = start(&files, &authority.client(HTTP1, &[&TLS13]), &[]).await;
    let scene = Scene::new(&host).await;
    let key = scene.furnished.company_key.as_str();
    for version in [&TLS12, &TLS13] {
        let http1 = authority.client(HTTP1, &[version]);
        let http2 = authority.client(HTTP2, &[version]);
        let one = Client::new(host.listen, Some(key)).over_tls(http1).get("/jobs").await.expect(200);
        let two = Client::new(host.listen, Some(key)).over_tls(http2).http2().get("/jobs").await.expect(200);
        assert_eq!(one, two);
        // Without ALPN the first bytes say what is spoken.
        let none = authority.client(&[], &[version]);
        let plain = Client::new(host.listen, Some(key)).over_tls(none).get("/jobs").await.expect(200);
        assert_eq!(one, plain);
    }
    let opened = |protocol: &str| {
        format!(
            r#"switchboard_http_connections_opened_total{{listener="partners",protocol="{protocol}",tls="yes"}}"#
        )
    };
    assert_eq!(host.metric(&opened("http2")).await, 2);
    assert!(4 <= host.metric(&opened("http1")).await);
    assert_eq!(host.operator().get("/readyz").await.status, 200, "operators are served in clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_fail_or_never_end_hold_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, files) = (Authority::new(), Files::of(folder.path()));
    let _ = authority.write(&files);
    let tls = authority.client(HTTP1, &[&TLS13]);
    // Two connections at all, so that two that hang are everything that there is.
    let more = [("limits.header_timeout", "1s"), ("limits.connections_max", "2")];
    let host = start(&files, &tls, &more).await;
    let mut hanging = Vec::new();
    for begun in [&b""[..], &[0x16, 3, 1, 2, 0, 1]] {
        let mut stream = TcpStream::connect(host.listen).await.expect("it listens");
        stream.write_all(begun).await.expect("sent");
        hanging.push(stream);
    }
    let mut client = Client::new(host.listen, None).over_tls(Arc::clone(&tls));
    let served = tokio::time::timeout(PATIENCE, client.get("/healthz")).await;
    assert_eq!(served.expect("the places come back").status, 200);
    for mut stream in hanging {
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it is closed");
    }
    // They are counted behind their ends.
    let are_counted = async |reason: &str, expected: u64| {
        let line =
            format!(r#"switchboard_tls_handshake_failures_total{{listener="partners",reason="{reason}"}}"#);
        let counted = async {
            while host.metric(&line).await != expected {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, counted).await.is_ok(), "{reason}");
    };
    are_counted("timeout", 2).await;
    let mut clear = TcpStream::connect(host.listen).await.expect("it listens");
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    drop(tokio::time::timeout(PATIENCE, clear.read_to_end(&mut answer)).await.expect("it is closed"));
    assert!(!answer.starts_with(b"HTTP"), "nothing is served in clear");
    are_counted("error", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_get_the_new_certificate_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, files) = (Authority::new(), Files::of(folder.path()));
    let first = authority.write(&files);
    let tls = authority.client(HTTP2, &[&TLS13]);
    let host = start(&files, &authority.client(HTTP1, &[&TLS13]), &[]).await;
    let mut kept = Client::new(host.listen, None).over_tls(Arc::clone(&tls)).http2();
    assert_eq!(kept.get("/healthz").await.status, 200);
    assert_eq!(shown(host.listen, &tls).await, first);
    let second = authority.write(&files);
    assert_eq!(shown(host.listen, &tls).await, first, "not before it is told");
    assert_eq!(host.reload(files.settings()), None);
    assert_eq!(shown(host.listen, &tls).await, second);
    let still = kept.try_send("GET", "/healthz", &[], bytes::Bytes::new()).await;
    assert_eq!(still.expect("the connection goes on").status, 200);

    let good_key = fs::read(&files.key).expect("it is there");
    let other = Files { certificate: folder.path().join("other.pem"), key: files.key.clone() };
    let _ = authority.write(&other);
    let refused = host.reload(files.settings()).expect("the key is of the other one");
    assert!(refused.contains("key.pem") && refused.contains("does not belong"), "{refused}");
    fs::write(&files.key, good_key).expect("written");
    fs::write(&files.certificate, "nonsense").expect("written");
    let refused = host.reload(files.settings()).expect("there is no certificate");
    assert!(refused.contains("certificate.pem"), "{refused}");
    fs::remove_file(&files.certificate).expect("removed");
    let refused = host.reload(files.settings()).expect("there is no file");
    assert!(refused.contains("certificate.pem"), "{refused}");
    assert_eq!(shown(host.listen, &tls).await, second, "the old one stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_takes_in_what_can_be_taken_in_and_names_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, files) = (Authority::new(), Files::of(folder.path()));
    let first = authority.write(&files);
    let tls = authority.client(HTTP1, &[&TLS13]);
    let config = folder.path().join("switchboard.toml");
    let write = |text: &str| {
        let tls = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", files.certificate, files.key);
        fs::write(&config, format!("{text}\n{tls}")).expect("written");
    };
    write("");
    let config_text = config.display().to_string();
    let server = Process::serve_with(&folder.path().join("data"), NOW, &["--config", &config_text]);
    assert_eq!(server.line("listening")["tls"], true);
    let mut kept = Client::new(server.listen, None).over_tls(Arc::clone(&tls));
    assert_eq!(kept.get("/healthz").await.status, 200);
    assert_eq!(shown(server.listen, &tls).await, first);

    fs::write(&files.key, "nonsense").expect("written");
    server.signal("HUP");
    let refused = server.line("certificate.refused");
    assert_eq!(refused["level"], "ERROR");
    assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains("key.pem")), "{refused}");
    assert_eq!(shown(server.listen, &tls).await, first);

    let second = authority.write(&files);
    write("[limits]\nrequests_max = 9\ndrain_timeout = \"7s\"\n");
    server.signal("HUP");
    let _ = server.line("certificate.reloaded");
    assert_eq!(shown(server.listen, &tls).await, second);
    let waiting = server.line("settings.waiting");
    assert_eq!(waiting["settings"], "limits.drain_timeout", "{waiting}");
    let reloaded = server.lines();
    let changed: Vec<_> = reloaded
        .iter()
        .filter(|line| line["event"] == "settings.reloaded")
        .map(|line| &line["changed"])
        .collect();
    assert_eq!(changed, [&json!(""), &json!("limits.requests_max")]);
    let still = kept.try_send("GET", "/healthz", &[], bytes::Bytes::new()).await;
    assert_eq!(still.expect("the connection goes on").status, 200);

    write("lisen = \"x\"\n");
    server.signal("HUP");
    let refused = server.line("settings.refused");
    assert!(refused["problems"].as_str().is_some_and(|text| text.contains("`lisen`")), "{refused}");
    assert!(server.terminate().success());
}

#[test]
fn a_check_and_a_start_read_both_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, files) = (Authority::new(), Files::of(folder.path()));
    let _ = authority.write(&files);
    let other =
        Files { certificate: folder.path().join("other.pem"), key: folder.path().join("other-key.pem") };
    let _ = authority.write(&other);
    let text = |path: &Path| path.display().to_string();
    let (certificate, key) = (text(&files.certificate), text(&files.key));
    let check = |certificate: &str, key: &str| {
        process::run(&["config", "check", "--json", "--tls-certificate", certificate, "--tls-key", key])
    };
    assert_eq!(check(&certificate, &key).json(), json!({ "valid": true }));
    let ended = check(&certificate, &text(&other.key));
    let complaint = ended.complained(1);
    assert!(complaint.contains("does not belong") && complaint.contains("other-key.pem"), "{complaint}");
    assert!(check("nowhere.pem", &key).complained(1).contains("nowhere.pem"));
    assert!(check(&certificate, &certificate).complained(1).contains("no private key"));
    let alone = process::run(&["config", "check", "--tls-certificate", &certificate]);
    assert!(alone.complained(1).contains("`tls.key` is not"));
    let data = text(&folder.path().join("data"));
    let mut serve = vec!["serve", "--data-dir", &data, "--tls-certificate", &certificate];
    serve.extend(["--tls-key", "nowhere.pem"]);
    serve.extend(process::FREE_PORTS);
    assert!(process::run(&serve).complained(1).contains("nowhere.pem"));
}
