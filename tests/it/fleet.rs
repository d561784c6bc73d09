//! A fleet of the size of a large installation: it starts, one broken component harms its own slots only, and what
//! no slot runs any more is not in memory.

use std::fs;

use serde_json::{Value, json};
use switchboard::app::plugin;
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::ats::Ats;
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::{AtsId, ReleaseId};
use switchboard_domain::release::{PluginVersion, Release, SlotState};
use switchboard_tests::{Scene, TestHost, variant};

const PLUGINS: usize = 100;
const SLOTS: usize = 500;
/// Slots of one commit.
const AT_ONCE: usize = 100;

/// An ATS for each slot, with a release of one plugin after the other.
async fn fill(host: &TestHost, versions: &[PluginVersion]) -> Vec<AtsId> {
    let ids = Ids::random(host.clock.clone());
    let app = host.running().app();
    let made = host.operate("POST", "/ats", json!({ "name": "Harbour" })).await;
    let first: AtsId = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let slot = format!("{first}/job-resolution");
    let release = host.release(&slot, &versions[0].name, json!({ "timeoutMs": 5000 })).await;
    let snapshot = app.store().snapshot().expect("a snapshot");
    let ats = store::get::<Ats>(&snapshot, &first).expect("a store").expect("the ATS");
    let release: ReleaseId = release.parse().expect("an id");
    let release = store::get::<Release>(&snapshot, &release).expect("a store").expect("the release");
    let rows: Vec<(Ats, Release, SlotState)> = (0..SLOTS)
        .map(|number| {
            let ats = Ats { id: AtsId::new(ids.uuid()), name: format!("ATS {number}"), ..ats.clone() };
            let slot = Slot { ats_id: Some(ats.id), policy: PolicyName::JobResolution };
            let PluginVersion { name, digest, .. } = &versions[number % PLUGINS];
            let id = ReleaseId::new(ids.uuid());
            let release = Release { id, slot, plugin: name.clone(), digest: *digest, ..release.clone() };
            let state = SlotState::first(slot, id, None, release.created_at);
            (ats, release, state)
        })
        .collect();
    for some in rows.chunks(AT_ONCE) {
        let some = some.to_vec();
        let work = move |txn: &mut Txn| {
            for (ats, release, state) in &some {
                store::insert(txn, ats)?;
                store::insert(txn, release)?;
                store::insert(txn, state)?;
            }
            Ok::<_, Abort<()>>(())
        };
        app.store().commit(work).await.expect("a commit");
    }
    rows.iter().map(|(ats, ..)| ats.id).collect()
}

/// Takes a component away, from the store and from the disk.
async fn lose(host: &TestHost, version: &PluginVersion) {
    let digest = version.digest;
    let gone = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::plugin::remove_artifact(txn, digest)?);
    host.running().app().store().commit(gone).await.expect("a commit");
    let hex = digest.to_string().trim_start_matches("sha256:").to_owned();
    for entry in fs::read_dir(host.folder().join("compiled")).expect("a folder of ours") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&hex)) {
            fs::remove_file(path).expect("a file of ours");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_slots_of_a_hundred_plugins_start_and_one_that_is_broken_harms_its_own() {
    let host = TestHost::start().await;
    let mut versions = Vec::new();
    for number in 0..PLUGINS {
        let name = format!("northstar-{number}");
        let bytes = variant("northstar", &name).as_ref().into();
        let pushed = plugin::push(host.running().app(), &name, bytes, "operator").await;
        versions.push(pushed.expect("a version").version);
    }
    let atss = fill(&host, &versions).await;
    lose(&host, &versions[7]).await;

    let host = host.restart().await;
    let slots = host.operate("GET", "/slots", Value::Null).await;
    let slots = slots.as_array().expect("a list");
    assert_eq!(slots.len(), SLOTS + 4);
    let broken: Vec<&str> = slots
        .iter()
        .filter(|slot| !slot["unavailable"].is_null())
        .map(|slot| slot["active"]["plugin"].as_str().expect("a name"))
        .collect();
    assert_eq!(broken, ["northstar-7"; SLOTS / PLUGINS]);
    let loaded = async || {
        let loaded = host.metric("switchboard_policy_components_loaded ").await;
        usize::try_from(loaded).expect("a number of components")
    };
    assert_eq!(loaded().await, PLUGINS - 1 + 1, "each once, however many slots run it, and the standard one");
    for (place, degraded) in
        [(3, None), (7, Some("job-resolution")), (107, Some("job-resolution")), (499, None)]
    {
        let scene = Scene::of(&host, host.furnish_company(atss[place].to_string()).await).await;
        let jobs = scene.ranked_jobs(&host, &[1, 3, 2]).await;
        let candidate = scene.candidate(&host, &jobs).await;
        let answer = scene.post(&host, &candidate).await;
        assert_eq!(answer.header("X-Policy-Degraded"), degraded, "{place}");
        if degraded.is_none() {
            assert_eq!(answer.expect(201)["jobId"], jobs[1], "northstar takes the highest rank");
        }
    }
    // What no slot runs is not held.
    let standard = host.release("default/job-resolution", "standard", json!({})).await;
    for ats in [3, 103, 203, 303, 403] {
        let slot = format!("{}/job-resolution", atss[ats]);
        let release = host.release(&slot, "standard", json!({ "onFailure": "reject" })).await;
        host.activate(&release).await;
        // The last good one is still in reach of `last-good` alone.
    }
    host.activate(&standard).await;
    assert_eq!(loaded().await, PLUGINS - 2 + 1);
}
