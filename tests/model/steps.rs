//! What may be done to a store, and how proptest makes it up.

use proptest::prelude::*;

/// Namespaces: nested, sharing beginnings as text but not by label, and of several scripts.
pub const NAMESPACES: [&[&str]; 9] = [
    &["a"],
    &["a", "b"],
    &["a", "b", "c"],
    &["a", "c"],
    &["ab"],
    &["a-b"],
    &["A", "b"],
    &["é", "日本"],
    &["a", "\u{1}"],
];
/// Prefixes: the root, namespaces, and places where nothing is.
pub const PREFIXES: [&[&str]; 8] =
    [&[], &["a"], &["a", "b"], &["a", "b", "c"], &["ab"], &["é"], &["nothing"], &["A", "b", "c"]];
/// Keys: empty, with NUL, and one the beginning of another.
pub const KEYS: [&str; 5] = ["", "k", "k2", "\u{0}z", "ключ"];
/// Orders of a search.
pub const ORDERS: [&str; 6] =
    ["key asc", "key desc", "updated_at asc", "updated_at desc", "created_at asc", "created_at desc"];

/// A namespace and a key, by number.
pub type At = (usize, usize);

#[derive(Clone, Debug)]
pub enum Expected {
    /// A text: what is held, spelled differently, or something else.
    Held,
    Text(String),
    Version,
    OldVersion,
}

#[derive(Clone, Debug)]
pub struct Scope {
    pub prefix: usize,
    pub filter: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Search {
    pub scope: Scope,
    pub order: usize,
    pub limit: usize,
    pub offset: usize,
    pub refresh: bool,
}

#[derive(Clone, Debug)]
pub struct List {
    /// (suffix, labels; `None` = `*`)
    pub conditions: Vec<(bool, Vec<Option<&'static str>>)>,
    pub depth: Option<usize>,
    pub limit: usize,
    pub offset: usize,
}

/// What may stand alone and in a batch.
#[derive(Clone, Debug)]
pub enum Plain {
    Put { at: At, value: String, ttl: Option<i64> },
    Get { at: At, refresh: bool },
    Delete { at: At },
    Search(Search),
    List(List),
    Count(Scope),
}

#[derive(Clone, Debug)]
pub enum Step {
    Plain(Plain),
    Batch {
        ops: Vec<Plain>,
        sequential: bool,
        logged: bool,
    },
    PutIfAbsent {
        at: At,
        value: String,
        ttl: Option<i64>,
    },
    UpdateIfExists {
        at: At,
        value: String,
        ttl: Option<i64>,
    },
    CompareAndSet {
        at: At,
        expected: Expected,
        value: String,
        ttl: Option<i64>,
    },
    DeleteIfExists {
        at: At,
    },
    DeleteIf {
        at: At,
        expected: Expected,
    },
    DeletePrefix(Scope),
    Sweep,
    /// Thousands of seconds.
    Advance(i64),
    /// Page after page, with a put between the pages.
    Pages {
        search: Search,
        between: Vec<(At, String)>,
    },
    ListPages(List),
}

fn at() -> impl Strategy<Value = At> {
    (0..NAMESPACES.len(), 0..KEYS.len())
}

fn scalar() -> impl Strategy<Value = String> {
    let spelled = [
        "null",
        "true",
        "false",
        "0",
        "-0.0",
        "1",
        "1.0",
        "10e-1",
        "-1",
        "1.5",
        "2",
        "100",
        "1e2",
        "9007199254740993",
        "9007199254740992.0",
        "1e-30",
        "\"\"",
        "\"x\"",
        "\"\\u0078\"",
        "\"y\"",
        "\"1\"",
        "\"é\"",
        "[]",
        "{}",
    ];
    (0..spelled.len()).prop_map(move |index| spelled[index].to_owned())
}

fn any_value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(2, 6, 3, |inner| {
        let member = (0..3usize, inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(", "))),
            proptest::collection::vec(member, 0..3).prop_map(|all| object(&all)),
        ]
    })
}

/// Written as given: a name may come twice, and there may be space around.
fn object(members: &[(usize, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{}\" :{value}", ["a", "b", "n"][*name])).collect();
    format!("{{{}}}", members.join(","))
}

fn value() -> impl Strategy<Value = String> {
    proptest::collection::vec((0..3usize, any_value()), 0..4).prop_map(|members| object(&members))
}

