//! The committed schema and the table of options say what the types say.
//!
//! `UPDATE_SCHEMA=1 cargo test --test config` rewrites both after a change of the types.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use lgstore::store::config::{Config, describe, schema};
use serde_json::Value;

const BEGIN: &str = "<!-- options: generated from the types, do not edit -->\n";
const END: &str = "<!-- end of options -->\n";

fn document(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn compare(name: &str, wanted: &str) {
    let path = document(name);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, wanted).expect("docs can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == wanted,
        "docs/{name} is not what the types say; run: UPDATE_SCHEMA=1 cargo test --test config"
    );
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let mut text = serde_json::to_string_pretty(schema()).expect("JSON");
    text.push('\n');
    compare("config.schema.json", &text);
}

#[test]
fn the_table_of_options_is_complete() {
    let committed = fs::read_to_string(document("configuration.md")).expect("docs/configuration.md");
    let (before, rest) = committed.split_once(BEGIN).expect("the table's begin");
    let (_, after) = rest.split_once(END).expect("the table's end");
    let mut table =
        String::from("| field | variable | must be | default | meaning |\n|---|---|---|---|---|\n");
    let defaults: Value = serde_json::from_str(&Config::default().to_json()).expect("JSON");
    rows(schema(), "", &defaults, &mut table);
    compare("configuration.md", &format!("{before}{BEGIN}{table}{END}{after}"));
}

fn rows(node: &Value, path: &str, default: &Value, table: &mut String) {
    let own = node["$ref"].as_str().and_then(|reference| schema().pointer(reference.trim_start_matches('#')));
    if let Some(members) = own.unwrap_or(node)["properties"].as_object() {
        for (name, member) in members {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            rows(member, &path, &default[name], table);
        }
        return;
    }
    let must = describe(path).expect("a field of the schema").replace('|', "\\|");
    let meaning = node["description"].as_str().unwrap_or_else(|| panic!("{path} has no description"));
    let variable = match path {
        "from_env" => String::from("none"),
        path => format!("`LGSTORE_{}`", path.replace('.', "_").to_uppercase()),
    };
    let meaning = meaning.replace('\n', " ").replace('|', "\\|");
    writeln!(table, "| `{path}` | {variable} | {must} | `{default}` | {meaning} |").expect("a string grows");
}
