//! One store, one queue, everything asked of them, and what may be in the store.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Condvar, Mutex};

use lgstore::capi::cq::*;
use lgstore::capi::result::*;
use lgstore::capi::status::*;
use lgstore::capi::store::*;
use lgstore::capi::structs::*;
use lgstore::capi::submit::*;

/// Value of an item: a number, or nothing.
type Value = Option<u64>;

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Write(u8, Value),
    Get(u8),
}

/// One accepted request.
#[derive(Debug)]
struct Request {
    id: u64,
    asked: Asked,
    completions: usize,
}

/// Completions as callbacks see them: tag, id, status, document.
#[derive(Default)]
pub struct Inbox {
    seen: Mutex<Vec<(u64, u64, i32, String)>>,
    came: Condvar,
}

/// Keys 0 to 3.
const KEYS: u8 = 4;

pub struct Session {
    store: *mut lgstore_t,
    queue: *mut lgstore_cq_t,
    inbox: Box<Inbox>,
    requests: Vec<Request>,
    /// How many of the requests have no completion yet.
    open: usize,
    /// What each key may hold, given all that was asked since the last rest.
    possible: BTreeMap<u8, BTreeSet<Value>>,
    /// Writes since the last rest: (key, value) that were acknowledged, and those in doubt.
    acknowledged: Vec<(u8, Value)>,
    doubtful: Vec<(u8, Value)>,
    /// What each key may have held at the last rest.
    rest: BTreeMap<u8, BTreeSet<Value>>,
    taken: Vec<*mut lgstore_result_t>,
    closed: bool,
}

unsafe extern "C" fn ring(_: *mut c_void) {}

unsafe extern "C" fn receive(completion: *const lgstore_completion_t, user_data: *mut c_void) {
    // SAFETY: borrowed for the call; the inbox outlives the store's close.
    let (completion, inbox) = unsafe { (&*completion, &*user_data.cast::<Inbox>()) };
    inbox.seen.lock().unwrap().push(calls::read(completion));
    inbox.came.notify_all();
}

impl Session {
    pub fn new(how: u8) -> Self {
        let nothing: BTreeMap<u8, BTreeSet<Value>> =
            (0..KEYS).map(|key| (key, BTreeSet::from([None]))).collect();
        let (store, queue) = calls::make(how);
        Self {
            store,
            queue,
            inbox: Box::default(),
            requests: Vec::new(),
            open: 0,
            possible: nothing.clone(),
            acknowledged: Vec::new(),
            doubtful: Vec::new(),
            rest: nothing,
            taken: Vec::new(),
            closed: false,
        }
    }

    pub fn step(&mut self, what: u8, which: u8) {
        let key = which % KEYS;
        let number = self.requests.len() as u64 + 1;
        match what % 16 {
            0 | 1 => self.submit(Asked::Write(key, Some(number)), 0, which),
            2 => self.submit(Asked::Write(key, None), 0, which),
            3 => self.submit(Asked::Get(key), 0, which),
            4 => self.submit(Asked::Get(key), LGSTORE_ALLOW_IMMEDIATE, which),
            5 | 6 => self.burst(which),
            7 | 8 => self.drain(usize::from(which % 5)),
            9 => self.cancel(which),
            10 => self.call(key),
            11 => self.settle(),
            12 => self.misuse(which),
            13 => self.small_calls(which),
            14 if which > 200 => self.close(),
            _ => self.receive(),
        }
    }

    /// Notes an accepted request; its tag is its place in the table.
    fn accepted(&mut self, id: u64, asked: Asked) {
        assert!(!self.closed, "accepted after close");
        assert!(self.requests.last().is_none_or(|before| before.id < id) && id > 0, "ids grow");
        if let Asked::Write(key, value) = asked {
            self.possible.get_mut(&key).unwrap().insert(value);
        }
        self.requests.push(Request { id, asked, completions: 0 });
        self.open += 1;
    }

    fn completed(&mut self, (tag, id, status, json): (u64, u64, i32, String)) {
        let request = &mut self.requests[tag as usize];
        request.completions += 1;
        assert_eq!((request.id, request.completions), (id, 1), "{request:?}: {json}");
        self.open -= 1;
        match (request.asked, status) {
            (Asked::Get(key), LGSTORE_OK) => self.check(key, &json),
            (Asked::Write(key, value), LGSTORE_OK) => self.acknowledged.push((key, value)),
            (Asked::Write(key, value), LGSTORE_E_UNKNOWN_OUTCOME) => self.doubtful.push((key, value)),
            (
                _,
                LGSTORE_E_CANCELLED
                | LGSTORE_E_TIMEOUT
                | LGSTORE_E_CLOSED
                | LGSTORE_E_UNAVAILABLE
                | LGSTORE_E_PANIC,
            ) => assert!(json.contains("\"code\""), "{json}"),
            (asked, status) => panic!("{asked:?} ended with {status}: {json}"),
        }
    }

    fn check(&self, key: u8, json: &str) {
        let found: Value = match json {
            "null" => None,
            item => {
                let item: serde_json::Value = serde_json::from_str(item).expect("an item");
                assert_eq!(item["key"], key.to_string(), "{item}");
                Some(item["value"]["n"].as_u64().expect("a number"))
            }
        };
        let possible = &self.possible[&key];
        assert!(possible.contains(&found), "key {key} holds {found:?}, may hold {possible:?}");
    }

    /// Takes what callbacks have received.
    fn receive(&mut self) {
        let seen = std::mem::take(&mut *self.inbox.seen.lock().unwrap());
        seen.into_iter().for_each(|one| self.completed(one));
    }

    /// Waits until nothing is in flight; then the last acknowledged writes decide.
    fn settle(&mut self) {
        while self.open > 0 {
            self.drain(8);
            self.receive();
            std::thread::yield_now();
        }
        for key in 0..KEYS {
            let of = |all: &[(u8, Value)]| -> BTreeSet<Value> {
                all.iter().filter(|(of, _)| *of == key).map(|(_, value)| *value).collect()
            };
            let (sure, doubtful) = (of(&self.acknowledged), of(&self.doubtful));
            // What failed is not among them: it surely did not happen.
            let mut possible = if sure.is_empty() { self.rest[&key].clone() } else { sure };
            possible.extend(doubtful);
            self.possible.insert(key, possible);
        }
        self.rest = self.possible.clone();
        self.acknowledged.clear();
        self.doubtful.clear();
        if !self.closed {
            (0..KEYS).for_each(|key| self.call(key));
        }
    }

    pub fn end(mut self) {
        self.settle();
        self.close();
        self.settle();
        assert!(self.requests.iter().all(|request| request.completions == 1), "{:?}", self.requests);
        // SAFETY: freed once each; nobody uses them any more.
        unsafe {
            for taken in std::mem::take(&mut self.taken) {
                assert!(!lgstore_result_json(taken, null_mut()).is_null());
                lgstore_result_free(taken);
            }
            lgstore_cq_free(self.queue);
            lgstore_free(self.store);
        }
    }
}
