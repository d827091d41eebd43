//! Power loss: everything that a writing process asks of the system is recorded; cut anywhere, with what
//! was not synced lost, torn or out of order, the file must open, and with durability full hold all that
//! was acknowledged before the cut. `LGSTORE_CUTS` and `LGSTORE_SEED` make it longer and different.
#![cfg(all(target_os = "linux", feature = "file"))]
#![allow(missing_docs)]

mod disk;
#[path = "../crash/workload.rs"]
mod workload;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use disk::{Disk, Event};
use workload::{Dice, State, Store, THREADS, parse_ack, write};

/// Writes of one thread in one of the two processes.
const WRITES: u64 = 60;

/// The writing process; started by the tests with the shim preloaded.
#[test]
#[ignore = "the child process of the tests here"]
fn child() {
    let text = |name: &str| std::env::var(name).unwrap_or_default();
    let number = |name: &str| text(name).parse().expect("a number");
    let starts = vec![number("POWER_START"); THREADS as usize];
    workload::run(&text("POWER_PATH"), &text("POWER_DURABILITY"), number("POWER_SEED"), &starts, WRITES);
}

fn build_shim(folder: &Path) -> PathBuf {
    let shim = folder.join("shim.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/power_loss/shim.c");
    let built = Command::new(&compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
        .args([shim.as_os_str(), source.as_ref()])
        .args(["-ldl", "-lpthread"])
        .status();
    assert!(built.is_ok_and(|status| status.success()), "can't build {source} with {compiler}");
    shim
}

/// Two processes write one after the other; everything they asked for.
fn record(folder: &Path, durability: &str, seed: u64) -> Vec<Event> {
    let shim = build_shim(folder);
    let (data, log) = (folder.join("data"), folder.join("log"));
    std::fs::create_dir(&data).expect("a folder");
    for start in [0, WRITES] {
        let done = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env("POWER_PATH", data.join("store.db"))
            .env("POWER_DURABILITY", durability)
            .env("POWER_SEED", seed.to_string())
            .env("POWER_START", start.to_string())
            .env("SHIM_DIR", &data)
            .env("SHIM_LOG", &log)
            .env("LD_PRELOAD", &shim)
            .stdin(Stdio::null())
            .output()
            .expect("a child");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    disk::parse(&std::fs::read(&log).expect("a log"))
}

/// Where a thread's namespace may stand: at the number of writes `from..=to`.
fn find_state(texts: &State, seed: u64, thread: u64, from: u64, to: u64) -> Option<u64> {
    let mut state = State::new();
    for number in 0..=to {
        if number >= from && state == *texts {
            return Some(number);
        }
        write(seed, thread, number).apply(&mut state);
    }
    None
}

fn check(path: &Path, durability: &str, seed: u64, acknowledged: &[u64]) {
    let store = Store::open(path.to_str().expect("UTF-8"), durability);
    for (thread, acknowledged) in (0..).zip(acknowledged) {
        let texts: State = store.dump(thread).into_iter().map(|(key, (text, _))| (key, text)).collect();
        let from = if durability == "full" { *acknowledged } else { 0 };
        let found = find_state(&texts, seed, thread, from, acknowledged + 1);
        assert!(
            found.is_some(),
            "thread {thread} holds {} items, in no state between write {from} and {} but in that after {:?}",
            texts.len(),
            acknowledged + 1,
            find_state(&texts, seed, thread, 0, 2 * WRITES),
        );
    }
    store.close();
    let connection = rusqlite::Connection::open(path).expect("the file");
    let sound = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(sound.as_deref(), Ok("ok"));
}

fn power_goes_at_any_moment(durability: &str) {
    let number = |name: &str, normal: u64| {
        std::env::var(name).ok().map_or(normal, |text| text.parse().expect("a number"))
    };
    let (cuts, seed) = (number("LGSTORE_CUTS", 120), number("LGSTORE_SEED", 1));
    let folder = tempfile::tempdir().expect("a folder");
    let events = record(folder.path(), durability, seed);
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|event| kind(event)).count();
    let syncs = count(|event| matches!(event, Event::Sync { .. }));
    let writes = count(|event| matches!(event, Event::Write { .. }));
    println!(
        "{durability}: {} events, {writes} writes, {syncs} syncs, {cuts} cuts, seed {seed}",
        events.len()
    );
    assert!(writes > 100 && syncs > 3, "the recording is too thin to prove anything");

    let mut dice = Dice(seed);
    // Anywhere, and every fourth time while the file is being created.
    let mut moment = |cut: u64| {
        let range = if cut.is_multiple_of(4) { 80 } else { events.len() as u64 + 1 };
        dice.roll(range) as usize
    };
    let mut moments: Vec<usize> = (0..cuts).map(&mut moment).collect();
    moments.sort_unstable();
    let (mut disk, mut acknowledged) = (Disk::default(), vec![0; THREADS as usize]);
    let mut taken = 0;
    for moment in moments {
        for event in &events[taken..moment] {
            disk.take(event);
            if let Event::Mark(text) = event
                && let Some((thread, number, _)) = parse_ack(text.trim_end_matches('\n'))
            {
                acknowledged[thread as usize] = number + 1;
            }
        }
        taken = moment;
        let image = tempfile::tempdir().expect("a folder");
        disk.image(image.path(), &mut dice);
        let path = image.path().join("store.db");
        let checked = catch_unwind(AssertUnwindSafe(|| check(&path, durability, seed, &acknowledged)));
        assert!(
            checked.is_ok(),
            "power loss after event {moment} ({:?}), acknowledged: {acknowledged:?}",
            moment.checked_sub(1).map(|last| shown(&events[last])),
        );
    }
    assert!(acknowledged.iter().all(|count| *count > WRITES), "the cuts end before the second process");
}

fn shown(event: &Event) -> String {
    let text = format!("{event:?}");
    text.chars().take(200).collect()
}

#[test]
fn nothing_acknowledged_is_lost_with_durability_full() {
    power_goes_at_any_moment("full");
}

#[test]
fn with_durability_normal_the_file_opens_and_holds_some_earlier_state() {
    power_goes_at_any_moment("normal");
}
