//! What is to be done, from what is there: pure, so that a dry run says what a real one does.

use std::borrow::Cow;

use crate::backend::cql::schema::{ADDED, Server, State, alter, create_namespaces, create_store};
use crate::store::config::Config;

/// One step; each may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A schema change.
    Cql(String),
    /// Rebuild the index of namespaces from the partitions of a table that was there before.
    Index,
    /// Set (or remove) a name in `store_meta` if it has the value `from`.
    Set { name: &'static str, from: Option<String>, to: Option<String> },
}

impl Step {
    /// For people.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Step::Cql(text) => text.into(),
            Step::Index => "rebuild store_namespaces from SELECT DISTINCT prefix FROM store".into(),
            Step::Set { name, to: Some(to), .. } => format!("set {name} to {to} in store_meta").into(),
            Step::Set { name, .. } => format!("remove {name} from store_meta").into(),
        }
    }
}

/// The steps from what is there to version `to`; none = it is there.
pub fn plan(state: &State, config: &Config, server: Server, to: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut version = state.version;
    // A version whose tables somebody has dropped since is made again.
    if version == to && to > 0 && is_incomplete(state) {
        version = to - 1;
    }
    while version != to {
        let next = if version < to { version + 1 } else { version - 1 };
        match (version, next) {
            (0, 1) => forward_to_1(state, config, server, &mut steps),
            (1, 0) => back_to_0(state, config, &mut steps),
            // Every pair of neighbours up to LATEST stands above.
            _ => {}
        }
        if state.version != next {
            steps.push(Step::Set {
                name: "schema_version",
                from: if version == state.version {
                    state.raw_version.clone()
                } else {
                    Some(version.to_string())
                },
                to: Some(next.to_string()),
            });
        }
        version = next;
    }
    steps
}

fn is_incomplete(state: &State) -> bool {
    !state.observed.absent().is_empty() || state.buckets.is_none()
}

/// From nothing, or from the founding guide's table.
fn forward_to_1(state: &State, config: &Config, server: Server, steps: &mut Vec<Step>) {
    let was_there = state.observed.has_table("store");
    if was_there {
        let missing = ADDED.iter().filter(|(name, _)| !state.observed.has_column("store", name));
        steps.extend(
            missing.map(|(name, of_type)| Step::Cql(alter(config, &format!("ADD {name} {of_type}")))),
        );
    } else {
        steps.push(Step::Cql(create_store(config, server)));
    }
    let has_index = state.observed.has_table("store_namespaces");
    if !has_index {
        steps.push(Step::Cql(create_namespaces(config, server)));
    }
    // Whoever comes first decides; it never changes afterwards.
    if state.buckets.is_none() {
        let buckets = config.schema.namespace_buckets.to_string();
        steps.push(Step::Set { name: "namespace_buckets", from: None, to: Some(buckets) });
    }
    // Also after a migration that was broken off: whether its index was complete is not known.
    if was_there && (state.version == 0 || !has_index) {
        steps.push(Step::Index);
    }
}

/// To the founding guide's table, with the items and their times.
fn back_to_0(state: &State, config: &Config, steps: &mut Vec<Step>) {
    if state.observed.has_table("store_namespaces") {
        steps.push(Step::Cql(format!("DROP TABLE IF EXISTS {}", config.table("store_namespaces"))));
    }
    let present = ADDED.iter().filter(|(name, _)| state.observed.has_column("store", name));
    steps.extend(present.map(|(name, _)| Step::Cql(alter(config, &format!("DROP {name}")))));
    if let Some(buckets) = state.buckets {
        steps.push(Step::Set { name: "namespace_buckets", from: Some(buckets.to_string()), to: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cql::schema::Observed;

    fn config() -> Config {
        Config::parse(r#"{"backend":"cql","contact_points":["n"],"keyspace":"ks"}"#).unwrap()
    }

    fn texts(state: &State, to: u32) -> Vec<String> {
        let steps = plan(state, &config(), Server::Cassandra, to);
        steps.iter().map(|step| step.text().chars().take(48).collect()).collect()
    }

    fn state(tables: &[(&str, &[&str])], version: Option<&str>, buckets: Option<u32>) -> State {
        let observed = Observed::of(tables);
        let mut state = State { observed, version: 0, raw_version: None, buckets };
        state.set_version(version.map(str::to_owned)).unwrap();
        state
    }

    const GUIDE: &[&str] = &["prefix", "key", "value", "created_at", "updated_at"];
    const OURS: &[&str] =
        &["prefix", "key", "value", "created_at", "updated_at", "version", "ttl_seconds", "sub_ms"];
    const INDEX: (&str, &[&str]) = ("store_namespaces", &["bucket", "path", "seen_at"]);
    const META: (&str, &[&str]) = ("store_meta", &["name", "value"]);

    #[test]
    fn from_nothing_tables_are_made_and_the_version_comes_last() {
        let steps = texts(&state(&[META], None, None), 1);
        assert_eq!(
            steps,
            [
                "CREATE TABLE IF NOT EXISTS \"ks\".\"store\" (prefix ",
                "CREATE TABLE IF NOT EXISTS \"ks\".\"store_namespace",
                "set namespace_buckets to 16 in store_meta",
                "set schema_version to 1 in store_meta",
            ]
        );
    }

    #[test]
    fn the_guides_table_gets_columns_and_an_index() {
        let steps = texts(&state(&[("store", GUIDE), META], None, None), 1);
        assert_eq!(
            steps,
            [
                "ALTER TABLE \"ks\".\"store\" ADD version uuid",
                "ALTER TABLE \"ks\".\"store\" ADD ttl_seconds int",
                "ALTER TABLE \"ks\".\"store\" ADD sub_ms int",
                "CREATE TABLE IF NOT EXISTS \"ks\".\"store_namespace",
                "set namespace_buckets to 16 in store_meta",
                "rebuild store_namespaces from SELECT DISTINCT pr",
                "set schema_version to 1 in store_meta",
            ]
        );
    }

    #[test]
    fn what_is_done_is_not_done_again() {
        let done = state(&[("store", OURS), INDEX, META], Some("1"), Some(16));
        assert_eq!(texts(&done, 1), Vec::<String>::new());
        // A table that was dropped since is made again, and its index with it.
        let lost = state(&[("store", OURS), META], Some("1"), Some(16));
        let steps = texts(&lost, 1);
        assert!(steps[0].contains("store_namespace") && steps[1].starts_with("rebuild") && steps.len() == 2);
    }

    #[test]
    fn the_way_back_leaves_the_guides_table() {
        let steps = texts(&state(&[("store", OURS), INDEX, META], Some("1"), Some(8)), 0);
        assert_eq!(
            steps,
            [
                "DROP TABLE IF EXISTS \"ks\".\"store_namespaces\"",
                "ALTER TABLE \"ks\".\"store\" DROP version",
                "ALTER TABLE \"ks\".\"store\" DROP ttl_seconds",
                "ALTER TABLE \"ks\".\"store\" DROP sub_ms",
                "remove namespace_buckets from store_meta",
                "set schema_version to 0 in store_meta",
            ]
        );
        assert_eq!(texts(&state(&[("store", GUIDE), META], Some("0"), None), 0), Vec::<String>::new());
        let again = plan(&state(&[("store", GUIDE), META], Some("0"), None), &config(), Server::Cassandra, 1);
        let last = Step::Set { name: "schema_version", from: Some("0".into()), to: Some("1".into()) };
        assert_eq!(again.last(), Some(&last));
    }
}
