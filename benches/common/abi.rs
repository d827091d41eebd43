//! A store through the functions of the C ABI, for the workloads.
#![allow(dead_code)] // shared by the benchmarks; none uses all of it

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

use lgstore::capi::cq::*;
use lgstore::capi::result::*;
use lgstore::capi::runtime::*;
use lgstore::capi::status::*;
use lgstore::capi::store::*;
use lgstore::capi::structs::*;
use lgstore::capi::submit::*;

/// A store on a runtime of its own, with a queue.
pub struct Store {
    pub runtime: *mut lgstore_runtime_t,
    pub store: *mut lgstore_t,
    pub queue: *mut lgstore_cq_t,
}

fn request(op: u32, body: &str, flags: u32) -> lgstore_request_t {
    lgstore_request_t {
        struct_size: size_of::<lgstore_request_t>(),
        op,
        flags,
        json: body.as_ptr().cast(),
        json_len: body.len(),
        timeout_us: 0,
        tag: 0,
    }
}

unsafe extern "C" fn ignore(_: *const lgstore_completion_t, _: *mut c_void) {}

/// Counts completions and checks their status.
unsafe extern "C" fn count(completion: *const lgstore_completion_t, user_data: *mut c_void) {
    // SAFETY: the library passes a live completion and our own counter.
    let (completion, counter) = unsafe { (&*completion, &*user_data.cast::<AtomicUsize>()) };
    assert_eq!(completion.status, LGSTORE_OK);
    counter.fetch_add(1, Ordering::Release);
}

impl Store {
    pub fn open(config: &str) -> Self {
        let (mut runtime, mut store, mut queue) = (null_mut(), null_mut(), null_mut());
        // SAFETY: out-parameters are live; the text outlives the call.
        unsafe {
            assert_eq!(lgstore_runtime_new(null(), &mut runtime, null_mut()), LGSTORE_OK);
            let status = lgstore_new(runtime, config.as_ptr().cast(), config.len(), &mut store, null_mut());
            assert_eq!(status, LGSTORE_OK);
            assert_eq!(lgstore_cq_new(runtime, 8_192, &mut queue, null_mut()), LGSTORE_OK);
        }
        let store = Self { runtime, store, queue };
        store.call(LGSTORE_OP_OPEN, "{}");
        store
    }

    /// One blocking call; the answer's text.
    pub fn call(&self, op: u32, body: &str) -> String {
        let mut result = null_mut();
        // SAFETY: live handles; the answer is copied before it is freed.
        unsafe {
            let status = lgstore_call(self.store, &request(op, body, 0), &mut result, null_mut());
            let mut len = 0;
            let json = lgstore_result_json(result, &mut len);
            assert!(!json.is_null(), "refused with {status}: {body}");
            let text = std::slice::from_raw_parts(json.cast::<u8>(), len);
            let text = String::from_utf8(text.to_vec()).expect("UTF-8");
            assert_eq!(status, LGSTORE_OK, "{text}");
            lgstore_result_free(result);
            text
        }
    }

    /// The counters, as JSON.
    pub fn metrics(&self) -> String {
        let mut result = null_mut();
        // SAFETY: live handles; the text is copied before it is freed.
        unsafe {
            assert_eq!(lgstore_metrics(self.store, 0, &mut result, null_mut()), LGSTORE_OK);
            let mut len = 0;
            let json = lgstore_result_json(result, &mut len);
            let text = std::slice::from_raw_parts(json.cast::<u8>(), len).to_vec();
            lgstore_result_free(result);
            String::from_utf8(text).expect("UTF-8")
        }
    }

    /// One request that must be answered on this thread.
    pub fn immediate(&self, op: u32, body: &str) -> usize {
        let (mut done, mut len) = (null_mut(), 0);
        // SAFETY: live handles.
        unsafe {
            let request = request(op, body, LGSTORE_ALLOW_IMMEDIATE);
            let status = lgstore_submit(
                self.store,
                &request,
                null_mut(),
                &mut done,
                null_mut(),
                Some(count),
                null_mut(),
            );
            assert_eq!(status, LGSTORE_DONE);
            lgstore_result_json(done, &mut len);
            lgstore_result_free(done);
        }
        len
    }

