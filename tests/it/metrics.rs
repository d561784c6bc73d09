//! What a monitoring system reads: health without a token, metrics with one, in a text that parses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use switchboard_tests::{Client, Scene, TestHost, process};

/// One line of a metric.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// OpenMetrics 1.0, as far as a scraper depends on it.
fn parse(text: &str) -> Result<Vec<Sample>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
    let mut families: BTreeMap<&str, &str> = BTreeMap::new();
    let mut current = "";
    let mut samples = Vec::new();
    let mut seen = BTreeSet::new();
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# ") {
            let mut words = told.splitn(3, ' ');
            let (word, name, rest) = (words.next(), words.next(), words.next());
            let name = name.ok_or_else(|| format!("no name: {line}"))?;
            match word {
                Some("TYPE") => {
                    let kind = rest.filter(|kind| ["counter", "gauge", "histogram"].contains(kind));
                    if families.insert(name, kind.ok_or_else(|| format!("no type: {line}"))?).is_some() {
                        return Err(format!("a family comes twice: {line}"));
                    }
                    current = name;
                }
                Some("HELP" | "UNIT") => current = name,
                _ => return Err(format!("no comment of the format: {line}")),
            }
            continue;
        }
        let sample = sample(line)?;
        let suffix = sample.name.strip_prefix(current).ok_or_else(|| format!("not of {current}: {line}"))?;
        let fits = match families.get(current) {
            Some(&"counter") => suffix == "_total",
            Some(&"gauge") => suffix.is_empty(),
            Some(&"histogram") => ["_bucket", "_sum", "_count"].contains(&suffix),
            _ => false,
        };
        if !fits {
            return Err(format!("`{suffix}` does not fit the type of {current}: {line}"));
        }
        if !seen.insert((sample.name.clone(), sample.labels.clone())) {
            return Err(format!("a series comes twice: {line}"));
        }
        samples.push(sample);
    }
    Ok(samples)
}

fn sample(line: &str) -> Result<Sample, String> {
    let bad = || format!("no sample: {line}");
    let (head, value) = line.rsplit_once(' ').ok_or_else(bad)?;
    let value = value.parse::<f64>().map_err(|_| bad())?;
    let (name, labels) = match head.split_once('{') {
        None => (head, ""),
        Some((name, labels)) => (name, labels.strip_suffix('}').ok_or_else(bad)?),
    };
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_name(name) {
        return Err(bad());
    }
    let mut pairs = BTreeMap::new();
    for pair in labels.split("\",").filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once("=\"").ok_or_else(bad)?;
        if !is_name(key) || pairs.insert(key.to_owned(), value.trim_end_matches('"').to_owned()).is_some() {
            return Err(bad());
        }
    }
    Ok(Sample { name: name.to_owned(), labels: pairs, value })
}

#[tokio::test]
async fn metrics_parse_and_name_the_ats_and_policy_of_each_slot() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let settings = json!({ "settings": { "do": "trap" }, "timeoutMs": 5000 });
    let release = scene.run(&host, "hostile", settings).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    scene.post(&host, &candidate).await.expect(201);
    let answer = host.operator().get("/metrics").await;
    assert_eq!(answer.status, 200);
    let media_type = answer.header("Content-Type").expect("a media type");
    assert!(media_type.starts_with("application/openmetrics-text"), "{media_type}");
    let text = String::from_utf8(answer.bytes.to_vec()).expect("UTF-8");
    let samples = parse(&text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    assert!(samples.iter().all(|sample| sample.name.starts_with("switchboard_")), "{text}");
    let find = |name: &str, kind: Option<&str>| {
        let is_it = |sample: &&Sample| {
            sample.name == name
                && sample.labels.get("ats") == Some(&scene.furnished.ats_id)
                && sample.labels.get("policy").is_some_and(|policy| policy == "job-resolution")
                && sample.labels.get("release") == Some(&release)
                && sample.labels.get("kind").map(String::as_str) == kind
        };
        samples.iter().find(is_it).unwrap_or_else(|| panic!("no {name} in\n{text}")).value
    };
    assert_eq!(find("switchboard_policy_calls_total", None), 1.0);
    assert_eq!(find("switchboard_policy_degraded_total", None), 1.0);
    assert_eq!(find("switchboard_policy_failures_total", Some("trap")), 1.0);
    assert_eq!(find("switchboard_policy_in_flight", None), 0.0);
    assert_eq!(find("switchboard_policy_duration_seconds_count", None), 1.0);
    assert!(0.0 < find("switchboard_policy_duration_seconds_sum", None));
    assert_eq!(find("switchboard_policy_breaker_open", None), 0.0);
    assert!(0.0 < find("switchboard_policy_fuel_total", None));
    let of = |name: &str| samples.iter().filter(|sample| sample.name == name).count();
    assert_eq!(of("switchboard_policy_components_loaded"), 1);
    let default = |sample: &Sample| sample.labels.get("ats").is_some_and(|ats| ats == "default");
    assert!(samples.iter().any(default), "the default slots have their own");
}

