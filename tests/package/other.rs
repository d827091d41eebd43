//! Uses enough of the standard library to bring its objects along, unwinding included.
#[unsafe(no_mangle)]
pub extern "C" fn other_answer(n: u32) -> u32 {
    let caught = std::panic::catch_unwind(|| {
        let words: std::collections::HashMap<String, u32> = (0..n).map(|i| (format!("{i}"), i)).collect();
        words.values().copied().max().map_or(0, |greatest| greatest + 1)
    });
    caught.unwrap_or(0)
}
