use std::path::Path;

use switchboard_domain::bounds::{ADDRESS_FAILURES_PER_MINUTE_DEFAULT, ADDRESS_REQUESTS_PER_MINUTE_DEFAULT};

use super::layers::variable_of;
use super::*;

fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads with a file of this text.
fn load(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<(Config, Vec<Explained>), Refused> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("switchboard.toml");
    std::fs::write(&path, file).expect("the file is written");
    Config::load(Sources {
        file: Some(path),
        environment: environment(variables),
        flags: flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect(),
    })
}

fn refusals(file: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Vec<String> {
    load(file, variables, flags).expect_err("it is refused").problems
}

fn source_of<'a>(explained: &'a [Explained], key: &str) -> &'a Explained {
    explained.iter().find(|line| line.key == key).expect("every setting is explained")
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let file = "listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\ndata_dir = \"of-the-file\"";
    let variables =
        [("SWITCHBOARD_ADMIN_LISTEN", "127.0.0.1:3"), ("SWITCHBOARD_DATA_DIR", "of-the-environment")];
    let (config, explained) =
        load(file, &variables, &[("data_dir", "of-the-flag")]).expect("nothing is wrong with it");
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.admin_listen.port(), 3);
    assert_eq!(config.data_dir, Path::new("of-the-flag"));
    assert_eq!(config.log_format, LogFormat::Text);
    assert!(source_of(&explained, "listen").source.starts_with("file "));
    assert_eq!(source_of(&explained, "admin_listen").source, "environment SWITCHBOARD_ADMIN_LISTEN");
    assert_eq!(source_of(&explained, "data_dir").source, "flag --data-dir");
    assert_eq!(source_of(&explained, "log_format").source, "default");
    let flags = [("tls.certificate", "c.pem"), ("tls.key", "k.pem")];
    let (_, explained) = load(file, &[], &flags).expect("nothing is wrong with it");
    assert_eq!(source_of(&explained, "tls.key").source, "flag --tls-key");
}

#[test]
fn every_setting_can_come_from_the_environment() {
    let samples = [
        ("listen", "127.0.0.1:0"),
        ("admin_listen", "[::1]:0"),
        ("data_dir", "/d"),
        ("log_format", "json"),
        ("log", "warn,switchboard::http=debug"),
        ("dev_clock", "2026-04-02T08:00:00Z"),
        ("trusted_proxies", "10.0.0.0/8, ::1"),
        ("tls.certificate", "/c.pem"),
        ("tls.key", "/k.pem"),
        ("mail.folder", "/m"),
        ("mail.from", "a@example.com"),
        ("mail.public_url", "https://example.com/"),
        ("mail.templates", "/t"),
        ("webhooks.allow_private_targets", "true"),
        ("decisions.kept_for", "7d"),
        ("decisions.kept_max", "11"),
        ("decisions.redacted_after", "1d"),
        ("telemetry.sampled_one_in", "100"),
        ("limits.connections_max", "7"),
        ("limits.header_timeout", "1s"),
        ("limits.body_timeout", "2s"),
        ("limits.drain_timeout", "1m30s"),
        ("limits.requests_max", "8"),
        ("limits.address_requests_per_minute", "0"),
        ("limits.address_failures_per_minute", "9"),
    ];
    let variables = samples.iter().map(|(key, text)| (variable_of(key), (*text).to_owned())).collect();
    let sources = Sources { environment: variables, ..Sources::default() };
    let (config, explained) = Config::load(sources).expect("nothing is wrong with it");
    for (key, text) in samples {
        let line = source_of(&explained, key);
        assert_eq!(line.value.as_deref(), Some(text));
        assert_eq!(line.source, format!("environment {}", variable_of(key)));
    }
    assert_eq!(
        samples.len() + 2,
        explained.len(),
        "mail.smtp_url and telemetry.otlp_endpoint have their own tests"
    );
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.dev_clock.map(Timestamp::unix_millis), Some(1_775_116_800_000));
    assert_eq!(config.mail.transport, MailTransport::Folder("/m".into()));
    assert_eq!(config.mail.public_url.as_deref(), Some("https://example.com"));
    assert_eq!(config.mail.templates.as_deref(), Some(Path::new("/t")));
    assert!(config.webhooks.allow_private_targets);
    assert_eq!(
        (config.decisions.kept_max, config.decisions.redacted_after),
        (11, Duration::from_secs(86_400))
    );
    assert_eq!(config.limits.connections_max, 7);
    assert_eq!(config.limits.drain_timeout, Duration::from_secs(90));
    let limits = &config.limits;
    let address = (limits.address_requests_per_minute, limits.address_failures_per_minute);
    assert_eq!((limits.requests_max, address), (8, (0, 9)));
    let tls = TlsFiles { certificate: "/c.pem".into(), key: "/k.pem".into() };
    assert_eq!(config.tls, Some(tls));
}

