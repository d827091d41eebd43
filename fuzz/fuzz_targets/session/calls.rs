//! The calls themselves.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use lgstore::capi::error::*;
use lgstore::capi::runtime::*;

use super::*;

/// One runtime for all inputs; it is never freed.
fn runtime() -> *mut lgstore_runtime_t {
    static RUNTIME: OnceLock<usize> = OnceLock::new();
    let address = RUNTIME.get_or_init(|| {
        let mut runtime = null_mut();
        // SAFETY: NULL options are the default.
        assert_eq!(unsafe { lgstore_runtime_new(null(), &mut runtime, null_mut()) }, LGSTORE_OK);
        runtime as usize
    });
    *address as *mut lgstore_runtime_t
}

/// A store, plain or with faults, and a small queue.
pub fn make(how: u8) -> (*mut lgstore_t, *mut lgstore_cq_t) {
    let fault = match how % 10 {
        0..=5 => None,
        6 => Some("\"fail_every\":3"),
        7 => Some("\"panic_every\":4"),
        8 => Some("\"delay_us\":50"),
        _ => Some("\"fail_every\":2,\"delay_us\":20"),
    };
    let limits = "\"limits\":{\"inflight_operations\":8}";
    let config = match fault {
        None => format!("{{\"backend\":\"embedded\",{limits}}}"),
        Some(fault) => format!("{{\"backend\":\"fault\",\"fault\":{{{fault}}},{limits}}}"),
    };
    let (mut store, mut queue) = (null_mut(), null_mut());
    // SAFETY: everything lives through the calls.
    unsafe {
        let made = lgstore_new(runtime(), config.as_ptr().cast(), config.len(), &mut store, null_mut());
        assert_eq!(made, LGSTORE_OK);
        assert_eq!(lgstore_cq_new(null_mut(), 4, &mut queue, null_mut()), LGSTORE_OK);
    }
    (store, queue)
}

/// Reads a completion as C would.
pub fn read(completion: &lgstore_completion_t) -> (u64, u64, i32, String) {
    // SAFETY: NUL-terminated and borrowed for now.
    let json = unsafe { CStr::from_ptr(completion.json) }.to_str().expect("UTF-8").to_owned();
    assert_eq!(json.len(), completion.json_len);
    (completion.tag, completion.op, completion.status, json)
}

fn body(asked: Asked) -> (u32, String) {
    let place = |key: u8| format!("\"namespace\":[\"n\"],\"key\":\"{key}\"");
    match asked {
        Asked::Write(key, Some(number)) => {
            (LGSTORE_OP_PUT, format!("{{{},\"value\":{{\"n\":{number}}}}}", place(key)))
        }
        Asked::Write(key, None) => (LGSTORE_OP_DELETE, format!("{{{}}}", place(key))),
        Asked::Get(key) => (LGSTORE_OP_GET, format!("{{{}}}", place(key))),
    }
}

impl Session {
    fn request(&self, op: u32, body: &str, flags: u32, timeout_us: u64) -> lgstore_request_t {
        lgstore_request_t {
            struct_size: size_of::<lgstore_request_t>(),
            op,
            flags,
            json: body.as_ptr().cast(),
            json_len: body.len(),
            timeout_us,
            tag: self.requests.len() as u64,
        }
    }

    pub(super) fn submit(&mut self, asked: Asked, flags: u32, which: u8) {
        let (op, body) = body(asked);
        let timeout = if which > 240 { 1 } else { 0 };
        let request = self.request(op, &body, flags, timeout);
        let (mut id, mut done, mut error) = (0, null_mut(), null_mut());
        let inbox = (&raw const *self.inbox).cast_mut().cast::<c_void>();
        // SAFETY: everything lives through the call, the inbox longer than the store.
        let status = unsafe {
            lgstore_submit(self.store, &request, &mut id, &mut done, &mut error, Some(receive), inbox)
        };
        match status {
            LGSTORE_OK => self.accepted(id, asked),
            LGSTORE_DONE => {
                assert_eq!(id, 0);
                // SAFETY: an owned result.
                unsafe {
                    let json =
                        CStr::from_ptr(lgstore_result_json(done, null_mut())).to_str().unwrap().to_owned();
                    if let (Asked::Get(key), LGSTORE_OK) = (asked, lgstore_result_status(done)) {
                        self.check(key, &json);
                    }
                    self.taken.push(done);
                }
            }
            LGSTORE_E_BUSY => {}
            LGSTORE_E_CLOSED => assert!(self.closed),
            other => panic!("submit: {other}"),
        }
        assert_eq!(error.is_null(), status == LGSTORE_OK || status == LGSTORE_DONE);
        // SAFETY: NULL or owned.
        unsafe { lgstore_error_free(error) };
    }

