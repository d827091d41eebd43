//! A request after validation: typed, with defaults filled in, ready for any backend.

use super::address::{Address, Namespace};
use super::filter::Filter;
use super::order::{Order, Position};

/// The operations, by the numbers of the C ABI (`LGSTORE_OP_*`); never renumbered or reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs)]
pub enum Kind {
    Put = 1,
    Get = 2,
    Delete = 3,
    Search = 4,
    ListNamespaces = 5,
    Batch = 6,
    PutIfAbsent = 7,
    UpdateIfExists = 8,
    CompareAndSet = 9,
    DeleteIfExists = 10,
    DeleteIfValue = 11,
    DeletePrefix = 12,
    Count = 13,
    Sweep = 14,
    Open = 15,
    Migrate = 16,
    Warmup = 17,
    Health = 18,
    ClusterInfo = 19,
    Reindex = 20,
    Backup = 21,
    Advance = 22,
}

impl Kind {
    /// Every operation, in the order of its number.
    pub const ALL: [Kind; 22] = [
        Kind::Put,
        Kind::Get,
        Kind::Delete,
        Kind::Search,
        Kind::ListNamespaces,
        Kind::Batch,
        Kind::PutIfAbsent,
        Kind::UpdateIfExists,
        Kind::CompareAndSet,
        Kind::DeleteIfExists,
        Kind::DeleteIfValue,
        Kind::DeletePrefix,
        Kind::Count,
        Kind::Sweep,
        Kind::Open,
        Kind::Migrate,
        Kind::Warmup,
        Kind::Health,
        Kind::ClusterInfo,
        Kind::Reindex,
        Kind::Backup,
        Kind::Advance,
    ];

    /// The operation with this number.
    pub fn from_number(number: u32) -> Option<Kind> {
        Kind::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    /// The name in request documents, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Put => "put",
            Kind::Get => "get",
            Kind::Delete => "delete",
            Kind::Search => "search",
            Kind::ListNamespaces => "list_namespaces",
            Kind::Batch => "batch",
            Kind::PutIfAbsent => "put_if_absent",
            Kind::UpdateIfExists => "update_if_exists",
            Kind::CompareAndSet => "compare_and_set",
            Kind::DeleteIfExists => "delete_if_exists",
            Kind::DeleteIfValue => "delete_if_value",
            Kind::DeletePrefix => "delete_prefix",
            Kind::Count => "count",
            Kind::Sweep => "sweep",
            Kind::Open => "open",
            Kind::Migrate => "migrate",
            Kind::Warmup => "warmup",
            Kind::Health => "health",
            Kind::ClusterInfo => "cluster_info",
            Kind::Reindex => "reindex",
            Kind::Backup => "backup",
            Kind::Advance => "advance",
        }
    }
}

/// A validated request.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Create or replace an item.
    Put(Put),
    /// Read an item.
    Get(Get),
    /// Remove an item (also a put of null).
    Delete(Address),
    /// Items at and below a prefix.
    Search(Box<Search>),
    /// Namespaces that hold a live item.
    ListNamespaces(Box<ListNamespaces>),
    /// Several operations at once.
    Batch(Box<Batch>),
    /// A write that happens only under a condition.
    Conditional(Box<Conditional>),
    /// Remove all items at and below a prefix that match.
    DeletePrefix(Box<Scope>),
    /// Number of live items at and below a prefix that match.
    Count(Box<Scope>),
    /// Reclaim expired items now.
    Sweep,
    /// An operation of the store's life or of its care, without effect on items.
    Admin(Admin),
}

/// A JSON object to store, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text as it stood in the request.
    pub text: Box<str>,
    /// Some object inside has two members of one name.
    pub duplicates: bool,
}

/// Body of put and of the write of conditional puts.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where.
    pub address: Address,
    /// What.
    pub value: Value,
    /// Time to live in microseconds, the store's default already applied; `None` = for ever.
    pub ttl_us: Option<i64>,
}

/// Body of get.
#[derive(Clone, Debug)]
pub struct Get {
    /// Where; the empty namespace is legal and holds nothing.
    pub address: Address,
    /// Move the expiry to now + the item's own TTL.
    pub refresh: bool,
}

/// Prefix and filter of delete_prefix and count.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The prefix, by labels; root = everything.
    pub prefix: Namespace,
    /// Only items that match.
    pub filter: Option<Filter>,
}

/// Body of search.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where and which.
    pub scope: Scope,
    /// At most this many items.
    pub limit: usize,
    /// Matches to pass over first; 0 with a cursor.
    pub offset: usize,
    /// In which order.
    pub order: Order,
    /// Continue after this place.
    pub after: Option<Position>,
    /// Refresh exactly the items that are returned.
    pub refresh: bool,
    /// Rows per page of a cluster's answer; no meaning embedded.
    pub page_size: usize,
    /// Binds a cursor to prefix, filter and order (see `cursor`).
    pub fingerprint: u64,
}

