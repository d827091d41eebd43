//! Handles that are NULL, of another type, or freed; out-parameters after errors.

use super::*;
use crate::capi::cq::*;

/// A pointer that is not NULL, to see that a failed call sets it to NULL.
fn rubbish<T>() -> *mut T {
    std::ptr::without_provenance_mut(0x5a5a_5a50)
}

fn message_of(error: *mut lgstore_error_t) -> String {
    let mut length = 0;
    // SAFETY: an owned error, freed once.
    unsafe {
        let message = text(lgstore_error_message(error, &mut length));
        assert_eq!(message.len(), length);
        let json = text(lgstore_error_json(error, null_mut()));
        assert!(json.starts_with('{') && json.contains("\"code\""), "{json}");
        assert_ne!(lgstore_error_status(error), LGSTORE_OK);
        lgstore_error_free(error);
        message
    }
}

#[test]
fn null_is_refused_where_something_must_be_and_accepted_by_free() {
    let body = request(LGSTORE_OP_GET, "{}", 0);
    // SAFETY: NULL is what is tested; the rest lives through the calls.
    unsafe {
        lgstore_free(null_mut());
        lgstore_cq_free(null_mut());
        lgstore_runtime_free(null_mut());
        lgstore_result_free(null_mut());
        lgstore_error_free(null_mut());
        lgstore_cq_wake(null_mut());
        lgstore_cq_release(null_mut(), null(), 0);
        lgstore_cq_release(null_mut(), null(), 3);
        assert_eq!(lgstore_cq_fd(null_mut()), -1);
        assert_eq!(lgstore_cq_drain(null_mut(), null_mut(), 3), 0);
        assert_eq!(lgstore_cq_wait(null_mut(), null_mut(), 3, 0), 0);
        assert_eq!(lgstore_cq_set_doorbell(null_mut(), None, null_mut()), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_cancel(null_mut(), 1), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_close(null_mut(), 0), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_close_async(null_mut(), 0, None, null_mut()), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_runtime_join(null_mut(), 0), LGSTORE_E_INVALID_ARG);
        assert!(lgstore_result_take(null()).is_null());
        assert!(lgstore_result_json(null(), null_mut()).is_null());
        assert_eq!(lgstore_result_status(null()), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_error_status(null()), LGSTORE_OK);
        assert_eq!(text(lgstore_error_message(null(), null_mut())), "");
        assert_eq!(text(lgstore_error_json(null(), null_mut())), "");

        let (mut op, mut done, mut error) = (9, rubbish(), rubbish());
        let status =
            lgstore_submit(null_mut(), &body, &mut op, &mut done, &mut error, Some(record), null_mut());
        assert_eq!((status, op, done), (LGSTORE_E_INVALID_ARG, 0, null_mut()));
        assert!(message_of(error).contains("NULL"));
        let (mut result, mut error) = (rubbish(), rubbish());
        assert_eq!(lgstore_call(null_mut(), &body, &mut result, &mut error), LGSTORE_E_INVALID_ARG);
        assert!(result.is_null());
        message_of(error);
        assert_eq!(lgstore_call(null_mut(), &body, null_mut(), null_mut()), LGSTORE_E_INVALID_ARG);
        let mut accepted = 9;
        let status = lgstore_submit_cq(
            null_mut(),
            null_mut(),
            null(),
            0,
            null(),
            0,
            &mut accepted,
            null_mut(),
            null_mut(),
        );
        assert_eq!((status, accepted), (LGSTORE_E_INVALID_ARG, 0));
    }
}

#[test]
fn constructors_set_their_out_parameters_also_when_they_fail() {
    let mut options = [0u8; size_of::<lgstore_runtime_options_t>()];
    let size = options.len();
    options[..8].copy_from_slice(&size.to_ne_bytes());
    options[8] = 0x80;
    let config = "{\"backend\":\"embeded\"}";
    // SAFETY: everything lives through the calls.
    unsafe {
        let (mut runtime, mut error) = (rubbish(), rubbish());
        let status = lgstore_runtime_new(options.as_ptr().cast(), &mut runtime, &mut error);
        assert_eq!((status, runtime), (LGSTORE_E_UNSUPPORTED, null_mut()));
        message_of(error);
        let (mut queue, mut error) = (rubbish(), rubbish());
        let status = lgstore_cq_new(null_mut(), u32::MAX, &mut queue, &mut error);
        assert_eq!((status, queue), (LGSTORE_E_INVALID_ARG, null_mut()));
        message_of(error);
        assert_eq!(lgstore_cq_new(null_mut(), 1, null_mut(), null_mut()), LGSTORE_E_INVALID_ARG);
        let fixture = Fixture::new();
        for (config, length) in [(config.as_ptr(), config.len()), (null(), 5), ([0xffu8].as_ptr(), 1)] {
            let (mut store, mut error) = (rubbish(), rubbish());
            let status = lgstore_new(fixture.runtime, config.cast(), length, &mut store, &mut error);
            assert!(status > 0 && store.is_null(), "{status}");
            message_of(error);
        }
        assert_eq!(lgstore_breaker_reset(null_mut()), LGSTORE_E_INVALID_ARG);
        let mut result = rubbish();
        assert_eq!(lgstore_metrics(null_mut(), 0, &mut result, null_mut()), LGSTORE_E_INVALID_ARG);
        assert!(result.is_null());
        result = rubbish();
        assert_eq!(lgstore_metrics_prometheus(null_mut(), &mut result, null_mut()), LGSTORE_E_INVALID_ARG);
        assert!(result.is_null());
    }
}

#[test]
fn handles_of_another_type_are_refused() {
    let fixture = Fixture::new();
    let mut queue = null_mut();
    // SAFETY: live handles; that their types are wrong is what is tested. All handles have one layout.
    unsafe {
        assert_eq!(lgstore_cq_new(null_mut(), 4, &mut queue, null_mut()), LGSTORE_OK);
        assert_eq!(lgstore_cancel(queue.cast(), 1), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_close(fixture.runtime.cast(), 0), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_runtime_join(fixture.store.cast(), 0), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_cq_fd(fixture.store.cast()), -1);
        lgstore_free(queue.cast());
        lgstore_cq_free(fixture.store.cast());
        // They are as alive as before.
        assert_eq!(lgstore_cq_drain(queue, null_mut(), 0), 0);
        assert_eq!(lgstore_cancel(fixture.store, 1), LGSTORE_OK);
        lgstore_cq_free(queue);
    }
}

#[cfg(debug_assertions)]
#[test]
fn freed_handles_are_caught_in_debug_builds() {
    let fixture = Fixture::new();
    let (mut store, mut queue) = (null_mut(), null_mut());
    // SAFETY: debug builds keep freed handles, which is what is tested.
    unsafe {
        let made = lgstore_new(fixture.runtime, CONFIG.as_ptr().cast(), CONFIG.len(), &mut store, null_mut());
        assert_eq!(made, LGSTORE_OK);
        assert_eq!(lgstore_cq_new(null_mut(), 4, &mut queue, null_mut()), LGSTORE_OK);
        lgstore_free(store);
        lgstore_free(store);
        assert_eq!(lgstore_cancel(store, 1), LGSTORE_E_INVALID_ARG);
        assert_eq!(lgstore_close(store, 0), LGSTORE_E_INVALID_ARG);
        lgstore_cq_free(queue);
        lgstore_cq_free(queue);
        assert_eq!(lgstore_cq_set_doorbell(queue, None, null_mut()), LGSTORE_E_INVALID_ARG);
    }
}
