//! The vectors on a cluster: many cases at once, and real time for all that need it in one wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lgstore::op::client::{Client, Request};
use lgstore::store::operation::Kind;
use serde_json::json;

use crate::case::{Case, lines};
use crate::cluster::{self, Cluster};
use crate::judge;
use crate::run::{Run, Time};
use crate::stores::Stores;

/// What a cluster can do of what cases need.
const ABLE: [&str; 2] = ["fresh", "clock"];
/// Cases that run side by side, apart from those that mostly sleep.
const ABREAST: usize = 16;

/// A case, and where it came from so that it can be read anew.
struct Work {
    case: Case,
    line: (String, String),
    client: Arc<Client>,
}

#[test]
fn cql() {
    let began = Instant::now();
    let cluster = cluster::plain();
    let keyspace = cluster.keyspace("vectors");
    let mut base = keyspace.config();
    base["ttl"] = json!({"refresh_slack": 0});
    let mut stores = Stores::new(base, None);
    let (mut fresh, mut timed, mut others, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for line in lines() {
        let case = Case::read(&line.0, &line.1);
        let able = case.needs.iter().all(|need| ABLE.contains(&need.as_str()));
        if !able {
            left_out += 1;
        } else if case.needs("fresh") {
            fresh.push(case);
        } else {
            let list = if case.needs("clock") { &mut timed } else { &mut others };
            let client = stores.shared(&case.config);
            list.push(Work { case, line, client });
        }
    }
    let ran = fresh.len() + timed.len() + others.len();
    open(&stores);
    println!("cql: {} stores are open after {:.0} s", stores.all().len(), began.elapsed().as_secs_f64());

    let (failures, next) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let late = thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while let Some(work) = others.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(&work.client, &work.case, &failures);
                }
            });
        }
        side_by_side(&timed)
    });
    for case in &fresh {
        run_fresh(cluster, &mut stores, case, &failures);
    }
    // What a case keeps alive has seconds to spare, but a busy machine may take longer: what failed runs once more
    // when everything else has ended. An answer that is wrong is wrong again.
    let again = late.into_iter().map(|(work, why)| {
        println!("once more: {why}");
        let case = Case::read(&work.line.0, &work.line.1);
        Work { case, line: work.line.clone(), client: Arc::clone(&work.client) }
    });
    let again: Vec<Work> = again.collect();
    let mut failures = failures.into_inner().unwrap();
    failures.extend(side_by_side(&again).into_iter().map(|(_, why)| why));
    drop((again, timed, others));
    stores.close();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "cql: {ran} cases ({left_out} left out by what they need) in {seconds:.0} s, {} failures",
        failures.len()
    );
    judge("cql", &failures);
}

/// Opens every store: first one, which makes the tables. Ten clients at once have a test of their own.
fn open(stores: &Stores) {
    let request =
        Request { op: Kind::Open as u32, body: b"{}", allow_immediate: true, timeout: None, tag: 0 };
    let open = |client: &Arc<Client>| {
        let answer = client.call(&request).expect("an answer");
        assert!(answer.code().is_none(), "{}", answer.json());
    };
    let mut all = stores.all();
    all.next().into_iter().for_each(open);
    thread::scope(|scope| all.for_each(|client| drop(scope.spawn(move || open(client)))));
}

/// Runs all cases at once; gives those that failed, and why.
fn side_by_side(all: &[Work]) -> Vec<(&Work, String)> {
    let run = |work: &Work| Run::case(&work.client, &work.case, true, Time::Real);
    thread::scope(|scope| {
        let threads: Vec<_> = all.iter().map(|work| (work, scope.spawn(move || run(work)))).collect();
        let outcomes = threads.into_iter().map(|(work, thread)| (work, thread.join().expect("an outcome")));
        outcomes.filter_map(|(work, outcome)| Some((work, outcome.err()?))).collect()
    })
}

fn run(client: &Arc<Client>, case: &Case, failures: &Mutex<Vec<String>>) {
    // The cluster answers nothing on the calling thread, so once is enough.
    if let Err(why) = Run::case(client, case, true, Time::Real) {
        failures.lock().unwrap().push(why);
    }
}

fn run_fresh(cluster: &Cluster, stores: &mut Stores, case: &Case, failures: &Mutex<Vec<String>>) {
    let keyspace = cluster.keyspace("fresh");
    let client = stores.open(&case.config, Some(&keyspace.name));
    run(&client, case, failures);
    client.close(Duration::from_secs(10)).expect("closed");
}
