//! Requests there and back: with a callback, through a queue, waiting, at once.

use super::*;
use crate::capi::cq::*;

const PUT: &str = r#"{"namespace":["a"],"key":"k","value":{"n":1}}"#;
const GET: &str = r#"{"namespace":["a"],"key":"k"}"#;

#[test]
fn a_callback_gets_the_one_completion() {
    let recorder = Recorder::new();
    let fixture = Fixture::new();
    let mut ids = Vec::new();
    for (op, body) in [(LGSTORE_OP_PUT, PUT), (LGSTORE_OP_GET, GET), (LGSTORE_OP_GET, "{}")] {
        // The request's memory goes away as soon as submit has returned.
        let body = body.to_owned();
        let request = request(op, &body, 0);
        let (mut id, mut error) = (0, null_mut());
        // SAFETY: all live through the call; the recorder outlives the store.
        let status = unsafe {
            let (callback, data) = (Some(record as _), recorder.user_data());
            lgstore_submit(fixture.store, &request, &mut id, null_mut(), &mut error, callback, data)
        };
        if body == "{}" {
            assert_eq!((status, id), (LGSTORE_E_INVALID_ARG, 0));
            // SAFETY: owned.
            unsafe { lgstore_error_free(error) };
            continue;
        }
        assert_eq!(status, LGSTORE_OK);
        let seen = recorder.seen.recv().expect("a completion");
        assert_eq!((seen.op, seen.tag, seen.status), (id, 7, LGSTORE_OK));
        // SAFETY: taken in the callback, freed once.
        unsafe {
            assert_eq!(text(lgstore_result_json(seen.taken, null_mut())), seen.json);
            lgstore_result_free(seen.taken);
        }
        ids.push(seen.op);
    }
    assert!(ids[0] < ids[1]);
    drop(fixture);
    assert!(recorder.seen.try_recv().is_err(), "a second completion");
}

#[test]
fn a_blocking_call_and_an_immediate_answer() {
    let fixture = Fixture::new();
    assert_eq!(fixture.call(LGSTORE_OP_PUT, PUT), (LGSTORE_OK, "null".to_owned()));
    let (status, item) = fixture.call(LGSTORE_OP_GET, GET);
    assert!(status == LGSTORE_OK && item.contains("\"value\":{\"n\":1}"), "{item}");
    assert_eq!(fixture.call(999, "{}").0, LGSTORE_E_UNSUPPORTED);
    let request = request(LGSTORE_OP_GET, GET, LGSTORE_ALLOW_IMMEDIATE);
    let (mut id, mut done) = (9, null_mut());
    // SAFETY: all live through the call; the callback never comes.
    unsafe {
        let callback = Some(record as _);
        let status =
            lgstore_submit(fixture.store, &request, &mut id, &mut done, null_mut(), callback, null_mut());
        assert_eq!((status, id), (LGSTORE_DONE, 0));
        assert_eq!(text(lgstore_result_json(done, null_mut())), item);
        lgstore_result_free(done);
        let mut metrics = null_mut();
        assert_eq!(lgstore_metrics(fixture.store, 0, &mut metrics, null_mut()), LGSTORE_OK);
        lgstore_result_free(metrics);
        assert_eq!(lgstore_metrics_prometheus(fixture.store, &mut metrics, null_mut()), LGSTORE_OK);
        lgstore_result_free(metrics);
    }
}

#[test]
fn a_burst_through_a_queue() {
    let fixture = Fixture::new();
    let arena = format!("{PUT}{GET}{{");
    let (put, get) = (PUT.len() as u32, GET.len() as u32);
    let one = |op, json_off, json_len, flags| lgstore_submission_t {
        op,
        flags,
        json_off,
        json_len,
        timeout_us: 0,
        tag: u64::from(json_off),
    };
    let burst = [
        one(LGSTORE_OP_PUT, 0, put, 0),
        // Not JSON: taken, and completed with its error.
        one(LGSTORE_OP_GET, put + get, 1, 0),
        one(LGSTORE_OP_GET, put, get, 0),
        // Beyond the arena: refused.
        one(LGSTORE_OP_GET, put + get, 2, 0),
    ];
    let mut queue = null_mut();
    let (mut accepted, mut ids) = (0, [0; 4]);
    // SAFETY: everything lives through the calls; every completion is released once.
    unsafe {
        assert_eq!(lgstore_cq_new(null_mut(), 8, &mut queue, null_mut()), LGSTORE_OK);
        let mut out: [lgstore_completion_t; 8] = std::mem::zeroed();
        let mut done: [lgstore_completion_t; 4] = std::mem::zeroed();
        let status = lgstore_submit_cq(
            fixture.store,
            queue,
            arena.as_ptr().cast(),
            arena.len(),
            burst.as_ptr(),
            burst.len(),
            &mut accepted,
            ids.as_mut_ptr(),
            done.as_mut_ptr(),
        );
        assert_eq!((status, accepted, ids[3]), (LGSTORE_E_INVALID_ARG, 3, 0));
        let mut tags = Vec::new();
        while tags.len() < 3 {
            // Into the middle of the array, so that a wrong index shows.
            let count = lgstore_cq_wait(queue, out.as_mut_ptr().add(1), 2, u64::MAX);
            tags.extend(out[1..1 + count].iter().map(|completion| (completion.tag, completion.status)));
            lgstore_cq_release(queue, out.as_ptr().add(1), count);
        }
        tags.sort_unstable();
        let (put, get) = (u64::from(put), u64::from(get));
        assert_eq!(tags, [(0, LGSTORE_OK), (put, LGSTORE_OK), (put + get, LGSTORE_E_JSON)]);
        lgstore_cq_wake(queue);
        assert_eq!(lgstore_cq_wait(queue, out.as_mut_ptr(), 8, u64::MAX), 0);

        let again = one(LGSTORE_OP_GET, put as u32, get as u32, LGSTORE_ALLOW_IMMEDIATE);
        let arena = arena.as_ptr().cast();
        let length = PUT.len() + GET.len();
        let (ids, done) = (ids.as_mut_ptr(), done.as_mut_ptr());
        let status =
            lgstore_submit_cq(fixture.store, queue, arena, length, &again, 1, &mut accepted, ids, done);
        assert_eq!((status, accepted, *ids), (LGSTORE_OK, 1, 0));
        assert!(text((*done).json).contains("\"n\":1"));
        lgstore_cq_release(queue, done, 1);
        // Freed with a completion in it.
        let more = [burst[0]];
        let status = lgstore_submit_cq(
            fixture.store,
            queue,
            arena,
            length,
            more.as_ptr(),
            1,
            &mut accepted,
            null_mut(),
            null_mut(),
        );
        assert_eq!((status, accepted), (LGSTORE_OK, 1));
        lgstore_cq_free(queue);
    }
}

