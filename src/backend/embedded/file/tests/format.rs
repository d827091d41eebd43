//! `docs/file-format.md` says what is so, and its examples run.

use super::super::schema;
use super::*;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/file-format.md"));

fn examples() -> Vec<&'static str> {
    DOCUMENT.split("```sql\n").skip(1).map(|part| part.split("```").next().unwrap()).collect()
}

#[test]
fn the_document_has_the_schema() {
    let tables = examples()[0];
    assert!(schema::SCHEMA.trim_start().starts_with(tables), "the tables");
    let names = schema::SCHEMA.split_whitespace().collect::<Vec<_>>();
    for pair in names.windows(2).filter(|pair| ["INDEX", "TRIGGER", "TABLE"].contains(&pair[0])) {
        let name = pair[1].split('(').next().unwrap();
        assert!(DOCUMENT.contains(name), "{name}");
    }
    assert!(DOCUMENT.contains(&format!("| {} (the letters", schema::APPLICATION_ID)));
    assert!(DOCUMENT.contains(&format!("| format | {} (", schema::FORMAT)));
}

#[test]
fn the_examples_of_the_document_run_beside_an_open_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    put(&engine, "users", "first", "{\"kind\":\"x\"}").unwrap();
    put(&engine, "users2", "other", "{}").unwrap();
    let shell = rusqlite::Connection::open(&path).unwrap();
    let examples = examples();
    let by_hand = examples.last().unwrap();
    // Up to the last statement, which removes the row again; twice, to insert and to replace.
    let (insert, delete) = by_hand.split_at(by_hand.find("DELETE").unwrap());
    for round in 1..=2 {
        shell.execute_batch(insert).unwrap();
        let mut view = engine.view(true).unwrap().unwrap();
        let (value, meta) = get(&mut view, "users\0u1", "note").unwrap();
        assert_eq!((value.as_str(), meta.duplicates), ("{\"text\":\"by hand\"}", true));
        assert!(meta.created_at > 1_700_000_000_000_000 && meta.updated_at >= meta.created_at + round - 1);
        assert_eq!(namespaces(&mut view, "", "", 0), ["users", "users\0u1", "users2"]);
    }
    let mut listed = Vec::new();
    let mut query = shell.prepare(examples[1]).unwrap();
    let mut rows = query.raw_query();
    while let Some(row) = rows.next().unwrap() {
        listed.push((row.get::<_, String>(0).unwrap(), row.get::<_, String>(1).unwrap()));
    }
    assert_eq!(
        listed,
        [("\"users\\u0000u1\"".to_owned(), "note".to_owned()), ("\"users\"".to_owned(), "first".to_owned())]
    );
    for statement in examples[2].split_inclusive(';').filter(|text| text.contains("SELECT")) {
        let mut query = shell.prepare(statement).unwrap();
        assert!(query.raw_query().next().unwrap().is_some(), "{statement}");
    }
    shell.execute_batch(delete).unwrap();
    let mut view = engine.view(true).unwrap().unwrap();
    assert_eq!(namespaces(&mut view, "", "", 0), ["users", "users2"]);
}
