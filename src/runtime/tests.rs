use std::collections::BTreeMap;
use std::fs;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::Instant;

use super::*;

/// Long enough for any machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn runtime(prefix: &str) -> Arc<Runtime> {
    Runtime::new(RuntimeOptions { thread_prefix: prefix.to_owned(), ..RuntimeOptions::default() })
        .expect("a runtime")
}

/// Names of this process's threads that begin with `prefix`, with their masks of blocked signals.
fn threads_of(prefix: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").expect("a proc file system").flatten() {
        // A thread may end between the listing and the reading.
        let Ok(name) = fs::read_to_string(task.path().join("comm")) else { continue };
        let Ok(status) = fs::read_to_string(task.path().join("status")) else { continue };
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap_or("0");
        if name.starts_with(prefix) {
            found.insert(name.trim().to_owned(), u64::from_str_radix(blocked.trim(), 16).expect("hex"));
        }
    }
    found
}

/// Waits until no thread of that name is listed: the kernel takes a joined thread off its list a
/// moment after it has told the joiner.
fn assert_gone(prefix: &str) {
    let begun = Instant::now();
    while !threads_of(prefix).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "left behind: {:?}", threads_of(prefix));
        std::thread::yield_now();
    }
}

fn blocks(mask: u64, signal: libc::c_int) -> bool {
    mask >> (signal - 1) & 1 == 1
}

#[test]
fn threads_have_names_and_block_asynchronous_signals() {
    let runtime = Runtime::new(RuntimeOptions {
        worker_threads: 2,
        callback_threads: 2,
        thread_prefix: "names".into(),
        ..RuntimeOptions::default()
    })
    .expect("a runtime");
    // A thread names itself, so each must be seen running before its name is read.
    let (logged, lines) = channel();
    let sink = move |_: i32, json: &str| drop(logged.send(json.to_owned()));
    runtime.log().set_sink(Some(Box::new(sink)), 1).expect("a log thread");
    runtime.log().with(tracing::Level::ERROR, || tracing::error!("runs"));
    lines.recv_timeout(PATIENCE).expect("a line");
    let meet = Arc::new(Barrier::new(5));
    for _ in 0..2 {
        let (callbacks, handle) = (meet.clone(), meet.clone());
        runtime.callbacks().post(Box::new(move || {
            callbacks.wait();
        }));
        runtime.handle().spawn_blocking(move || handle.wait());
    }
    meet.wait();
    let threads = threads_of("names-");
    let names: Vec<_> = threads.keys().map(String::as_str).collect();
    let expected =
        ["names-blk-1", "names-blk-2", "names-cb-1", "names-cb-2", "names-io-1", "names-io-2", "names-log"];
    assert_eq!(names, expected);
    for (name, mask) in threads {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1, libc::SIGCHLD, libc::SIGALRM]
        {
            assert!(blocks(mask, signal), "{name} does not block signal {signal}: {mask:x}");
        }
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
            assert!(!blocks(mask, signal), "{name} blocks signal {signal}: {mask:x}");
        }
    }
    runtime.join(Some(PATIENCE)).expect("joined");
    assert_gone("names-");
}

#[test]
fn making_a_runtime_leaves_the_callers_signals_alone() {
    let own = || {
        let status = fs::read_to_string("/proc/thread-self/status").expect("a proc file system");
        status.lines().find(|line| line.starts_with("SigBlk:")).map(str::to_owned)
    };
    let before = own();
    runtime("mask").join(Some(PATIENCE)).expect("joined");
    assert_eq!(own(), before);
}

#[test]
fn library_threads_are_known() {
    let runtime = runtime("known");
    assert!(!runtime.is_library_thread());
    let (sender, receiver) = channel();
    let (callback, task, blocking, own) = (sender.clone(), sender.clone(), sender.clone(), sender);
    runtime.callbacks().post(Box::new(move || {
        let _ = callback.send(is_library_thread());
    }));
    runtime.handle().spawn(async move { task.send(is_library_thread()) });
    runtime.handle().spawn_blocking(move || blocking.send(is_library_thread()));
    let writer = runtime
        .spawn_thread("wr", 1, move || {
            let _ = own.send(is_library_thread());
        })
        .expect("a thread");
    writer.join().expect("ended");
    assert_eq!(receiver.iter().take(4).collect::<Vec<_>>(), [true; 4]);
}

