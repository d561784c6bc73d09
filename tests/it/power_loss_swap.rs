//! Power loss at every step of a swap: push, create, activate, canary, promote, rollback, safe mode, remove. After
//! each, the store holds exactly what was so before the step or what is so after it, and no piece of a component
//! that nobody can see.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use switchboard::app::rollout::{self, Activation};
use switchboard::app::{App, Error, Gap, Secrets, plugin, release, safe_mode};
use switchboard::clock::Clock;
use switchboard::ids::Ids;
use switchboard::mail::{self, Mail};
use switchboard::policy::{Fleet, Runtime, Setup};
use switchboard::store::{self, Backing, Direction, Options, Read, Store, Table};
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::WantedLimits;
use switchboard_domain::rollout::Stage;
use switchboard_domain::time::Timestamp;
use switchboard_tests::wasm;

use crate::disk::{Dice, Disk, Fault};

/// Crashes, spread evenly over the steps.
const CRASHES: u64 = 120;
const SLOT: Slot = Slot { ats_id: None, policy: PolicyName::JobResolution };
const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

/// What an operator does, in order.
const STEPS: [&str; 12] = [
    "push northstar",
    "create first",
    "activate first",
    "push hostile",
    "create second",
    "canary second",
    "promote second",
    "rollback",
    "safe mode on",
    "safe mode off",
    "push tidewater",
    "remove tidewater",
];

/// What can be seen of it, by names that are the same in every run.
type Seen = String;

async fn open(disk: &Disk, folder: &Path, runtime: &Runtime) -> Result<App, String> {
    let clock = Clock::steerable(AT);
    let ids = Ids::random(clock.clone());
    let options = Options { cache_bytes: 1 << 20, rerun_one_in: Some(3), ..Options::default() };
    let store =
        Store::open(Backing::Custom(Box::new(disk.clone())), &options).map_err(|error| error.to_string())?;
    let secrets = Secrets::open(folder, &ids).map_err(|error| error.to_string())?;
    let fleet = Fleet::new(runtime.clone());
    let mail = Mail::open(mail::Settings {
        way: mail::Way::Memory(mail::Letters::default()),
        from: "nobody@switchboard.example".to_owned(),
        public_url: "http://switchboard.example".to_owned(),
        templates: None,
    });
    let mail = mail.map_err(|error| error.to_string())?;
    let app = App::new(store, fleet, clock, ids, secrets, mail, Gap::default())
        .map_err(|error| error.to_string())?;
    app.install_standard().await.map_err(|error| error.to_string())?;
    Ok(app)
}

/// The release with this comment.
fn named(app: &App, comment: &str) -> Option<ReleaseId> {
    let releases = release::list(app, None, usize::MAX).expect("the store can be read");
    releases.iter().find(|release| release.comment.as_deref() == Some(comment)).map(|release| release.id)
}

async fn step(app: &App, step: &str) -> Result<(), Error> {
    let push = async |name: &str| plugin::push(app, name, wasm(name).as_ref().into(), "me").await.map(drop);
    let create = async |name: &str, comment: &str| {
        let new = release::NewRelease {
            slot: SLOT.to_string(),
            plugin: name.to_owned(),
            settings: None,
            on_failure: None,
            limits: WantedLimits { timeout_millis: Some(5_000), ..WantedLimits::default() },
            wasi: None,
            grants: Vec::new(),
            comment: Some(comment.to_owned()),
            author: Some("me".to_owned()),
        };
        release::create(app, new).await.map(drop)
    };
    let id = |comment: &str| named(app, comment).expect("it was made");
    let full = Activation::default();
    match step {
        "push northstar" => push("northstar").await,
        "push hostile" => push("hostile").await,
        "push tidewater" => push("tidewater").await,
        "create first" => create("northstar", "first").await,
        "create second" => create("hostile", "second").await,
        "activate first" => rollout::activate(app, id("first"), full, "me").await.map(drop),
        "canary second" => {
            let canary = Activation { stage: Stage::Canary, percent: 50, ..full };
            rollout::activate(app, id("second"), canary, "me").await.map(drop)
        }
        "promote second" => rollout::promote(app, id("second"), "me").await.map(drop),
        "rollback" => release::rollback(app, SLOT, None, "me").await.map(drop),
        "safe mode on" => safe_mode::set(app, Some(SLOT), true, "me").await.map(drop),
        "safe mode off" => safe_mode::set(app, Some(SLOT), false, "me").await.map(drop),
        "remove tidewater" => {
            let version = plugin::show(app, "tidewater")?;
            let reference = format!("tidewater@{}", version.digest);
            plugin::remove(app, &reference, "me").await.map(drop)
        }
        other => panic!("no step: {other}"),
    }
}

