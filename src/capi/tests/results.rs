//! Results, errors and completions: who owns what, and until when.

use std::sync::Arc;

use super::*;
use crate::capi::cq::lgstore_cq_release;
use crate::error::Error;
use crate::op::completion::Answer;

fn answer(text: &str) -> Arc<Answer> {
    Arc::new(Answer::new(Ok(text.to_owned())))
}

#[test]
fn a_taken_result_outlives_its_completion() {
    let completion = export_answer(3, 4, 5, answer("{\"a\":1}"));
    assert_eq!((completion.op, completion.tag, completion.latency_ns), (3, 4, 5));
    assert_eq!((completion.status, completion.json_len), (LGSTORE_OK, 7));
    // SAFETY: the completion is released once, each result freed once.
    unsafe {
        let first = lgstore_result_take(&completion);
        let second = lgstore_result_take(&completion);
        lgstore_cq_release(null_mut(), &completion, 1);
        lgstore_result_free(first);
        let mut length = 0;
        let json = lgstore_result_json(second, &mut length);
        // The completion's text is the result's, and lives as long.
        assert_eq!(json, completion.json);
        assert_eq!((text(json).as_str(), length), ("{\"a\":1}", 7));
        assert_eq!(lgstore_result_status(second), LGSTORE_OK);
        let elsewhere = second as usize;
        assert_ne!(elsewhere, 0);
        lgstore_result_free(second);
    }
}

#[test]
fn a_burst_is_released_as_a_whole_and_holes_are_passed_over() {
    let mut batch: Vec<lgstore_completion_t> =
        (0..4).map(|tag| export_answer(0, tag, 0, answer("null"))).collect();
    // SAFETY: a result that was freed already leaves a hole, as lgstore_submit_cq does.
    unsafe {
        lgstore_result_free(batch[2].owner);
        batch[2].owner = null_mut();
        assert!(lgstore_result_take(&batch[2]).is_null());
        lgstore_cq_release(null_mut(), batch.as_ptr(), batch.len());
    }
}

#[test]
fn a_result_may_be_read_and_freed_on_another_thread() {
    struct Sent(*mut lgstore_result_t);
    // SAFETY: results may be used from any thread.
    unsafe impl Send for Sent {}
    let completion = export_answer(1, 1, 1, Arc::new(Error::invalid("key", "no").into()));
    // SAFETY: as above.
    let taken = Sent(unsafe { lgstore_result_take(&completion) });
    let reader = std::thread::spawn(move || {
        let taken = taken;
        // SAFETY: owned, freed once.
        unsafe {
            assert_eq!(lgstore_result_status(taken.0), LGSTORE_E_INVALID_ARG);
            assert!(text(lgstore_result_json(taken.0, null_mut())).contains("\"field\":\"key\""));
            lgstore_result_free(taken.0);
        }
    });
    // SAFETY: released once; the other reference is the thread's.
    unsafe { lgstore_cq_release(null_mut(), &completion, 1) };
    reader.join().expect("no panic");
}