#[test]
fn one_callback_thread_keeps_the_order_and_survives_panics() {
    let runtime = runtime("order");
    let (sender, receiver) = channel();
    for number in 0..1_000 {
        let sender = sender.clone();
        runtime.callbacks().post(Box::new(move || {
            let _ = sender.send(number);
            if number % 100 == 0 {
                std::panic::resume_unwind(Box::new("quiet"));
            }
        }));
    }
    drop(sender);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..1_000).collect::<Vec<_>>());
    let callbacks = runtime.callbacks().clone();
    runtime.join(Some(PATIENCE)).expect("joined");
    assert_eq!(callbacks.panics(), 10);
}

#[test]
fn two_callbacks_can_wait_for_each_other_on_two_threads() {
    let options = RuntimeOptions { callback_threads: 2, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).expect("a runtime");
    let (meet, (sender, receiver)) = (Arc::new(Barrier::new(2)), channel());
    for _ in 0..200 {
        let (meet, sender) = (meet.clone(), sender.clone());
        runtime.callbacks().post(Box::new(move || {
            meet.wait();
            let _ = sender.send(());
        }));
    }
    assert!((0..200).all(|_| receiver.recv_timeout(PATIENCE).is_ok()));
}

#[test]
fn inline_callbacks_run_on_workers_but_never_on_the_host_or_inside_another() {
    let options = RuntimeOptions {
        callbacks_inline: true,
        thread_prefix: "inline".into(),
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(options).expect("a runtime");
    let name = || std::thread::current().name().unwrap_or_default().to_owned();
    let (sender, receiver) = channel();
    let (callbacks, to) = (runtime.callbacks().clone(), sender.clone());
    runtime.callbacks().post(Box::new(move || {
        let _ = to.send(("host", name()));
    }));
    runtime.handle().spawn(async move {
        let inner = callbacks.clone();
        callbacks.post(Box::new(move || {
            let to = sender.clone();
            inner.post(Box::new(move || {
                let _ = to.send(("nested", name()));
            }));
            let _ = sender.send(("task", name()));
        }));
    });
    let ran: BTreeMap<_, _> = receiver.iter().take(3).collect();
    assert_eq!((&*ran["host"], &*ran["nested"]), ("inline-cb-1", "inline-cb-1"));
    assert!(ran["task"].starts_with("inline-io-"), "{ran:?}");
}

#[test]
fn the_last_reference_may_go_on_any_thread_of_its_own() {
    for place in ["callback", "worker", "blocking", "timer"] {
        let runtime = runtime("last");
        let ending = runtime.ending();
        let handle = runtime.handle().clone();
        let callbacks = runtime.callbacks().clone();
        match place {
            "callback" => callbacks.post(Box::new(move || drop(runtime))),
            "worker" => drop(handle.spawn(async move { drop(runtime) })),
            "blocking" => drop(handle.spawn_blocking(move || drop(runtime))),
            _ => drop(handle.spawn(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(runtime);
            })),
        }
        ending.wait(Some(PATIENCE)).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(ending.stage(), Stage::Ended);
    }
}

#[test]
fn tasks_that_are_dropped_at_the_end_still_call_back_in_time() {
    /// Completes when it is dropped, as an accepted request does.
    struct Completes(CallbackPool, std::sync::mpsc::Sender<bool>);
    impl Drop for Completes {
        fn drop(&mut self) {
            let sender = self.1.clone();
            self.0.post(Box::new(move || {
                let _ = sender.send(is_library_thread());
            }));
        }
    }
    let runtime = runtime("drops");
    let (sender, receiver) = channel();
    for _ in 0..100 {
        let request = Completes(runtime.callbacks().clone(), sender.clone());
        runtime.handle().spawn(async move {
            std::future::pending::<()>().await;
            drop(request);
        });
    }
    drop(sender);
    runtime.join(Some(PATIENCE)).expect("joined");
    assert_eq!(receiver.try_iter().filter(|on_library_thread| *on_library_thread).count(), 100);
}

