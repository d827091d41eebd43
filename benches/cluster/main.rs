//! The store on a cluster through the C ABI, beside the raw driver with the same statements, in one run.
//!
//! `cargo bench --bench cluster` on a cluster that `LGSTORE_TEST_CONTACT_POINTS` names (host:port,…; default
//! 127.0.0.1:9042), in a keyspace of its own. It prints throughput, CPU of this process (the cluster is
//! another one) and allocations per operation beside the raw driver's; `-- --quick` runs a part,
//! `-- items`, `batches`, `search` or `list` one group, `-- --check` fails when a ceiling of
//! docs/performance.md is passed. Each round runs a workload raw and through lgstore, one right after the
//! other, because machines are shared: ratios are medians over the rounds, CPU is the least.

#[path = "../common/abi.rs"]
mod abi;
mod batches;
mod ceilings;
mod items;
mod lists;
#[path = "../common/measure.rs"]
mod measure;
mod memory;
mod raw;

use abi::Store;
use measure::{Counting, Table, median};
use raw::Raw;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Size of the runs.
pub struct Size {
    /// Requests of one round with many in flight; a tenth of it with one.
    pub requests: usize,
    /// Batches of one round.
    pub batches: usize,
    /// Namespaces that are listed.
    pub namespaces: usize,
    /// Rounds of each workload.
    pub rounds: usize,
}

/// Both sides on the same keyspace.
pub struct Bench {
    /// lgstore.
    pub store: Store,
    /// The driver alone.
    pub raw: Raw,
    /// What was measured.
    pub table: Table,
    /// How much is run.
    pub size: Size,
}

impl Bench {
    /// One round of a workload on both sides: `operations` operations each. The raw side goes first in
    /// every other round.
    pub fn pair(
        &mut self,
        name: &str,
        operations: usize,
        round: usize,
        ours: &mut dyn FnMut(&Store),
        raw: &mut dyn FnMut(&Raw),
    ) {
        let (mine, theirs) = (format!("{name}, lgstore"), format!("{name}, raw"));
        if round.is_multiple_of(2) {
            self.table.round(&theirs, operations, || raw(&self.raw));
            self.table.round(&mine, operations, || ours(&self.store));
        } else {
            self.table.round(&mine, operations, || ours(&self.store));
            self.table.round(&theirs, operations, || raw(&self.raw));
        }
    }

    /// One round of the raw driver driven from a thread that is not its runtime's: what crossing threads costs
    /// anyone whose callers have threads of their own.
    pub fn across(&mut self, name: &str, operations: usize, raw: &mut dyn FnMut(&Raw)) {
        self.table.round(&format!("{name}, across"), operations, || raw(&self.raw));
    }

    fn print(&self) {
        println!(
            "| workload | per second, raw | raw, from another thread | lgstore | time by raw's | by that thread's | CPU us/op, raw | from another thread | lgstore | more than raw | than that thread | allocations, raw | lgstore |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        let names = self.table.names().iter().filter_map(|name| name.strip_suffix(", lgstore"));
        for name in names {
            let (mine, theirs) = (format!("{name}, lgstore"), format!("{name}, raw"));
            let rate = |name: &str| 1e6 / median(self.table.rounds(name).iter().map(|cost| cost.wall_us));
            let (Some(own), Some(raw)) = (self.table.least(&mine), self.table.least(&theirs)) else {
                continue;
            };
            let across = format!("{name}, across");
            let cell = |shown: Option<String>| shown.unwrap_or_default();
            let crossing = self.table.least(&across);
            println!(
                "| {name} | {:.0} | {} | {:.0} | {:.2} x | {} | {:.1} | {} | {:.1} | {:+.1} | {} | {:.0} | {:.0} |",
                rate(&theirs),
                cell(crossing.map(|_| format!("{:.0}", rate(&across)))),
                rate(&mine),
                self.slowness(name, "raw"),
                cell(crossing.map(|_| format!("{:.2} x", self.slowness(name, "across")))),
                raw.cpu_us,
                cell(crossing.map(|cost| format!("{:.1}", cost.cpu_us))),
                own.cpu_us,
                own.cpu_us - raw.cpu_us,
                cell(crossing.map(|cost| format!("{:+.1}", own.cpu_us - cost.cpu_us))),
                raw.allocations,
                own.allocations,
            );
        }
    }

    /// Our time by another side's, the median over the rounds.
    pub fn slowness(&self, name: &str, side: &str) -> f64 {
        let own = self.table.rounds(&format!("{name}, lgstore"));
        let raw = self.table.rounds(&format!("{name}, {side}"));
        median(own.iter().zip(raw).map(|(own, raw)| own.wall_us / raw.wall_us))
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let one = ["items", "batches", "search", "list"].into_iter().any(asked);
    let wanted = |word: &str| !one || asked(word);
    let size = if asked("--quick") {
        Size { requests: 5_000, batches: 100, namespaces: 10_000, rounds: 3 }
    } else {
        Size { requests: 10_000, batches: 150, namespaces: 100_000, rounds: 15 }
    };
    let points = std::env::var("LGSTORE_TEST_CONTACT_POINTS").unwrap_or_else(|_| "127.0.0.1:9042".to_owned());
    let keyspace = raw::Keyspace::new(&points, &format!("lgstore_bench_{}", std::process::id()));
    let listed: Vec<_> = points.split(',').map(|point| format!("\"{point}\"")).collect();
    let config = format!(
        "{{\"backend\":\"cql\",\"contact_points\":[{}],\"keyspace\":\"{}\",\"request_timeout\":30}}",
        listed.join(","),
        keyspace.name()
    );
    let store = Store::open(&config);
    let raw = Raw::new(&points, keyspace.name());
    let mut bench = Bench { store, raw, table: Table::default(), size };
    if wanted("items") {
        items::run(&mut bench);
    }
    if wanted("batches") {
        batches::run(&mut bench);
    }
    let mut lists = Vec::new();
    if wanted("search") {
        lists.extend(lists::search(&mut bench));
    }
    if wanted("list") {
        lists.extend(lists::list(&mut bench));
    }
    bench.print();
    let mut hold = ceilings::hold(&bench);
    hold &= ceilings::lists_hold(&lists);
    drop(bench);
    drop(keyspace);
    if asked("--check") && !hold {
        std::process::exit(1);
    }
}