fn seen(app: &App) -> Seen {
    let snapshot = app.store().snapshot().expect("a snapshot");
    let mut plugins: Vec<String> =
        plugin::list(app).expect("plugins").into_iter().map(|version| version.name).collect();
    plugins.sort();
    let label = |id: ReleaseId| {
        let release = release::show(app, id).expect("a slot names what is there");
        release.comment.unwrap_or_default()
    };
    let slot = release::show_slot(app, SLOT).expect("a slot");
    let state = slot.state.expect("a default slot");
    let history: Vec<String> = state.history.iter().map(|id| label(*id)).collect();
    let under_way: Vec<String> =
        slot.rollouts.under_way.iter().map(|it| format!("{} {}", label(it.release_id), it.stage)).collect();
    let ended: Vec<String> =
        slot.rollouts.ended.iter().map(|it| format!("{} {}", label(it.release_id), it.end)).collect();
    let audit = store::audit::list(&snapshot, usize::MAX, |entry| entry.actor == "me").expect("the audit");
    // Each opening begins at the same moment, so that ids of different openings are in no order.
    let mut audit: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    audit.sort_unstable();
    let mut releases: Vec<String> = release::list(app, None, usize::MAX)
        .expect("releases")
        .into_iter()
        .filter_map(|it| it.comment)
        .collect();
    releases.sort();
    format!(
        "plugins {plugins:?}; releases {releases:?}; active {}; history {history:?}; under way {under_way:?}; ended \
         {ended:?}; safe {}; audit {audit:?}",
        label(state.active),
        slot.is_safe,
    )
}

/// Every piece of a component is of a version that can be seen, and each of those is whole.
fn assert_no_orphans(app: &App, what: &str) {
    let snapshot = app.store().snapshot().expect("a snapshot");
    assert_eq!(store::check(&snapshot).expect("a walk"), Vec::<String>::new(), "{what}");
    let everything = (Bound::Unbounded, Bound::Unbounded);
    let rows = snapshot.scan(Table::ArtifactChunk, everything, Direction::Forward).expect("rows");
    let digests: BTreeSet<Vec<u8>> = rows.map(|row| row.expect("a row").0[..32].to_vec()).collect();
    let versions = plugin::list(app).expect("plugins");
    let visible: BTreeSet<Vec<u8>> = versions.iter().map(|version| version.digest.0.to_vec()).collect();
    assert_eq!(digests, visible, "{what}");
    for version in versions {
        let bytes = store::plugin::artifact(&snapshot, version.digest).expect("bytes").expect("bytes");
        assert_eq!(bytes.len() as u64, version.size_bytes, "{what}: {}", version.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_is_whole_or_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup { compiled_folder: Some(folder.path().join("compiled")), cache_key: [7; 32] };
    let runtime = Runtime::start(setup).expect("the engines");
    // Once without a crash: what is seen after each step, and how many writes there are until then.
    let disk = Disk::new(Vec::new(), Fault::PowerLoss, u64::MAX);
    let app = open(&disk, folder.path(), &runtime).await.expect("opens");
    let mut states = vec![seen(&app)];
    let mut writes = vec![u64::MAX - disk.left()];
    for name in STEPS {
        step(&app, name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        states.push(seen(&app));
        writes.push(u64::MAX - disk.left());
    }
    assert!(states.windows(2).all(|two| two[0] != two[1]), "each step shows: {states:#?}");
    app.store().close().await;
    drop(app);

    let mut dice = Dice(0x5a9);
    let mut hit = BTreeSet::new();
    for crash in 0..CRASHES {
        // Each step has its turn.
        let place = usize::try_from(crash).expect("small") % STEPS.len();
        let left = writes[place] + dice.roll(writes[place + 1] - writes[place]);
        let what = format!("crash {crash} in `{}`, after {left} writes", STEPS[place]);
        let disk = Disk::new(Vec::new(), Fault::PowerLoss, left);
        let mut done = 0;
        if let Ok(app) = open(&disk, folder.path(), &runtime).await {
            for name in STEPS {
                if step(&app, name).await.is_err() {
                    break;
                }
                done += 1;
            }
            app.store().close().await;
        }
        let bytes = disk.pull_the_plug(&mut dice);
        let disk = Disk::new(bytes, Fault::PowerLoss, u64::MAX);
        let app =
            open(&disk, folder.path(), &runtime).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = seen(&app);
        let is_either = found == states[done] || states.get(done + 1) == Some(&found);
        assert!(
            is_either,
            "{what}, {done} steps answered:\n{found}\nis neither\n{}\nnor\n{:?}",
            states[done],
            states.get(done + 1)
        );
        assert_no_orphans(&app, &what);
        // It is not only readable: the next step can be taken.
        if done < STEPS.len() && found == states[done] {
            step(&app, STEPS[done]).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(seen(&app), states[done + 1], "{what}");
        }
        hit.insert(done);
        app.store().close().await;
        drop(Arc::new(app));
    }
    assert!(STEPS.len() / 2 < hit.len(), "the crashes met few steps: {hit:?}");
}