#[test]
fn join_says_what_it_waits_for_and_can_be_repeated() {
    let runtime = runtime("stuck");
    let (ending, other) = (runtime.ending(), runtime.clone());
    let error = runtime.join(Some(Duration::ZERO)).expect_err("still used");
    assert_eq!(error.code(), Code::Timeout);
    assert!(error.message().contains("in use"), "{error}");

    let (go, gate) = channel::<()>();
    other.callbacks().post(Box::new(move || {
        let _ = gate.recv();
    }));
    drop(other);
    while ending.stage() != Stage::Callbacks {
        std::thread::yield_now();
    }
    let error = ending.wait(Some(Duration::from_millis(1))).expect_err("a stuck callback");
    assert!(error.code() == Code::Timeout && error.message().contains("callback"), "{error}");
    drop(go);
    ending.wait(Some(Duration::MAX)).expect("ended");
    ending.wait(None).expect("again");
    assert_gone("stuck-");
}

#[test]
fn a_stuck_callback_holds_up_no_other_runtime() {
    let (go, gate) = channel::<()>();
    let stuck = runtime("held");
    let ending = stuck.ending();
    stuck.callbacks().post(Box::new(move || {
        let _ = gate.recv();
    }));
    drop(stuck);
    runtime("free").join(Some(PATIENCE)).expect("joined");
    drop(go);
    ending.wait(Some(PATIENCE)).expect("ended");
}

#[test]
fn join_on_a_library_thread_is_refused() {
    let runtime = runtime("self");
    let (sender, receiver) = channel();
    let own = runtime.clone();
    runtime.callbacks().post(Box::new(move || {
        let _ = sender.send(own.join(None));
    }));
    let error = receiver.recv_timeout(PATIENCE).expect("answered").expect_err("refused");
    assert_eq!(error.code(), Code::WouldDeadlock);
    runtime.join(Some(PATIENCE)).expect("joined");
}

#[test]
fn a_thousand_runtimes_leave_no_thread() {
    let ran = Arc::new(AtomicUsize::new(0));
    let mut endings = Vec::new();
    for _ in 0..1_000 {
        let runtime = Runtime::new(RuntimeOptions {
            worker_threads: 1,
            thread_prefix: "many".into(),
            ..RuntimeOptions::default()
        })
        .expect("a runtime");
        let ran = ran.clone();
        runtime.callbacks().post(Box::new(move || {
            ran.fetch_add(1, Ordering::Relaxed);
        }));
        endings.push(runtime.ending());
    }
    for ending in endings {
        ending.wait(Some(PATIENCE)).expect("ended");
    }
    assert_eq!(ran.load(Ordering::Relaxed), 1_000);
    assert_gone("many-");
}

#[test]
fn the_shared_runtime_lives_as_long_as_its_users() {
    let first = Runtime::shared().expect("a runtime");
    let second = Runtime::shared().expect("a runtime");
    assert!(Arc::ptr_eq(&first, &second));
    let ending = first.ending();
    drop(first);
    assert_eq!(ending.stage(), Stage::InUse);
    drop(second);
    ending.wait(Some(PATIENCE)).expect("ended");
    let again = Runtime::shared().expect("a new one");
    let (sender, receiver) = channel();
    again.callbacks().post(Box::new(move || {
        let _ = sender.send(());
    }));
    receiver.recv_timeout(PATIENCE).expect("it works");
}

#[test]
fn many_threads_asking_first_get_one_shared_runtime_that_works() {
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..20 {
                    let runtime = Runtime::shared().expect("a runtime");
                    let (sender, receiver) = channel();
                    runtime.handle().spawn(async move { sender.send(()) });
                    receiver.recv_timeout(PATIENCE).expect("it works");
                }
            });
        }
    });
}

#[test]
fn callbacks_after_the_end_still_run() {
    let runtime = runtime("after");
    let callbacks = runtime.callbacks().clone();
    runtime.join(Some(PATIENCE)).expect("joined");
    let ran = Arc::new(AtomicBool::new(false));
    let theirs = ran.clone();
    callbacks.post(Box::new(move || theirs.store(true, Ordering::Relaxed)));
    assert!(ran.load(Ordering::Relaxed));
}