#[test]
fn defaults_are_the_bounds_that_have_their_reasons() {
    let (config, _) = load("", &[], &[]).expect("defaults are right");
    assert_eq!(config.limits.address_requests_per_minute, ADDRESS_REQUESTS_PER_MINUTE_DEFAULT);
    assert_eq!(config.limits.address_failures_per_minute, ADDRESS_FAILURES_PER_MINUTE_DEFAULT);
    assert_eq!(config.tls, None);
}

#[test]
fn what_a_running_server_takes_in_are_settings() {
    for key in super::layers::RELOADED {
        assert!(super::layers::SETTINGS.iter().any(|setting| setting.key == key), "{key}");
        assert!(is_reloaded(key));
    }
    assert!(!is_reloaded("listen"));
}

#[test]
fn what_is_not_known_is_refused_with_the_nearest_name() {
    for (file, expected) in [
        ("lisen = \"127.0.0.1:1\"", "the nearest is `listen`"),
        ("[mail]\nsmtp_uri = \"x\"", "the nearest is `mail.smtp_url`"),
        ("[webhook]\nallow_private_targets = true", "the nearest is `webhooks.allow_private_targets`"),
        ("[webhoks]", "is not a setting"),
        ("[listen]\nport = 1", "`listen` in"),
    ] {
        let problems = refusals(file, &[], &[]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(expected), "{problems:?}");
        assert!(problems[0].contains("switchboard.toml"), "{problems:?}");
    }
    let problems = refusals("", &[("SWITCHBOARD_MAIL_STMP_URL", "x")], &[]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("SWITCHBOARD_MAIL_STMP_URL"));
    assert!(problems[0].contains("the nearest is SWITCHBOARD_MAIL_SMTP_URL"));
}

#[test]
fn variables_of_others_and_of_the_client_are_left_alone() {
    let variables = [
        ("PATH", "/bin"),
        ("SWITCHBOARD_ADMIN", "http://127.0.0.1:1"),
        ("SWITCHBOARD_ADMIN_TOKEN", "x"),
        ("SWITCHBOARD_LISTEN", ""),
    ];
    let (config, _) = load("[mail]\n", &variables, &[]).expect("nothing is wrong with it");
    assert_eq!(config.listen.port(), 8080);
}

#[test]
fn a_wrong_value_is_refused_with_its_key_and_origin() {
    for (file, expected) in [
        ("listen = \"localhost\"", "`listen` (file "),
        ("listen = 8080", "must be a string, not integer"),
        ("data_dir = \"\"", "`data_dir` (file "),
        ("log_format = \"xml\"", "must be text or json"),
        ("log = \"loud\"", "is no level"),
        ("dev_clock = \"yesterday\"", "is no RFC 3339 moment"),
        ("trusted_proxies = \"10.0.0.0/8\"", "must be an array of strings"),
        ("trusted_proxies = [\"10.0.0.0/99\"]", "must hold addresses or blocks"),
        ("trusted_proxies = [1]", "must be an array of strings"),
        ("[mail]\nsmtp_url = \"http://mail\"", "is no smtp:// or smtps:// URL"),
        ("[mail]\npublic_url = \"interviews.example.com\"", "is no http:// or https:// URL"),
        ("[mail]\nfrom = \" \"", "must not be empty"),
        ("[mail]\nfolder = \"m\"\nsmtp_url = \"smtp://mail\"", "are both set"),
        ("[webhooks]\nallow_private_targets = \"yes\"", "must be true or false, not string"),
        ("[limits]\nconnections_max = 0", "must be a whole number from 1"),
        ("[limits]\nconnections_max = -1", "must be a whole number from 1"),
        ("[limits]\nrequests_max = 0", "must be a whole number from 1"),
        ("[limits]\naddress_requests_per_minute = -1", "must be a whole number from 0"),
        ("[tls]\nkey = \"k.pem\"", "`tls.key` is set and `tls.certificate` is not"),
        ("[tls]\ncertificate = \"c.pem\"", "`tls.certificate` is set and `tls.key` is not"),
        ("[tls]\ncertificate = \"\"\nkey = \"k.pem\"", "`tls.certificate` (file "),
        ("[limits]\nbody_timeout = \"0s\"", "must be longer than nothing"),
        ("[limits]\nbody_timeout = \"soon\"", "must be a duration such as 90s"),
        ("listen = \"127.0.0.1:8081\"", "are both 127.0.0.1:8081"),
        ("listen = ", "is not TOML"),
    ] {
        let problems = refusals(file, &[], &[]);
        assert_eq!(problems.len(), 1, "{file}: {problems:?}");
        assert!(problems[0].contains(expected), "{file}: {problems:?}");
    }
}

#[test]
fn all_problems_are_told_together() {
    let file = "listen = \"x\"\nnonsense = 1\n[limits]\nconnections_max = 0";
    let problems = refusals(file, &[("SWITCHBOARD_NOTHING", "1")], &[("log_format", "x")]);
    assert_eq!(problems.len(), 5, "{problems:?}");
}