fn operators() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        8 => (0..6usize, any_value()).prop_map(|(name, value)| {
            format!("\"{}\":{value}", ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"][name])
        }),
        2 => (any::<bool>(), proptest::collection::vec(any_value(), 0..3)).prop_map(|(negated, all)| {
            format!("\"{}\":[{}]", if negated { "$nin" } else { "$in" }, all.join(","))
        }),
        2 => any::<bool>().prop_map(|there| format!("\"$exists\":{there}")),
    ];
    let leaf = one.prop_map(|one| format!("{{{one}}}"));
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("{{\"$not\":{inner}}}")),
            (any::<bool>(), proptest::collection::vec(inner, 0..3)).prop_map(|(any, all)| {
                format!("{{\"{}\":[{}]}}", if any { "$or" } else { "$and" }, all.join(","))
            }),
        ]
    })
}

/// Members of a filter have different names, or the filter would be refused.
fn filter() -> impl Strategy<Value = String> {
    let operand = prop_oneof![2 => operators(), 1 => scalar(), 1 => Just("{\"a\":1}".to_owned())];
    let field = (0..3usize, operand).prop_map(|(name, operand)| object(&[(name, operand)]));
    field.prop_recursive(2, 5, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("{{\"$not\":{inner}}}")),
            (any::<bool>(), proptest::collection::vec(inner, 0..3)).prop_map(|(any, all)| {
                format!("{{\"{}\":[{}]}}", if any { "$or" } else { "$and" }, all.join(","))
            }),
        ]
    })
}

fn ttl() -> impl Strategy<Value = Option<i64>> {
    proptest::option::weighted(0.4, 1i64..6)
}

fn scope() -> impl Strategy<Value = Scope> {
    (0..PREFIXES.len(), proptest::option::weighted(0.5, filter()))
        .prop_map(|(prefix, filter)| Scope { prefix, filter })
}

fn search() -> impl Strategy<Value = Search> {
    (scope(), 0..ORDERS.len(), 0usize..12, 0usize..4, any::<bool>())
        .prop_map(|(scope, order, limit, offset, refresh)| Search { scope, order, limit, offset, refresh })
}

fn list() -> impl Strategy<Value = List> {
    let label = prop_oneof![Just(None), Just(Some("a")), Just(Some("b")), Just(Some("é"))];
    let condition = (any::<bool>(), proptest::collection::vec(label, 0..3));
    let conditions = proptest::collection::vec(condition, 0..3);
    (conditions, proptest::option::of(1usize..4), 0usize..8, 0usize..3)
        .prop_map(|(conditions, depth, limit, offset)| List { conditions, depth, limit, offset })
}

fn plain() -> impl Strategy<Value = Plain> {
    prop_oneof![
        8 => (at(), value(), ttl()).prop_map(|(at, value, ttl)| Plain::Put { at, value, ttl }),
        4 => (at(), any::<bool>()).prop_map(|(at, refresh)| Plain::Get { at, refresh }),
        2 => at().prop_map(|at| Plain::Delete { at }),
        4 => search().prop_map(Plain::Search),
        2 => list().prop_map(Plain::List),
        1 => scope().prop_map(Plain::Count),
    ]
}

fn expected() -> impl Strategy<Value = Expected> {
    prop_oneof![
        2 => Just(Expected::Held),
        1 => value().prop_map(Expected::Text),
        2 => Just(Expected::Version),
        1 => Just(Expected::OldVersion),
    ]
}

pub fn step() -> impl Strategy<Value = Step> {
    let write = || (at(), value(), ttl());
    prop_oneof![
        16 => plain().prop_map(Step::Plain),
        4 => (proptest::collection::vec(plain(), 0..8), 0..3usize).prop_map(|(ops, how)| {
            Step::Batch { ops, sequential: how == 1, logged: how == 2 }
        }),
        2 => write().prop_map(|(at, value, ttl)| Step::PutIfAbsent { at, value, ttl }),
        2 => write().prop_map(|(at, value, ttl)| Step::UpdateIfExists { at, value, ttl }),
        3 => (write(), expected()).prop_map(|((at, value, ttl), expected)| {
            Step::CompareAndSet { at, expected, value, ttl }
        }),
        1 => at().prop_map(|at| Step::DeleteIfExists { at }),
        2 => (at(), expected()).prop_map(|(at, expected)| Step::DeleteIf { at, expected }),
        1 => scope().prop_map(Step::DeletePrefix),
        1 => Just(Step::Sweep),
        3 => (1i64..4).prop_map(Step::Advance),
        2 => (search(), proptest::collection::vec((at(), value()), 0..4)).prop_map(|(search, between)| {
            Step::Pages { search, between }
        }),
        1 => list().prop_map(Step::ListPages),
    ]
}