#[test]
fn a_joined_runtime_waits_for_work_that_blocks() {
    let runtime = runtime("blocks");
    let done = Arc::new(AtomicBool::new(false));
    let (started, (go, gate)) = (channel(), channel::<()>());
    let theirs = done.clone();
    runtime.handle().spawn_blocking(move || {
        let _ = started.0.send(());
        let _ = gate.recv();
        theirs.store(true, Ordering::Relaxed);
    });
    started.1.recv_timeout(PATIENCE).expect("started");
    let (ending, begun) = (runtime.ending(), Instant::now());
    let error = runtime.join(Some(Duration::from_millis(5))).expect_err("still running");
    assert!(begun.elapsed() >= Duration::from_millis(5) && error.message().contains("request"), "{error}");
    drop(go);
    ending.wait(Some(PATIENCE)).expect("ended");
    assert!(done.load(Ordering::Relaxed));
}

#[test]
fn options_out_of_range_name_the_option() {
    let wrong = [
        ("worker_threads", RuntimeOptions { worker_threads: 257, ..RuntimeOptions::default() }),
        ("callback_threads", RuntimeOptions { callback_threads: 65, ..RuntimeOptions::default() }),
        (
            "callback_threads",
            RuntimeOptions { callback_threads: 2, callbacks_inline: true, ..Default::default() },
        ),
        ("max_blocking_threads", RuntimeOptions { max_blocking_threads: 1_025, ..Default::default() }),
        ("log_lines", RuntimeOptions { log_lines: 1_000_001, ..RuntimeOptions::default() }),
        ("thread_prefix", RuntimeOptions { thread_prefix: "a\0b".into(), ..RuntimeOptions::default() }),
        ("thread_prefix", RuntimeOptions { thread_prefix: "x".repeat(65), ..RuntimeOptions::default() }),
    ];
    for (field, options) in wrong {
        let error = Runtime::new(options).err().expect("refused");
        assert_eq!((error.code(), error.field()), (Code::InvalidArg, Some(field)));
    }
}

#[test]
fn each_runtimes_threads_log_to_it_alone() {
    let (loud, silent) = (runtime("loud"), runtime("silent"));
    let (sender, lines) = channel();
    loud.log()
        .set_sink(
            Some(Box::new(move |_, json| {
                let _ = sender.send(json.to_owned());
            })),
            5,
        )
        .expect("set");
    for (runtime, name) in [(&silent, "silent"), (&loud, "loud")] {
        let task = async move { tracing::info!("task of {name}") };
        runtime.handle().block_on(runtime.handle().spawn(task)).expect("ran");
        let blocks = move || tracing::info!("blocking of {name}");
        runtime.handle().block_on(runtime.handle().spawn_blocking(blocks)).expect("ran");
        let thread =
            runtime.spawn_thread("wr", 1, move || tracing::info!("thread of {name}")).expect("a thread");
        thread.join().expect("ran");
        runtime.callbacks().post(Box::new(|| std::panic::resume_unwind(Box::new("quiet"))));
    }
    for runtime in [silent, loud] {
        runtime.join(Some(PATIENCE)).expect("joined");
    }
    let lines: Vec<_> = lines.iter().collect();
    for text in ["task of loud", "blocking of loud", "thread of loud", "a callback panicked"] {
        assert_eq!(lines.iter().filter(|line| line.contains(text)).count(), 1, "{text}: {lines:?}");
    }
    assert_eq!(lines.len(), 4, "{lines:?}");
}

#[test]
fn a_log_callback_that_hangs_is_named_by_join() {
    let runtime = runtime("hang");
    let (go, gate) = channel::<()>();
    let gate = crate::lock::Mutex::new(gate);
    let sink = move |_: i32, _: &str| {
        let _ = gate.lock().recv();
    };
    runtime.log().set_sink(Some(Box::new(sink)), 1).expect("set");
    runtime.log().with(tracing::Level::ERROR, || tracing::error!("stuck"));
    let ending = runtime.ending();
    drop(runtime);
    while ending.stage() != Stage::Log {
        std::thread::yield_now();
    }
    let error = ending.wait(Some(Duration::from_millis(1))).expect_err("a stuck log callback");
    assert!(error.code() == Code::Timeout && error.message().contains("log callback"), "{error}");
    drop(go);
    ending.wait(Some(PATIENCE)).expect("ended");
}
