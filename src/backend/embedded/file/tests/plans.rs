use super::super::sql;
use super::*;

/// The plan of a statement, one line.
pub fn plan(shell: &rusqlite::Connection, text: &str) -> String {
    let mut statement = shell.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let mut lines = String::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        lines += &(row.get::<_, String>(3).unwrap() + "; ");
    }
    lines
}

#[test]
fn statements_use_their_indexes_and_never_sort() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    let shell = rusqlite::Connection::open(&path).unwrap();
    for which in sql::ALL {
        let plan = plan(&shell, sql::TEXT[*which as usize]);
        assert!(!plan.contains("TEMP B-TREE") || *which == sql::Which::Reclaim, "{which:?}: {plan}");
        use sql::Which::*;
        let wanted: &[&str] = match which {
            Get | Delete | Touch | Replace => &["INDEX items_key (namespace_id=? AND key=?)"],
            NamespaceId => &["INDEX sqlite_autoindex_namespaces_1 (path=?)"],
            Namespaces => &[
                "INDEX sqlite_autoindex_namespaces_1 (path>? AND path<?)",
                "COVERING INDEX items_namespace_expires_at (namespace_id=? AND expires_at>?)",
            ],
            Sizes => &["INDEX sqlite_autoindex_namespaces_1 (path>? AND path<?)"],
            Total | ById => &["items"],
            LastTime => &["COVERING INDEX items_updated_at"],
            KeysAsc | KeysDesc => &[
                "SEARCH n USING COVERING INDEX sqlite_autoindex_namespaces_1 (path>? AND path<?)",
                "SEARCH i USING INDEX items_key (namespace_id=?)",
            ],
            NamespaceAsc => &["INDEX items_key (namespace_id=? AND key>?)"],
            NamespaceDesc => &["INDEX items_key (namespace_id=? AND key<?)"],
            UpdatedAsc => &["INDEX items_updated_at (updated_at>?)"],
            UpdatedDesc => &["INDEX items_updated_at (updated_at<?)"],
            CreatedAsc => &["INDEX items_created_at (created_at>?)"],
            CreatedDesc => &["INDEX items_created_at (created_at<?)"],
            TableValues | TablePlaces => &["SCAN items"],
            ScopeValues | ScopePlaces => &["(namespace_id=?)"],
            Reclaim => &["COVERING INDEX items_expires_at (expires_at<?)"],
            _ => &[],
        };
        for part in wanted {
            assert!(plan.contains(part), "{which:?}: {plan}");
        }
    }
    drop(engine);
}
