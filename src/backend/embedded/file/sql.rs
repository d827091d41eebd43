//! The engine's statements. Every one that runs per item is here, so that it is prepared once per
//! connection and its plan can be tested.

macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        /// Names of the statements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Which { $(#[allow(missing_docs)] $name,)* }
        /// Their texts, by number.
        pub const TEXT: &[&str] = &[$($text,)*];
        /// Their names, for tests.
        #[cfg(test)]
        pub const ALL: &[Which] = &[$(Which::$name,)*];
    };
}

/// How many statements there are.
pub const COUNT: usize = TEXT.len();

/// The columns of a record, in the order that `row::record` reads.
macro_rules! record {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "created_at,",
            $prefix,
            "updated_at,",
            $prefix,
            "version,",
            $prefix,
            "expires_at,",
            $prefix,
            "ttl_us,",
            $prefix,
            "flags,",
            $prefix,
            "value"
        )
    };
}

macro_rules! timed {
    () => {
        concat!("namespace_id,key,", record!(""))
    };
}

macro_rules! place {
    () => {
        "id,namespace_id,key,created_at,updated_at,flags"
    };
}

macro_rules! walk_keys {
    ($direction:literal) => {
        concat!(
            "SELECT n.path,i.key,",
            record!("i."),
            " FROM namespaces n CROSS JOIN items i ON i.namespace_id=n.id",
            " WHERE n.path>=?1 AND n.path<?2 ORDER BY n.path ",
            $direction,
            ",i.key ",
            $direction
        )
    };
}

macro_rules! walk_namespace {
    ($compare:literal, $direction:literal) => {
        concat!(
            "SELECT key,",
            record!(""),
            " FROM items WHERE namespace_id=?1 AND key",
            $compare,
            "?2 ORDER BY key ",
            $direction
        )
    };
}

macro_rules! walk_times {
    ($column:literal, $compare:literal, $direction:literal) => {
        concat!(
            "SELECT ",
            timed!(),
            " FROM items WHERE ",
            $column,
            $compare,
            "?1 ORDER BY ",
            $column,
            " ",
            $direction
        )
    };
}

/// The columns that `scan::times` reads, for statements made at run time.
pub const TIMED: &str = timed!();
/// The columns that `scan::collect` reads, for statements made at run time.
pub const PLACE: &str = concat!(place!(), ",value");

statements! {
    // Steps to a row and stays there: as long as it is not reset, the snapshot stands.
    Hold = "SELECT 1 FROM meta";
    Get = concat!("SELECT ", record!(""), " FROM items WHERE namespace_id=?1 AND key=?2");
    NamespaceId = "SELECT id FROM namespaces WHERE path=?1";
    NamespacePath = "SELECT path FROM namespaces WHERE id=?1";
    NamespaceAdd = "INSERT INTO namespaces(path) VALUES(?1) RETURNING id";
    // A namespace whose items all expire is live while one of them is.
    Namespaces = "SELECT path FROM namespaces AS n WHERE path>=?1 AND path<?2 AND (permanent>0 OR (expiring>0 \
                  AND EXISTS(SELECT 1 FROM items WHERE namespace_id=n.id AND expires_at>?3))) ORDER BY path";
    Sizes = "SELECT id,permanent+expiring FROM namespaces WHERE path>=?1 AND path<?2 ORDER BY path";
    Total = "SELECT max(id) FROM items";
    LastTime = "SELECT max(updated_at) FROM items";
    ById = concat!("SELECT ", record!(""), " FROM items WHERE id=?1");
    KeysAsc = walk_keys!("ASC");
    KeysDesc = walk_keys!("DESC");
    NamespaceAsc = walk_namespace!(">", "ASC");
    NamespaceDesc = walk_namespace!("<", "DESC");
    UpdatedAsc = walk_times!("updated_at", ">=", "ASC");
    UpdatedDesc = walk_times!("updated_at", "<=", "DESC");
    CreatedAsc = walk_times!("created_at", ">=", "ASC");
    CreatedDesc = walk_times!("created_at", "<=", "DESC");
    // The whole table in the order of its pages, and one namespace, with and without values.
    TableValues = concat!("SELECT ", place!(), ",value FROM items NOT INDEXED");
    TablePlaces = concat!("SELECT ", place!(), " FROM items NOT INDEXED");
    ScopeValues = concat!("SELECT ", place!(), ",value FROM items WHERE namespace_id=?1");
    ScopePlaces = concat!("SELECT ", place!(), " FROM items WHERE namespace_id=?1");
    Put = "INSERT INTO items(namespace_id,key,created_at,updated_at,version,expires_at,ttl_us,flags,value) \
           VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT(namespace_id,key) DO UPDATE SET \
           created_at=excluded.created_at,updated_at=excluded.updated_at,version=excluded.version,\
           expires_at=excluded.expires_at,ttl_us=excluded.ttl_us,flags=excluded.flags,value=excluded.value";
    // Naming created_at among the columns to set would rewrite its index entry, even with an equal one.
    Replace = "UPDATE items SET updated_at=?4,version=?5,expires_at=?6,ttl_us=?7,flags=?8,value=?9 \
               WHERE namespace_id=?1 AND key=?2 AND created_at=?3";
    Delete = "DELETE FROM items WHERE namespace_id=?1 AND key=?2";
    Touch = "UPDATE items SET expires_at=?3 WHERE namespace_id=?1 AND key=?2";
    Reclaim = "DELETE FROM items WHERE id IN \
               (SELECT id FROM items WHERE expires_at<=?1 ORDER BY expires_at LIMIT ?2)";
    Begin = "BEGIN IMMEDIATE";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";
}
