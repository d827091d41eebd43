//! kill -9 in the middle of acknowledged writes: nothing acknowledged is lost, nothing is torn, and the
//! file goes on. `LGSTORE_ROUNDS` and `LGSTORE_SEED` make it longer and different.
#![cfg(all(unix, feature = "file"))]
#![allow(missing_docs)]

mod workload;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use workload::{Dice, Facts, State, Store, THREADS, Write, parse_ack, write};

/// The child's part; the parent starts it with everything in its environment.
#[test]
#[ignore = "the child process of the tests here"]
fn child() {
    let text = |name: &str| std::env::var(name).unwrap_or_default();
    let starts: Vec<u64> =
        text("CRASH_STARTS").split(' ').map(|start| start.parse().expect("a number")).collect();
    let seed = text("CRASH_SEED").parse().expect("a number");
    workload::run(&text("CRASH_PATH"), &text("CRASH_DURABILITY"), seed, &starts, u64::MAX);
}

/// What is known of one thread's namespace.
#[derive(Clone, Default)]
struct Known {
    /// The next write, counted by the thread.
    next: u64,
    state: State,
    /// Version and times of keys whose last write was acknowledged with them.
    facts: BTreeMap<String, Facts>,
}

impl Known {
    fn apply(&mut self, seed: u64, thread: u64, facts: Option<Facts>) {
        let write = write(seed, thread, self.next);
        write.apply(&mut self.state);
        // Keys of batches never have facts.
        if let Write::Put(key, _) | Write::CompareAndSet(key, _) | Write::Delete(key) = &write {
            self.facts.remove(key);
        }
        if let (Some(key), Some(facts)) = (write.key(), facts) {
            self.facts.insert(key.to_owned(), facts);
        }
        self.next += 1;
    }

    /// What the store holds must be what was acknowledged, or that and the one write under way.
    fn check(&mut self, store: &Store, seed: u64, thread: u64) {
        let found = store.dump(thread);
        let texts: State = found.iter().map(|(key, (text, _))| (key.clone(), text.clone())).collect();
        if texts != self.state {
            let acknowledged = self.clone();
            self.apply(seed, thread, None);
            assert!(
                texts == self.state,
                "thread {thread}: neither what was acknowledged up to write {} nor one more: {}",
                self.next - 2,
                difference(&texts, &acknowledged.state),
            );
        }
        for (key, (_, facts)) in &found {
            let (_, created, updated) = facts;
            assert!(created <= updated, "{key} was created at {created} and updated at {updated}");
            if let Some(acknowledged) = self.facts.get(key) {
                assert_eq!(facts, acknowledged, "thread {thread}, {key}: version and times");
            }
        }
    }
}

fn difference(found: &State, wanted: &State) -> String {
    let keys = found.keys().chain(wanted.keys());
    let shown =
        |state: &State, key| state.get(key).map_or("nothing", |text| &text[..text.len().min(60)]).to_owned();
    let lines = keys.filter(|key| found.get(*key) != wanted.get(*key));
    lines.map(|key| format!("\n  {key}: {} instead of {}", shown(found, key), shown(wanted, key))).collect()
}

/// Starts the child, kills it after `life`, and gives everything that it had said.
fn kill_child(path: &Path, durability: &str, seed: u64, known: &[Known], life: Duration) -> String {
    let starts: Vec<String> = known.iter().map(|known| known.next.to_string()).collect();
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("CRASH_PATH", path)
        .env("CRASH_DURABILITY", durability)
        .env("CRASH_SEED", seed.to_string())
        .env("CRASH_STARTS", starts.join(" "))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut pipe = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut said = String::new();
        pipe.read_to_string(&mut said).map(|_| said)
    });
    // Not luck but the point of the test: it may die at any moment, the seed says when.
    std::thread::sleep(life);
    assert!(child.try_wait().expect("a state").is_none(), "the child ended by itself");
    child.kill().expect("killed");
    child.wait().expect("its end");
    reader.join().expect("a reader").expect("UTF-8")
}

fn check_file(path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("the file");
    let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.as_deref(), Ok("ok"));
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let number = |name: &str, normal: u64| {
        std::env::var(name).ok().map_or(normal, |text| text.parse().expect("a number"))
    };
    let (rounds, seed) = (number("LGSTORE_ROUNDS", 50), number("LGSTORE_SEED", 1));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let text = path.to_str().expect("UTF-8");
    let mut known = vec![Known::default(); THREADS as usize];
    let mut dice = Dice(seed);
    let mut acknowledged = 0;
    for round in 0..rounds {
        let durability = ["full", "normal"][(round % 2) as usize];
        // In every fourth round this process has the file open, too, when the other one dies.
        let beside = (round % 4 == 3).then(|| Store::open(text, durability));
        let life = Duration::from_millis(dice.roll(250));
        let said = kill_child(&path, durability, seed, &known, life);
        for line in said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            if let Some((thread, number, facts)) = parse_ack(line) {
                let known = &mut known[thread as usize];
                assert_eq!(number, known.next, "round {round}: thread {thread} skipped a write");
                known.apply(seed, thread, facts);
                acknowledged += 1;
            }
        }
        let store = beside.unwrap_or_else(|| Store::open(text, durability));
        (0..).zip(&mut known).for_each(|(thread, known)| known.check(&store, seed, thread));
        store.close();
        if round % 8 == 7 {
            check_file(&path);
        }
    }
    check_file(&path);
    println!("{acknowledged} acknowledged writes in {rounds} rounds, seed {seed}");
    assert!(acknowledged > rounds * 5, "too little was written to prove anything: {acknowledged}");
}
