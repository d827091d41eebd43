//! A runtime at the edges of its process: exit with work pending, and fork.
//!
//! Each case runs in a process of its own: this test starts itself again with the case's name in
//! `LGSTORE_TEST_CASE`.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lgstore::error::Code;
use lgstore::runtime::{Runtime, RuntimeOptions, Stage, fork};

const PATIENCE: Duration = Duration::from_secs(60);
/// The exit code of a case that went as it should; no test harness uses it.
const PASSED: i32 = 42;

/// Runs one case in a process of its own.
fn run(case: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "the_case", "--nocapture"]).env("LGSTORE_TEST_CASE", case);
    command.output().expect("started")
}

fn assert_success(case: &str) {
    let output = run(case);
    assert_eq!(output.status.code(), Some(PASSED), "{case}: {output:?}");
}

/// Does nothing by itself; the tests below start it in a process of its own.
#[test]
fn the_case() {
    match std::env::var("LGSTORE_TEST_CASE").as_deref() {
        Err(_) => {}
        Ok("exit with work pending") => exit_with_work_pending(),
        Ok("exit from a callback") => exit_from_a_callback(),
        Ok("exit while a runtime ends") => exit_while_a_runtime_ends(),
        Ok("fork") => forked(),
        Ok(other) => panic!("no such case: {other}"),
    }
}

#[test]
fn the_process_may_exit_at_any_time() {
    for case in ["exit with work pending", "exit from a callback", "exit while a runtime ends"] {
        assert_success(case);
    }
}

#[test]
fn a_forked_child_sees_old_handles_as_forked_and_makes_new_ones() {
    assert_success("fork");
}

fn exit_with_work_pending() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let shared = Runtime::shared().expect("a runtime");
    runtime.log().set_sink(Some(Box::new(|_, _| {})), 5).expect("set");
    let (started, seen) = channel();
    for runtime in [&runtime, &shared] {
        let (task, blocking, callback) = (started.clone(), started.clone(), started.clone());
        runtime.handle().spawn(async move {
            let _ = task.send(());
            std::future::pending::<()>().await;
        });
        runtime.handle().spawn_blocking(move || {
            let _ = blocking.send(());
            loop {
                std::thread::park();
            }
        });
        runtime.callbacks().post(Box::new(move || {
            let _ = callback.send(());
            loop {
                tracing::info!("busy");
            }
        }));
    }
    (0..6).for_each(|_| seen.recv_timeout(PATIENCE).expect("started"));
    std::process::exit(PASSED);
}

fn exit_from_a_callback() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    runtime.callbacks().post(Box::new(|| std::process::exit(PASSED)));
    let _ = runtime.join(Some(PATIENCE));
    panic!("the callback did not end the process");
}

fn exit_while_a_runtime_ends() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let (stuck, gate) = channel::<()>();
    runtime.callbacks().post(Box::new(move || {
        let _ = gate.recv();
    }));
    let ending = runtime.ending();
    drop(runtime);
    while ending.stage() != Stage::Callbacks {
        std::thread::yield_now();
    }
    std::mem::forget(stuck);
    std::process::exit(PASSED);
}

fn forked() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let shared = Runtime::shared().expect("a runtime");
    runtime.log().set_sink(Some(Box::new(|_, _| {})), 1).expect("set");
    let generation = fork::generation();
    // SAFETY: the child does what a careful host does after fork: it uses the library's promises
    // (old handles refuse, new ones work) and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let passed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| in_child(runtime, shared, generation)));
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(i32::from(passed.is_err())) };
    }
    let begun = Instant::now();
    let mut status = 0;
    // SAFETY: `status` is writable; `child` is this process's child.
    while unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == 0 {
        if begun.elapsed() > PATIENCE {
            // SAFETY: the child has not been waited for, so the number is still its own.
            unsafe { libc::kill(child, libc::SIGKILL) };
            panic!("the child hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status, 0, "the child failed");
    assert_eq!(fork::generation(), generation, "forks are counted in the child only");
    drop(shared);
    runtime.join(Some(PATIENCE)).expect("the parent's runtime is untouched");
    std::process::exit(PASSED);
}

fn in_child(runtime: std::sync::Arc<Runtime>, shared: std::sync::Arc<Runtime>, generation: u32) {
    assert_ne!(fork::generation(), generation);
    assert_eq!(runtime.check_fork().expect_err("forked").code(), Code::Forked);
    assert_eq!(runtime.clone().join(None).expect_err("forked").code(), Code::Forked);
    drop(runtime);
    let own = Runtime::shared().expect("a runtime of the child");
    assert!(!std::sync::Arc::ptr_eq(&own, &shared));
    drop(shared);
    let (sender, receiver) = channel();
    own.callbacks().post(Box::new(move || {
        let _ = sender.send(7);
    }));
    assert_eq!(receiver.recv_timeout(PATIENCE).expect("called back"), 7);
    own.join(Some(PATIENCE)).expect("joined");
}
