//! JSON as text: one strict pass over what comes in, no tree, and the text goes out as it came.
//!
//! Own code and not a crate because three rules decide correctness here and no crate has them:
//! values are kept verbatim while depth, surrogates and duplicate members are checked in the same
//! pass (rulings 19); numbers compare as decimals of any size; and a filter must pick members out
//! of validated text without building a tree. Configuration, which is read once, uses serde_json.

pub mod number;
pub mod pick;
pub mod reader;
pub mod text;