#[tokio::test]
async fn metrics_need_the_token_and_health_does_not() {
    let host = TestHost::start().await;
    for token in [None, Some("wrong"), Some("")] {
        let mut stranger = Client::new(host.admin, token);
        stranger.get("/metrics").await.refused(401, "INVALID_TOKEN");
        stranger.get("/slots").await.refused(401, "INVALID_TOKEN");
        let healthy = stranger.get("/healthz").await;
        assert_eq!((healthy.status, &healthy.json()["status"]), (200, &json!("ok")));
        let ready = stranger.get("/readyz").await;
        assert_eq!(ready.status, 200);
        assert_eq!((&ready.json()["status"], &ready.json()["store"]), (&json!("ready"), &json!("ok")));
    }
    let scene = Scene::new(&host).await;
    let mut partner = Client::new(host.admin, Some(&scene.furnished.ats_key));
    partner.get("/metrics").await.refused(401, "INVALID_TOKEN");
    assert_eq!(
        Client::new(host.listen, None).get("/healthz").await.status,
        200,
        "the partners' listener has it too"
    );
    scene.partner(&host).get("/metrics").await.refused(404, "ROUTE_NOT_FOUND");
    let wrong = host.operator().post("/metrics", &Value::Null).await;
    assert_eq!((wrong.status, wrong.header("Allow")), (405, Some("GET")));
}

#[test]
fn a_text_that_is_no_openmetrics_is_told() {
    let fine = "# HELP a_b Some.\n# TYPE a_b counter\na_b_total{c=\"d\",e=\"\"} 1\n# EOF\n";
    let samples = parse(fine).expect("fine");
    assert_eq!((samples.len(), samples[0].labels["c"].as_str()), (1, "d"));
    for bad in [
        "a_total 1\n# EOF\n",
        "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a gauge\na x\n# EOF\n",
        "# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# TYPE a gauge\na 1\n",
        "# TYPE a gauge\na{b=c} 1\n# EOF\n",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

/// What the dashboard asks for is there, and every series of a slot is asked for by it.
#[tokio::test]
async fn the_dashboard_asks_for_what_is_served() {
    let host = TestHost::start().await;
    // Families of requests are told from the first one on.
    assert_eq!(Client::new(host.listen, None).get("/healthz").await.status, 200);
    let text = host.operator().get("/metrics").await.bytes;
    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
    let families: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let path = process::checkout().join("examples/grafana/policies.json");
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
    let mut asked = BTreeSet::new();
    for target in dashboard["panels"]
        .as_array()
        .expect("panels")
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"))
    {
        let expression = target["expr"].as_str().expect("an expression");
        for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("switchboard_") {
                asked.insert(word);
            }
        }
    }
    for name in &asked {
        let is_served = families.iter().any(|(family, kind)| {
            let suffixes: &[&str] = match *kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            name.strip_prefix(family).is_some_and(|suffix| suffixes.contains(&suffix))
        });
        assert!(is_served, "{name} is in the dashboard and not in\n{text}");
    }
    for family in families.keys().filter(|family| family.starts_with("switchboard_policy_")) {
        // Calls that were answered are those that did not fail.
        let is_shown = asked.iter().any(|name| name.starts_with(family)) || family.ends_with("_answered");
        assert!(is_shown, "{family} is in no panel");
    }
}