    /// A few requests in one burst; some do not fit the arena.
    pub(super) fn burst(&mut self, which: u8) {
        let count = usize::from(which % 4) + 1;
        let (mut arena, mut burst, mut asked) = (String::new(), Vec::new(), Vec::new());
        for index in 0..count {
            let key = (which >> 2).wrapping_add(index as u8) % KEYS;
            let number = self.requests.len() as u64 + 1;
            let ask = if index % 2 == 0 { Asked::Write(key, Some(number)) } else { Asked::Get(key) };
            let (op, body) = body(ask);
            let outside = u32::from(which == 255 && index == 1);
            burst.push(lgstore_submission_t {
                op,
                flags: if which & 64 == 0 { 0 } else { LGSTORE_ALLOW_IMMEDIATE },
                json_off: arena.len() as u32,
                json_len: body.len() as u32 + outside * 1_000,
                timeout_us: 0,
                tag: self.requests.len() as u64 + index as u64,
            });
            arena.push_str(&body);
            asked.push(ask);
        }
        let mut accepted = 99;
        let mut ids = vec![0; count];
        // SAFETY: zeros are a valid completion.
        let mut done: Vec<lgstore_completion_t> = vec![unsafe { std::mem::zeroed() }; count];
        // SAFETY: everything lives through the call.
        let status = unsafe {
            lgstore_submit_cq(
                self.store,
                self.queue,
                arena.as_ptr().cast(),
                arena.len(),
                burst.as_ptr(),
                count,
                &mut accepted,
                ids.as_mut_ptr(),
                done.as_mut_ptr(),
            )
        };
        assert!(accepted == count || status != LGSTORE_OK, "{accepted} of {count}: {status}");
        for index in 0..accepted {
            let tag = self.requests.len() as u64;
            if ids[index] == 0 {
                match (asked[index], done[index].status) {
                    (Asked::Get(key), LGSTORE_OK) => self.check(key, &read(&done[index]).3),
                    (Asked::Write(key, value), LGSTORE_OK) => self.acknowledged.push((key, value)),
                    _ => {}
                }
                // SAFETY: a completion that was filled in, released once.
                unsafe { lgstore_cq_release(self.queue, &done[index], 1) };
            } else {
                assert!(done[index].owner.is_null());
            }
            // Tags were given before it was known which would be answered at once: a place each.
            let id =
                if ids[index] == 0 { self.requests.last().map_or(1, |last| last.id + 1) } else { ids[index] };
            self.accepted(id, asked[index]);
            if ids[index] == 0 {
                self.requests[tag as usize].completions = 1;
                self.open -= 1;
            }
        }
        let rest = &ids[accepted..];
        assert!(rest.iter().all(|id| *id == 0));
    }

    pub(super) fn drain(&mut self, max: usize) {
        // SAFETY: room for `max`; every completion is released once, some results are taken before.
        unsafe {
            let mut out: Vec<lgstore_completion_t> = vec![std::mem::zeroed(); max];
            let count = lgstore_cq_drain(self.queue, out.as_mut_ptr(), max);
            assert!(count <= max);
            for completion in &out[..count] {
                if completion.tag % 3 == 0 {
                    self.taken.push(lgstore_result_take(completion));
                }
                self.completed(read(completion));
            }
            lgstore_cq_release(self.queue, out.as_ptr(), count);
        }
    }

    pub(super) fn cancel(&mut self, which: u8) {
        let known = self.requests.get(usize::from(which) % self.requests.len().max(1));
        let id = known.map_or(u64::from(which), |request| request.id);
        // SAFETY: a live store.
        assert_eq!(unsafe { lgstore_cancel(self.store, id) }, LGSTORE_OK);
    }

    pub(super) fn call(&mut self, key: u8) {
        let (op, body) = body(Asked::Get(key));
        let request = self.request(op, &body, 0, 0);
        let mut result = null_mut();
        // SAFETY: everything lives through the call; the result is freed.
        unsafe {
            let status = lgstore_call(self.store, &request, &mut result, null_mut());
            if status == LGSTORE_OK {
                self.check(key, CStr::from_ptr(lgstore_result_json(result, null_mut())).to_str().unwrap());
            }
            lgstore_result_free(result);
        }
    }

    pub(super) fn misuse(&mut self, which: u8) {
        let mut request = self.request(u32::from(which), "{}", 0, 0);
        match which % 4 {
            0 => request.struct_size = usize::from(which) % 8,
            1 => request.flags = 0xf0,
            2 => request.json = null(),
            _ => request.op = 1_000 + u32::from(which),
        }
        let (mut id, mut error) = (9, null_mut());
        // SAFETY: as in submit; all of these are refused.
        unsafe {
            let callback = if which % 4 == 2 { None } else { Some(receive as _) };
            let status =
                lgstore_submit(self.store, &request, &mut id, null_mut(), &mut error, callback, null_mut());
            assert!(status != LGSTORE_OK && id == 0 && !error.is_null(), "{status}");
            lgstore_error_free(error);
        }
    }

    pub(super) fn small_calls(&mut self, which: u8) {
        // SAFETY: live handles.
        unsafe {
            match which % 5 {
                0 => lgstore_cq_wake(self.queue),
                1 => assert!(lgstore_cq_fd(self.queue) >= 0),
                2 => assert_eq!(lgstore_cq_set_doorbell(self.queue, Some(ring), null_mut()), LGSTORE_OK),
                3 => assert_eq!(lgstore_cq_set_doorbell(self.queue, None, null_mut()), LGSTORE_OK),
                _ => {
                    assert_eq!(lgstore_breaker_reset(self.store), LGSTORE_OK);
                    let mut metrics = null_mut();
                    assert_eq!(lgstore_metrics(self.store, 0, &mut metrics, null_mut()), LGSTORE_OK);
                    self.taken.push(metrics);
                    assert_eq!(lgstore_metrics_prometheus(self.store, &mut metrics, null_mut()), LGSTORE_OK);
                    self.taken.push(metrics);
                }
            }
        }
    }

    pub(super) fn close(&mut self) {
        // SAFETY: a live store.
        assert_eq!(unsafe { lgstore_close(self.store, 0) }, LGSTORE_OK);
        self.closed = true;
        // Everything has been called back or lies in the queue.
        self.receive();
        self.drain(16);
        assert_eq!(self.open, 0, "close left requests without a completion");
    }
}