unsafe extern "C" fn ring(user_data: *mut c_void) {
    // SAFETY: the counter outlives the doorbell.
    let rung = unsafe { &*user_data.cast::<std::sync::atomic::AtomicUsize>() };
    rung.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

#[test]
fn a_doorbell_is_rung_until_it_is_taken_away() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let rung = Box::new(AtomicUsize::new(0));
    let mut queue = null_mut();
    // SAFETY: the counter is dropped after the doorbell was taken away.
    unsafe {
        assert_eq!(lgstore_cq_new(null_mut(), 8, &mut queue, null_mut()), LGSTORE_OK);
        let data = (&raw const *rung).cast_mut().cast();
        assert_eq!(lgstore_cq_set_doorbell(queue, Some(ring), data), LGSTORE_OK);
        lgstore_cq_wake(queue);
        assert_eq!(lgstore_cq_set_doorbell(queue, None, null_mut()), LGSTORE_OK);
        assert_eq!(rung.load(Ordering::SeqCst), 1);
        drop(rung);
        lgstore_cq_wake(queue);
        lgstore_cq_free(queue);
    }
}

/// In a callback blocking functions answer, and freeing the store is allowed.
unsafe extern "C" fn free_in_callback(completion: *const lgstore_completion_t, user_data: *mut c_void) {
    // SAFETY: the pair outlives the request; the store is freed here and nowhere else.
    unsafe {
        let (store, recorder) = &*user_data.cast::<(*mut lgstore_t, Recorder)>();
        let (mut result, body) = (null_mut(), request(LGSTORE_OP_GET, GET, 0));
        assert_eq!(lgstore_call(*store, &body, &mut result, null_mut()), LGSTORE_E_WOULD_DEADLOCK);
        assert_eq!(lgstore_close(*store, 0), LGSTORE_E_WOULD_DEADLOCK);
        lgstore_free(*store);
        record(completion, recorder.user_data());
    }
}

#[test]
fn a_store_may_be_freed_in_its_callback() {
    let fixture = Fixture::new();
    let mut pair = (null_mut(), Recorder::new());
    // SAFETY: the pair lives until the runtime has ended with the fixture.
    unsafe {
        let (data, length) = (CONFIG.as_ptr().cast(), CONFIG.len());
        assert_eq!(lgstore_new(fixture.runtime, data, length, &mut pair.0, null_mut()), LGSTORE_OK);
        let store = pair.0;
        let user_data = (&raw mut pair).cast();
        let body = request(LGSTORE_OP_PUT, PUT, 0);
        let callback = Some(free_in_callback as _);
        let status = lgstore_submit(store, &body, null_mut(), null_mut(), null_mut(), callback, user_data);
        assert_eq!(status, LGSTORE_OK);
        let pair = &*user_data.cast::<(*mut lgstore_t, Recorder)>();
        let seen = pair.1.seen.recv().expect("a completion");
        assert_eq!(seen.status, LGSTORE_OK);
        lgstore_result_free(seen.taken);
    }
    drop(fixture);
}

#[test]
fn closing_in_the_background_says_when_it_is_done() {
    let recorder = Recorder::new();
    let fixture = Fixture::new();
    // SAFETY: the recorder outlives the store.
    unsafe {
        let status = lgstore_close_async(fixture.store, 1_000_000, Some(record), recorder.user_data());
        assert_eq!(status, LGSTORE_OK);
    }
    let seen = recorder.seen.recv().expect("a completion");
    assert_eq!((seen.op, seen.status, seen.json.as_str()), (0, LGSTORE_OK, "null"));
    // SAFETY: taken in the callback.
    unsafe { lgstore_result_free(seen.taken) };
    assert_eq!(fixture.call(LGSTORE_OP_GET, GET).0, LGSTORE_E_CLOSED);
}
