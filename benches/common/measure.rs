//! Measuring: process CPU, allocations, a few interleaved rounds.
#![allow(dead_code)] // shared by the benchmarks; none uses all of it

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts allocations of the whole process.
pub struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn cpu() -> Duration {
    // SAFETY: getrusage fills the struct it is given.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1_000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// What one round of one workload cost per operation.
#[derive(Clone, Copy)]
pub struct Cost {
    /// CPU of all threads of the process.
    pub cpu_us: f64,
    /// Elapsed.
    pub wall_us: f64,
    /// Calls of the allocator.
    pub allocations: f64,
}

/// The middle of some numbers; of an even number of them the lower of the two in the middle.
pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// The rounds of every workload of one run.
#[derive(Default)]
pub struct Table {
    rounds: BTreeMap<(usize, String), Vec<Cost>>,
    order: Vec<String>,
}

impl Table {
    /// Runs `work`, which does `operations` operations, once and notes its cost.
    pub fn round(&mut self, name: &str, operations: usize, work: impl FnOnce()) {
        let (allocations, cpu_before, wall) = (ALLOCATIONS.load(Ordering::Relaxed), cpu(), Instant::now());
        work();
        let wall = wall.elapsed();
        let per = |total: f64| total / operations as f64;
        let cost = Cost {
            cpu_us: per((cpu() - cpu_before).as_secs_f64() * 1e6),
            wall_us: per(wall.as_secs_f64() * 1e6),
            allocations: per((ALLOCATIONS.load(Ordering::Relaxed) - allocations) as f64),
        };
        let place = self.order.iter().position(|known| known == name).unwrap_or_else(|| {
            self.order.push(name.to_owned());
            self.order.len() - 1
        });
        self.rounds.entry((place, name.to_owned())).or_default().push(cost);
    }

    /// The round with the least CPU.
    pub fn least(&self, name: &str) -> Option<Cost> {
        let place = self.order.iter().position(|known| known == name)?;
        self.rounds[&(place, name.to_owned())].iter().copied().min_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us))
    }

    /// Every round of a workload, in the order in which they ran.
    pub fn rounds(&self, name: &str) -> &[Cost] {
        let place = self.order.iter().position(|known| known == name);
        place.and_then(|place| self.rounds.get(&(place, name.to_owned()))).map_or(&[], Vec::as_slice)
    }

    /// The workloads in the order of their first rounds.
    pub fn names(&self) -> &[String] {
        &self.order
    }

    /// Prints every workload, with its ratio to the raw engine's where `raw` names one.
    pub fn print(&self, raw: impl Fn(&str) -> Option<String>) {
        println!("| workload | CPU us/op | wall us/op | allocations/op | CPU vs raw |");
        println!("|---|---|---|---|---|");
        for name in &self.order {
            let Some(cost) = self.least(name) else { continue };
            let against = raw(name).and_then(|raw| self.least(&raw)).map_or(String::new(), |raw| {
                format!("{:.2} x, {:+.2} us", cost.cpu_us / raw.cpu_us, cost.cpu_us - raw.cpu_us)
            });
            println!(
                "| {name} | {:.2} | {:.2} | {:.1} | {against} |",
                cost.cpu_us, cost.wall_us, cost.allocations
            );
        }
    }
}