    /// One request that may be answered on this thread; one that is accepted completes unheard.
    pub fn try_immediate(&self, op: u32, body: &str) {
        let mut done = null_mut();
        // SAFETY: live handles.
        unsafe {
            let request = request(op, body, LGSTORE_ALLOW_IMMEDIATE);
            let (store, no_data) = (self.store, null_mut());
            lgstore_submit(store, &request, null_mut(), &mut done, null_mut(), Some(ignore), no_data);
            lgstore_result_free(done);
        }
    }

    /// Submits one request with a callback that counts; gives way when the store is full. True when it
    /// was accepted; the counter must live until all that were have completed.
    pub fn submit_or_yield(&self, op: u32, body: &str, completed: &AtomicUsize) -> bool {
        let request = request(op, body, 0);
        let user_data = (&raw const *completed).cast_mut().cast();
        let (store, none) = (self.store, null_mut());
        // SAFETY: live handles; the caller keeps the counter alive.
        let status =
            unsafe { lgstore_submit(store, &request, null_mut(), null_mut(), none, Some(count), user_data) };
        if status == LGSTORE_E_BUSY {
            std::thread::yield_now();
        }
        status == LGSTORE_OK
    }

    /// All bodies with callbacks, at most `depth` in flight.
    pub fn callbacks(&self, op: u32, bodies: &[String], depth: usize) {
        let done = AtomicUsize::new(0);
        for (sent, body) in bodies.iter().enumerate() {
            while sent - done.load(Ordering::Acquire) >= depth {
                std::thread::yield_now();
            }
            // SAFETY: `done` outlives every callback: this waits for all of them.
            let status = unsafe {
                let user_data = (&raw const done).cast_mut().cast();
                let request = request(op, body, 0);
                lgstore_submit(
                    self.store,
                    &request,
                    null_mut(),
                    null_mut(),
                    null_mut(),
                    Some(count),
                    user_data,
                )
            };
            assert_eq!(status, LGSTORE_OK);
        }
        while done.load(Ordering::Acquire) < bodies.len() {
            std::thread::yield_now();
        }
    }

    /// All bodies through the queue, at most `depth` in flight, submitted in bursts as they drain.
    pub fn queued(&self, op: u32, bodies: &[String], depth: usize) {
        let mut arena = String::new();
        let mut burst = Vec::with_capacity(depth);
        // SAFETY: all zeros are valid for this struct of numbers and pointers.
        let mut out = vec![unsafe { std::mem::zeroed::<lgstore_completion_t>() }; depth];
        let (mut sent, mut done) = (0, 0);
        while done < bodies.len() {
            arena.clear();
            burst.clear();
            while sent < bodies.len() && sent - done < depth {
                let body = &bodies[sent];
                let json_off = arena.len() as u32;
                arena.push_str(body);
                let json_len = body.len() as u32;
                burst.push(lgstore_submission_t { op, flags: 0, json_off, json_len, timeout_us: 0, tag: 1 });
                sent += 1;
            }
            // SAFETY: live handles, arrays as long as said.
            unsafe {
                if !burst.is_empty() {
                    let (mut accepted, data) = (0, arena.as_ptr().cast());
                    let status = lgstore_submit_cq(
                        self.store,
                        self.queue,
                        data,
                        arena.len(),
                        burst.as_ptr(),
                        burst.len(),
                        &mut accepted,
                        null_mut(),
                        null_mut(),
                    );
                    assert_eq!((status, accepted), (LGSTORE_OK, burst.len()));
                }
                let count = lgstore_cq_wait(self.queue, out.as_mut_ptr(), depth, u64::MAX);
                if let Some(failed) = out[..count].iter().find(|completion| completion.status != LGSTORE_OK) {
                    let json = std::slice::from_raw_parts(failed.json.cast::<u8>(), failed.json_len);
                    panic!("{}", String::from_utf8_lossy(json));
                }
                lgstore_cq_release(self.queue, out.as_ptr(), count);
                done += count;
            }
        }
    }
}

// SAFETY: handles are thread-safe.
unsafe impl Sync for Store {}
// SAFETY: as above.
unsafe impl Send for Store {}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: live handles, given up here.
        unsafe {
            assert_eq!(lgstore_close(self.store, 10_000_000), LGSTORE_OK);
            lgstore_cq_free(self.queue);
            lgstore_free(self.store);
            assert_eq!(lgstore_runtime_join(self.runtime, 10_000_000), LGSTORE_OK);
            lgstore_runtime_free(self.runtime);
        }
    }
}
