//! What the keyspace holds, from the server's own tables.

use std::collections::BTreeMap;

use scylla::client::session::Session;

use super::meta::rows;
use crate::error::{Code, Error, Result};

/// The columns of `store` that the founding guide's table has not.
pub const ADDED: [(&str, &str); 3] = [("version", "uuid"), ("ttl_seconds", "int"), ("sub_ms", "int")];

/// Column, type and place.
type Columns = &'static [(&'static str, &'static str, &'static str)];

/// Our tables, `store` without the columns of `ADDED`.
const TABLES: [(&str, Columns); 3] = [
    (
        "store",
        &[
            ("prefix", "text", "partition_key"),
            ("key", "text", "clustering"),
            ("value", "text", "regular"),
            ("created_at", "timestamp", "regular"),
            ("updated_at", "timestamp", "regular"),
        ],
    ),
    (
        "store_namespaces",
        &[
            ("bucket", "int", "partition_key"),
            ("path", "text", "clustering"),
            ("seen_at", "timestamp", "regular"),
        ],
    ),
    ("store_meta", &[("name", "text", "partition_key"), ("value", "text", "regular")]),
];

/// Keyspace, tables and columns that are there.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub keyspace: bool,
    /// By table and column: type and place (`partition_key`, `clustering`, `regular`).
    tables: BTreeMap<String, BTreeMap<String, (String, String)>>,
}

impl Observed {
    /// Asks one node; others may know a little more or less while a change is on its way.
    pub async fn read(session: &Session, keyspace: &str) -> Result<Self> {
        let found = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let known: Vec<(String,)> = rows(session, found, (keyspace,)).await?;
        let columns = "SELECT table_name, column_name, type, kind FROM system_schema.columns \
                       WHERE keyspace_name = ?";
        let mut observed = Self { keyspace: !known.is_empty(), tables: BTreeMap::new() };
        for (table, column, of_type, kind) in
            rows::<(String, String, String, String)>(session, columns, (keyspace,)).await?
        {
            observed.tables.entry(table).or_default().insert(column, (of_type, kind));
        }
        Ok(observed)
    }

    pub fn has_table(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    pub fn has_column(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains_key(column))
    }

    /// Refuses tables that bear our names and are something else.
    pub fn refuse_foreign(&self, keyspace: &str) -> Result<()> {
        for (table, wanted) in TABLES {
            let Some(columns) = self.tables.get(table) else { continue };
            let keys = |kind: &str| columns.values().filter(|column| column.1 == kind).count();
            let wrong = wanted
                .iter()
                .find(|(name, of_type, kind)| {
                    let found = columns.get(*name);
                    found.is_none_or(|found| (found.0.as_str(), found.1.as_str()) != (*of_type, *kind))
                })
                .map(|(name, of_type, kind)| format!("no {} {name:?} of type {of_type}", place(kind)));
            let added = ADDED.iter().filter(|_| table == "store").find(|(name, of_type)| {
                columns
                    .get(*name)
                    .is_some_and(|found| (found.0.as_str(), found.1.as_str()) != (*of_type, "regular"))
            });
            let wrong = wrong
                .or_else(|| {
                    added.map(|(name, of_type)| format!("a column {name:?} that is not of type {of_type}"))
                })
                .or_else(|| {
                    let most = usize::from(table != "store_meta");
                    let is_wide = keys("partition_key") > 1 || keys("clustering") > most;
                    is_wide.then(|| "another primary key".to_owned())
                });
            if let Some(wrong) = wrong {
                let message = format!(
                    "the table {table:?} in the keyspace {keyspace:?} is not this library's: it has {wrong}; \
                     use another keyspace"
                );
                return Err(Error::new(Code::Conflict, message).at("keyspace"));
            }
        }
        Ok(())
    }

    /// What is missing, in words: `table "store_meta"`, `column "version" in "store"`.
    pub fn absent(&self) -> Vec<String> {
        let tables = TABLES.iter().filter(|(table, _)| !self.has_table(table));
        let mut absent: Vec<_> = tables.map(|(table, _)| format!("table {table:?}")).collect();
        if self.has_table("store") {
            let columns = ADDED.iter().filter(|(name, _)| !self.has_column("store", name));
            absent.extend(columns.map(|(name, _)| format!("column {name:?} in \"store\"")));
        }
        absent
    }
}

fn place(kind: &str) -> &'static str {
    match kind {
        "partition_key" => "partition key",
        "clustering" => "clustering column",
        _ => "column",
    }
}

#[cfg(test)]
impl Observed {
    /// Tables with these columns, of no particular types.
    pub fn of(tables: &[(&str, &[&str])]) -> Self {
        let column = |name: &&str| ((*name).to_owned(), Default::default());
        let tables =
            tables.iter().map(|(name, columns)| ((*name).to_owned(), columns.iter().map(column).collect()));
        Self { keyspace: true, tables: tables.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, &str, &str)]) -> BTreeMap<String, (String, String)> {
        let column = |(name, of_type, kind): &(&str, &str, &str)| {
            ((*name).to_owned(), ((*of_type).to_owned(), (*kind).to_owned()))
        };
        columns.iter().map(column).collect()
    }

    fn guide() -> Observed {
        let tables = [("store".to_owned(), table(TABLES[0].1))];
        Observed { keyspace: true, tables: tables.into() }
    }

    #[test]
    fn the_guides_table_lacks_three_columns_and_two_tables() {
        let observed = guide();
        observed.refuse_foreign("ks").unwrap();
        assert_eq!(
            observed.absent(),
            [
                "table \"store_namespaces\"",
                "table \"store_meta\"",
                "column \"version\" in \"store\"",
                "column \"ttl_seconds\" in \"store\"",
                "column \"sub_ms\" in \"store\"",
            ]
        );
    }

    #[test]
    fn other_tables_are_refused() {
        let with = |change: fn(&mut BTreeMap<String, (String, String)>)| {
            let mut observed = guide();
            change(observed.tables.get_mut("store").unwrap());
            observed.refuse_foreign("ks").expect_err("refused").message().to_owned()
        };
        assert!(with(|store| drop(store.remove("value"))).contains("no column \"value\" of type text"));
        let other = with(|store| drop(store.insert("key".into(), ("text".into(), "partition_key".into()))));
        assert!(other.contains("no clustering column \"key\""), "{other}");
        let wide = with(|store| drop(store.insert("key2".into(), ("text".into(), "clustering".into()))));
        assert!(wide.contains("another primary key"), "{wide}");
        let typed = with(|store| drop(store.insert("version".into(), ("int".into(), "regular".into()))));
        assert!(typed.contains("\"version\" that is not of type uuid"), "{typed}");
    }
}
