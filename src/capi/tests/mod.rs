//! The boundary, called as C calls it. Miri runs these: provenance, bounds and lifetimes of everything
//! that crosses are checked, which no test from C can do.

mod handles;
mod requests;
mod results;
mod structs;

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::error::*;
use super::result::*;
use super::runtime::*;
use super::status::*;
use super::store::*;
use super::structs::*;
use super::submit::*;

/// A store in memory. Few places: Miri takes minutes to make the usual number of them.
const CONFIG: &str = r#"{"backend":"embedded","limits":{"inflight_operations":8}}"#;

/// A runtime with few threads and a store in memory on it.
struct Fixture {
    runtime: *mut lgstore_runtime_t,
    store: *mut lgstore_t,
}

impl Fixture {
    fn new() -> Self {
        Self::with(CONFIG)
    }

    fn with(config: &str) -> Self {
        // SAFETY: zeros are valid for this struct.
        let mut options: lgstore_runtime_options_t = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<lgstore_runtime_options_t>();
        options.worker_threads = 1;
        options.max_blocking_threads = 2;
        let (mut runtime, mut store) = (null_mut(), null_mut());
        // SAFETY: everything lives through the calls.
        unsafe {
            assert_eq!(lgstore_runtime_new(&options, &mut runtime, null_mut()), LGSTORE_OK);
            let status = lgstore_new(runtime, config.as_ptr().cast(), config.len(), &mut store, null_mut());
            assert_eq!(status, LGSTORE_OK);
        }
        Self { runtime, store }
    }

    /// A blocking call: its status and document.
    fn call(&self, op: u32, body: &str) -> (i32, String) {
        let request = request(op, body, 0);
        let (mut result, mut error) = (null_mut(), null_mut());
        // SAFETY: everything lives through the call; what it gives is freed once.
        unsafe {
            let status = lgstore_call(self.store, &request, &mut result, &mut error);
            let text = match result.is_null() {
                true => text(lgstore_error_json(error, null_mut())),
                false => text(lgstore_result_json(result, null_mut())),
            };
            lgstore_result_free(result);
            lgstore_error_free(error);
            (status, text)
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // SAFETY: freed once, nobody uses them any more.
        unsafe {
            assert_eq!(lgstore_close(self.store, 10_000_000), LGSTORE_OK);
            lgstore_free(self.store);
            assert_eq!(lgstore_runtime_join(self.runtime, 60_000_000), LGSTORE_OK);
            lgstore_runtime_free(self.runtime);
        }
    }
}

fn request(op: u32, body: &str, flags: u32) -> lgstore_request_t {
    lgstore_request_t {
        struct_size: size_of::<lgstore_request_t>(),
        op,
        flags,
        json: body.as_ptr().cast(),
        json_len: body.len(),
        timeout_us: 0,
        tag: 7,
    }
}

/// A text that came out: read up to its NUL, as C would.
fn text(pointer: *const c_char) -> String {
    // SAFETY: every text that comes out is NUL-terminated and alive here.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned()
}

/// What a callback saw: op, tag, status, document; and the result, taken.
struct Seen {
    op: u64,
    tag: u64,
    status: i32,
    json: String,
    taken: *mut lgstore_result_t,
}

// SAFETY: a result may be used from any thread.
unsafe impl Send for Seen {}

/// Where `record` sends to, as user data.
struct Recorder {
    sender: Sender<Seen>,
    seen: Receiver<Seen>,
}

impl Recorder {
    fn new() -> Self {
        let (sender, seen) = channel();
        Self { sender, seen }
    }

    fn user_data(&self) -> *mut c_void {
        (&raw const self.sender).cast_mut().cast()
    }
}

unsafe extern "C" fn record(completion: *const lgstore_completion_t, user_data: *mut c_void) {
    // SAFETY: the completion is borrowed for the call, the recorder outlives the request.
    unsafe {
        let (completion, sender) = (&*completion, &*user_data.cast::<Sender<Seen>>());
        let json = text(completion.json);
        assert_eq!(json.len(), completion.json_len);
        let taken = lgstore_result_take(completion);
        let seen = Seen { op: completion.op, tag: completion.tag, status: completion.status, json, taken };
        sender.send(seen).expect("the test is waiting");
    }
}
