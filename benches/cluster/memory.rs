//! The greatest memory of this process during a piece of work.

use std::fs;

/// Runs `work`; its answer, and by how many bytes the resident memory was above the start at its greatest.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, u64) {
    // Starts the kernel's mark anew; where that is not allowed, the mark of the process's life counts.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = field("VmRSS:");
    let answer = work();
    (answer, field("VmHWM:").saturating_sub(before))
}

fn field(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1_024
}
