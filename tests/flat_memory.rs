//! Memory stays flat: after many operations over a fixed set of keys the process holds what it held
//! before, less than a byte more per operation. `LGSTORE_OPERATIONS` makes it longer.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

use std::ptr::null_mut;

use lgstore::capi::cq::*;
use lgstore::capi::runtime::*;
use lgstore::capi::status::*;
use lgstore::capi::store::*;
use lgstore::capi::structs::*;
use lgstore::capi::submit::*;

/// Requests of one burst.
const BURST: u64 = 64;
/// Keys; each operation meets one of them.
const KEYS: u64 = 100;

/// Bytes that the process has in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("proc");
    let pages: u64 = statm.split(' ').nth(1).expect("a number").parse().expect("a number");
    // SAFETY: asks for a constant.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

fn request(number: u64) -> (u32, String) {
    let key = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % KEYS;
    let place = format!("\"namespace\":[\"flat\",\"{}\"],\"key\":\"{}\"", key % 7, key);
    let fill = "x".repeat((number % 300) as usize);
    match number % 16 {
        0 => (LGSTORE_OP_DELETE, format!("{{{place}}}")),
        1 => (LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[\"flat\"],\"limit\":5}".to_owned()),
        2 => (LGSTORE_OP_LIST_NAMESPACES, "{\"max_depth\":1}".to_owned()),
        3 => (LGSTORE_OP_GET, "{\"namespace\":7}".to_owned()),
        4 => {
            let put = format!("{{\"op\":\"put\",{place},\"value\":{{\"n\":{number}}},\"ttl\":3600}}");
            let get = format!("{{\"op\":\"get\",{place}}}");
            (LGSTORE_OP_BATCH, format!("{{\"ops\":[{put},{get}]}}"))
        }
        5 => (LGSTORE_OP_PUT_IF_ABSENT, format!("{{{place},\"value\":{{}}}}")),
        6..=9 => (LGSTORE_OP_PUT, format!("{{{place},\"value\":{{\"fill\":\"{fill}\"}}}}")),
        _ => (LGSTORE_OP_GET, format!("{{{place}}}")),
    }
}

/// Sends one burst and waits for all of it.
unsafe fn burst(store: *mut lgstore_t, queue: *mut lgstore_cq_t, first: u64) {
    let (mut arena, mut submissions) = (String::new(), Vec::new());
    for number in first..first + BURST {
        let (op, body) = request(number);
        submissions.push(lgstore_submission_t {
            op,
            flags: 0,
            json_off: arena.len() as u32,
            json_len: body.len() as u32,
            timeout_us: 0,
            tag: number,
        });
        arena.push_str(&body);
    }
    // SAFETY: everything lives through the calls; every completion is released once.
    unsafe {
        let mut accepted = 0;
        let status = lgstore_submit_cq(
            store,
            queue,
            arena.as_ptr().cast(),
            arena.len(),
            submissions.as_ptr(),
            submissions.len(),
            &mut accepted,
            null_mut(),
            null_mut(),
        );
        assert_eq!((status, accepted as u64), (LGSTORE_OK, BURST));
        let mut out: [lgstore_completion_t; BURST as usize] = std::mem::zeroed();
        let mut drained = 0;
        while drained < BURST {
            let count = lgstore_cq_wait(queue, out.as_mut_ptr(), out.len(), u64::MAX);
            for completion in &out[..count] {
                let refused = completion.tag % 16 == 3;
                assert_eq!(completion.status == LGSTORE_OK, !refused, "{}", completion.status);
            }
            lgstore_cq_release(queue, out.as_ptr(), count);
            drained += count as u64;
        }
    }
}

/// A runtime with few threads: each new one would need memory of its own, whenever it starts.
fn runtime() -> *mut lgstore_runtime_t {
    let mut runtime = null_mut();
    // SAFETY: zeros are valid for this struct.
    let mut options: lgstore_runtime_options_t = unsafe { std::mem::zeroed() };
    options.struct_size = size_of::<lgstore_runtime_options_t>();
    (options.worker_threads, options.max_blocking_threads) = (2, 2);
    // SAFETY: both live through the call.
    assert_eq!(unsafe { lgstore_runtime_new(&options, &mut runtime, null_mut()) }, LGSTORE_OK);
    runtime
}

/// Bytes more per operation, from the third tenth to the last: the least of each counts.
fn growth(config: &str, operations: u64) -> f64 {
    let (mut store, mut queue) = (null_mut(), null_mut());
    let bursts = operations / BURST;
    let (mut early, mut late) = (u64::MAX, u64::MAX);
    // SAFETY: made here, freed here.
    unsafe {
        let runtime = runtime();
        let made = lgstore_new(runtime, config.as_ptr().cast(), config.len(), &mut store, null_mut());
        assert_eq!(made, LGSTORE_OK);
        assert_eq!(lgstore_cq_new(null_mut(), 256, &mut queue, null_mut()), LGSTORE_OK);
        for number in 0..bursts {
            burst(store, queue, number * BURST);
            match number * 10 / bursts {
                2 => early = early.min(resident()),
                9 => late = late.min(resident()),
                _ => {}
            }
        }
        assert_eq!(lgstore_close(store, 10_000_000), LGSTORE_OK);
        lgstore_cq_free(queue);
        lgstore_free(store);
        assert_eq!(lgstore_runtime_join(runtime, u64::MAX), LGSTORE_OK);
        lgstore_runtime_free(runtime);
    }
    (late as f64 - early as f64) / (operations as f64 * 0.7)
}

fn check(name: &str, config: &str, operations: u64) {
    let all: u64 =
        std::env::var("LGSTORE_OPERATIONS").map_or(500_000, |text| text.parse().expect("a number"));
    let operations = all / 500_000 * operations;
    let bytes = growth(config, operations);
    println!("{name}: {bytes:.3} bytes per operation more after {operations} operations");
    assert!(bytes < 1.0, "{name}: memory grows by {bytes:.3} bytes per operation");
}

/// The measuring process.
#[test]
#[ignore = "the child process of the test here"]
fn child() {
    check("memory", "{\"backend\":\"embedded\"}", 500_000);
    #[cfg(feature = "file")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let config = serde_json::json!({"path": path, "durability": "normal", "readers": 2});
        check("file", &config.to_string(), 200_000);
    }
}

/// In a process of its own whose allocator keeps nothing back: its heaps and caches per thread fill
/// slowly and look like a leak.
#[test]
fn memory_does_not_grow_with_the_operations() {
    let tunables = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0";
    let status = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("GLIBC_TUNABLES", tunables)
        .status();
    assert!(status.expect("a child").success());
}