#[test]
fn a_missing_file_is_refused() {
    let sources = Sources { file: Some("no/such/file.toml".into()), ..Sources::default() };
    let problems = Config::load(sources).expect_err("there is no such file").problems;
    assert!(problems[0].contains("no/such/file.toml cannot be read"), "{problems:?}");
}

#[test]
fn a_movable_clock_needs_loopback_on_both_listeners() {
    let clock = ("dev_clock", "2026-04-02T08:00:00Z");
    assert!(load("", &[], &[clock]).is_ok());
    assert!(load("", &[], &[clock, ("listen", "[::1]:0"), ("admin_listen", "127.0.0.2:0")]).is_ok());
    for address in [("listen", "0.0.0.0:8080"), ("admin_listen", "192.0.2.1:0")] {
        assert!(load("", &[], &[address]).is_ok());
        let problems = refusals("", &[], &[clock, address]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains(&format!("`{}`", address.0)), "{problems:?}");
    }
}

#[test]
fn the_higher_layer_says_where_mail_goes() {
    let smtp = [("SWITCHBOARD_MAIL_SMTP_URL", "smtp://mail.example.com?tls=required")];
    let (config, _) = load("[mail]\nfolder = \"m\"", &smtp, &[]).expect("nothing is wrong with it");
    assert_eq!(config.mail.transport, MailTransport::Smtp("smtp://mail.example.com?tls=required".into()));
    let folder = [("SWITCHBOARD_MAIL_FOLDER", "m")];
    let (config, _) =
        load("[mail]\nsmtp_url = \"smtp://mail\"", &folder, &[]).expect("nothing is wrong with it");
    assert_eq!(config.mail.transport, MailTransport::Folder("m".into()));
    let (config, _) = load("", &[], &[("data_dir", "d")]).expect("nothing is wrong with it");
    assert_eq!(config.mail.transport, MailTransport::Folder("d/mail".into()));
}

#[test]
fn a_password_is_never_shown() {
    let file = "[mail]\nsmtp_url = \"smtps://user:hunter2@mail.example.com:465\"";
    let (config, explained) = load(file, &[], &[]).expect("nothing is wrong with it");
    let line = source_of(&explained, "mail.smtp_url");
    assert_eq!(line.value.as_deref(), Some("smtps://***@mail.example.com:465"));
    assert!(!format!("{config:?}").contains("hunter2"));
    for wrong in ["http://user:hunter2@mail", "user:hunter2@mail", "smtp://user:hunter2@"] {
        let problems = refusals("", &[("SWITCHBOARD_MAIL_SMTP_URL", wrong)], &[]);
        assert!(!problems.iter().any(|problem| problem.contains("hunter2")), "{problems:?}");
    }
}

#[test]
fn a_collector_is_taken_by_a_program_that_can_export() {
    let wish = "[telemetry]\notlp_endpoint = \"http://collector:4318/\"";
    if cfg!(feature = "otlp") {
        let (config, explained) = load(wish, &[], &[]).expect("it can");
        assert_eq!(config.telemetry.otlp_endpoint.as_deref(), Some("http://collector:4318"));
        assert!(source_of(&explained, "telemetry.otlp_endpoint").source.starts_with("file "));
    } else {
        let problems = refusals(wish, &[], &[]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("--features otlp"), "{problems:?}");
    }
    for wrong in ["collector:4318", "grpc://collector:4317", "", "http://user:hunter2@collector:4318"] {
        let problems = refusals(&format!("[telemetry]\notlp_endpoint = \"{wrong}\""), &[], &[]);
        assert!(problems[0].contains("telemetry.otlp_endpoint"), "{problems:?}");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
    assert!(load("", &[], &[]).expect("defaults are right").0.telemetry.otlp_endpoint.is_none());
}

#[test]
fn the_example_names_every_setting_with_its_default() {
    let example = include_str!("../../../examples/switchboard.toml");
    let (_, of_example) = load(example, &[], &[]).expect("the example is right");
    let (_, of_nothing) = load("", &[], &[]).expect("defaults are right");
    for (example_line, default_line) in of_example.iter().zip(&of_nothing) {
        assert_eq!(example_line.value, default_line.value, "{}", default_line.key);
    }
    // With its commented settings switched on it names every key there is.
    let all: String = example
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = \"")).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let mut all = all.replace("folder = \"switchboard-data/mail\"", "");
    let mut left_out = vec!["mail.folder"];
    if !cfg!(feature = "otlp") {
        all = all.replace("otlp_endpoint = \"http://collector:4318\"", "");
        left_out.push("telemetry.otlp_endpoint");
    }
    let (_, explained) = load(&all, &[], &[]).expect("its commented settings are right");
    for line in explained.iter().filter(|line| !left_out.contains(&line.key)) {
        assert!(line.source.starts_with("file "), "{} is not in the example", line.key);
    }
}