/// One condition of list_namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchCondition {
    /// At the end of the namespace instead of at its start.
    pub suffix: bool,
    /// Labels; `None` = exactly one label, whichever (`*`).
    pub path: Vec<Option<Box<str>>>,
}

/// Body of list_namespaces.
#[derive(Clone, Debug)]
pub struct ListNamespaces {
    /// All must hold.
    pub conditions: Vec<MatchCondition>,
    /// Truncate to this many labels, then merge.
    pub max_depth: Option<usize>,
    /// At most this many.
    pub limit: usize,
    /// Pass over this many first; 0 with a cursor.
    pub offset: usize,
    /// Continue after this (truncated) path.
    pub after: Option<String>,
    /// Binds a cursor to conditions and depth.
    pub fingerprint: u64,
}

/// Whether a batch's reads see its own earlier writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reads see the state before the batch; the last put to an item counts.
    Snapshot,
    /// In order, each sees the ones before.
    Sequential,
}

/// Body of batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `Put`, `Get`, `Delete`, `Search`, `ListNamespaces`, `Count` only.
    pub operations: Vec<Operation>,
    /// Visibility inside the batch.
    pub mode: Mode,
    /// All or nothing.
    pub logged: bool,
}

/// What a conditional write asks of the item before it writes.
#[derive(Clone, Debug)]
pub enum Condition {
    /// No live item.
    Absent,
    /// A live item, whatever its value.
    Exists,
    /// A live item whose value equals this one as JSON.
    Value(Value),
    /// A live item of this version.
    Version([u8; 16]),
}

/// A conditional write.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// Its name, for metrics and errors.
    pub kind: Kind,
    /// When to write.
    pub condition: Condition,
    /// The item.
    pub address: Address,
    /// The new value and its TTL in microseconds; `None` = delete.
    pub write: Option<(Value, Option<i64>)>,
}

/// Body of migrate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrate {
    /// The version to go to; `None` = this library's.
    pub to: Option<u32>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Operations of the store's life and care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Open the engine; carries the errors of opening. Implied by the first operation.
    Open,
    /// Bring the schema to this library's version, or to another.
    Migrate(Migrate),
    /// Open connections, fill caches.
    Warmup,
    /// Named checks.
    Health {
        /// Also whether a write is acknowledged, in a place that no read shows.
        write: bool,
    },
    /// What the engine says of itself.
    ClusterInfo,
    /// Rebuild derived data.
    Reindex,
    /// Copy the open store into a new file.
    Backup {
        /// Path of the copy; must not exist.
        path: String,
    },
    /// Move the store's clock forward (only where the configuration asks for a test clock).
    Advance {
        /// Microseconds, > 0.
        by_us: i64,
    },
}

impl Operation {
    /// The operation's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Operation::Put(_) => Kind::Put,
            Operation::Get(_) => Kind::Get,
            Operation::Delete(_) => Kind::Delete,
            Operation::Search(_) => Kind::Search,
            Operation::ListNamespaces(_) => Kind::ListNamespaces,
            Operation::Batch(_) => Kind::Batch,
            Operation::Conditional(conditional) => conditional.kind,
            Operation::DeletePrefix(_) => Kind::DeletePrefix,
            Operation::Count(_) => Kind::Count,
            Operation::Sweep => Kind::Sweep,
            Operation::Admin(Admin::Open) => Kind::Open,
            Operation::Admin(Admin::Migrate(_)) => Kind::Migrate,
            Operation::Admin(Admin::Warmup) => Kind::Warmup,
            Operation::Admin(Admin::Health { .. }) => Kind::Health,
            Operation::Admin(Admin::ClusterInfo) => Kind::ClusterInfo,
            Operation::Admin(Admin::Reindex) => Kind::Reindex,
            Operation::Admin(Admin::Backup { .. }) => Kind::Backup,
            Operation::Admin(Admin::Advance { .. }) => Kind::Advance,
        }
    }

    /// Whether the operation may change items (a lost answer is then an unknown outcome).
    pub fn writes(&self) -> bool {
        match self {
            Operation::Put(_)
            | Operation::Delete(_)
            | Operation::Conditional(_)
            | Operation::DeletePrefix(_)
            | Operation::Sweep => true,
            Operation::Batch(batch) => batch.operations.iter().any(Operation::writes),
            Operation::Get(_)
            | Operation::Search(_)
            | Operation::ListNamespaces(_)
            | Operation::Count(_)
            | Operation::Admin(_) => false,
        }
    }
}
