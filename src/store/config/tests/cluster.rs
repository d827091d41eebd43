//! The options of a cluster.

use super::*;
use crate::store::config::cql::*;

const NODE: &str = r#""backend":"cql","contact_points":["n1"],"keyspace":"ks""#;

fn cluster(more: &str) -> Result<Config, Error> {
    parse(&format!("{{{NODE}{more}}}"))
}

fn wrong(more: &str, field: &str, message: &str) {
    fails(cluster(more), Code::InvalidArg, field, message);
}

#[test]
fn a_cluster_is_its_nodes_and_a_keyspace() {
    let config = cluster("").expect("read");
    assert_eq!((config.backend, config.keyspace()), (BackendName::Cql, "ks"));
    assert_eq!(config.endpoints().collect::<Vec<_>>(), [("n1", 9042)]);
    assert_eq!(config.table("store"), "\"ks\".\"store\"");
    assert_eq!(config.request_timeout(), Duration::from_secs(2));
    assert_eq!((config.speculative.delay, config.speculative.max), (0.2, 2));
    assert!(config.tls.verify_hostname && config.schema.create);
    refused(r#"{"backend":"cql","keyspace":"ks"}"#, "contact_points", "at least one node");
    refused(r#"{"backend":"cql","contact_points":["n"]}"#, "keyspace", "must name the keyspace");
    let points =
        r#"{"backend":"cql","keyspace":"k","port":7,"contact_points":["a","b:9","[::1]:8","::2","[::3]"]}"#;
    let config = parse(points).expect("read");
    let wanted = [("a", 7), ("b", 9), ("::1", 8), ("::2", 7), ("::3", 7)];
    assert_eq!(config.endpoints().collect::<Vec<_>>(), wanted);
    for point in ["a:b", "a:0", "a:70000", ":9042", "[::1", "[x]", "a b", "u@h", "h/k"] {
        let text = json!({"backend": "cql", "keyspace": "k", "contact_points": ["a", point]}).to_string();
        refused(&text, "contact_points[1]", "must be host, host:port or [address]:port");
    }
    for keyspace in ["1a", "a-b", "a.b", "a\\\"b", "_a"] {
        let text = format!(r#"{{"backend":"cql","contact_points":["n"],"keyspace":"{keyspace}"}}"#);
        refused(&text, "keyspace", "must be letters, digits and _");
    }
}

#[test]
fn a_forgotten_backend_is_not_a_store_in_memory() {
    refused(r#"{"contact_points":["n1"],"keyspace":"ks"}"#, "contact_points", r#"set "backend":"cql""#);
    wrong(r#","path":"x.db""#, "path", "has none");
    // What only tunes may stay when an application moves.
    parse(r#"{"keyspace":"ks","pool":{"core_connections":2},"request_timeout":3,"profiles":{"p":{}}}"#)
        .expect("read");
    cluster(r#","durability":"normal","readers":2,"indexes":["a"]"#).expect("read");
}

#[test]
fn fields_of_a_cluster_must_fit_together() {
    wrong(r#","auth":{"username":"u"}"#, "auth.password", "auth.username");
    wrong(r#","auth":{"password":"u"}"#, "auth.username", "auth.password");
    wrong(
        r#","pool":{"core_connections":8,"max_connections":2}"#,
        "pool.max_connections",
        "core_connections (8)",
    );
    wrong(r#","tls":{"ca_file":"ca.pem"}"#, "tls.ca_file", "tls.enabled");
    wrong(r#","tls":{"enabled":true}"#, "tls.ca_file", "authority");
    wrong(r#","tls":{"enabled":true,"ca_file":"c","cert_file":"d"}"#, "tls.key_file", "tls.cert_file");
    wrong(r#","tls":{"enabled":true,"ca_file":"c","key_file":"d"}"#, "tls.cert_file", "tls.key_file");
    wrong(r#","tls":{"min_version":"1.1"}"#, "tls.min_version", r#"must be "1.2" or "1.3""#);
    wrong(r#","consistency":"serial""#, "consistency", "serial_consistency");
    wrong(r#","consistency":"LOCAL_QUORUM""#, "consistency", r#"did you mean "local_quorum"?"#);
    wrong(r#","speculative":{"delay":2}"#, "speculative.delay", "below request_timeout (2)");
    cluster(r#","speculative":{"delay":2,"max":0}"#).expect("read");
    let replication = |text: &str| format!(r#","schema":{{"replication":{{{text}}}}}"#);
    let both = replication(r#""strategy":"simple","datacenters":{"a":1}"#);
    wrong(&both, "schema.replication.datacenters", "network_topology");
    let both = replication(r#""factor":1,"datacenters":{"a":1}"#);
    wrong(&both, "schema.replication.datacenters", "factor");
    let many = replication(r#""datacenters":{"a":99}"#);
    wrong(&many, "schema.replication.datacenters.a", "1 to 64");
    let text = replication(r#""datacenters":{"a":"x"}"#);
    wrong(&text, "schema.replication.datacenters.a", "must be an integer");
    wrong(r#","schema":{"compaction_options":{"a":"1"}}"#, "schema.compaction_options", "schema.compaction");
    let options = r#","schema":{"compaction":"leveled","compaction_options":{"class":"x"}}"#;
    wrong(options, "schema.compaction_options.class", "the class");
    wrong(r#","schema":{"compression":"a'b"}"#, "schema.compression", "LZ4Compressor");
    wrong(r#","schema":{"namespace_buckets":1025}"#, "schema.namespace_buckets", "from 1 to 1024");
}

#[test]
fn profiles_have_names_and_inherit() {
    let config = cluster(
        r#","profiles":{"slow":{"request_timeout":9,"consistency":"serial"},"analytics":{"retry":false}}"#,
    )
    .expect("read");
    let names: Vec<_> = config.profile_names().collect();
    assert_eq!(names, ["default", "strong_reads", "fast_writes", "lwt_operations", "analytics", "slow"]);
    assert_eq!(
        (config.profile("default"), config.profile("slow"), config.profile("x")),
        (Some(0), Some(5), None)
    );
    let slow = &config.profiles["slow"];
    assert_eq!((slow.request_timeout, slow.consistency), (Some(9.0), Some(ConsistencyName::Serial)));
    assert_eq!((slow.retry, config.profiles["analytics"].retry), (None, Some(false)));
    assert_eq!(parse(&config.to_json()).expect("read back"), config);
    wrong(r#","profiles":{"default":{}}"#, "profiles.default", "beside");
    wrong(r#","profiles":{"a b":{}}"#, "profiles.a b", "letters, digits");
    wrong(r#","profiles":{"":{}}"#, "profiles", "an object of at most 64 named objects");
    wrong(r#","profiles":[]"#, "profiles", "an object of at most 64 named objects, not an array");
    wrong(
        r#","profiles":{"a":{"consistancy":"one"}}"#,
        "profiles.a.consistancy",
        "did you mean \"consistency\"?",
    );
    wrong(r#","profiles":{"a":{"consistency":null}}"#, "profiles.a.consistency", "not null");
    wrong(
        r#","profiles":{"a":{"consistency":"serial","serial_consistency":"serial"}}"#,
        "profiles.a.serial_consistency",
        "twice",
    );
    let slow = r#","profiles":{"a":{"request_timeout":0.1,"speculative":{"delay":0.2}}}"#;
    wrong(slow, "profiles.a.speculative.delay", "below request_timeout (0.1)");
}

#[test]
fn a_url_names_user_nodes_and_keyspace() {
    for scheme in ["scylla", "cassandra", "cql"] {
        let url = format!(
            "{scheme}://us%40er:pa%2Fss%3A@h1,h2:19042,[::1]:7/ks?local_datacenter=dc1&pool.core_connections=2\
             &profiles.slow.request_timeout=9&compression=lz4"
        );
        let config = parse(&url).expect("read");
        assert_eq!((config.backend, config.keyspace()), (BackendName::Cql, "ks"));
        let points: Vec<_> = config.endpoints().collect();
        assert_eq!(points, [("h1", 9042), ("h2", 19042), ("::1", 7)]);
        assert_eq!(config.auth.username.as_deref(), Some("us@er"));
        assert_eq!(config.auth.password.as_ref().map(Secret::reveal), Some("pa/ss:"));
        assert_eq!(config.local_datacenter.as_deref(), Some("dc1"));
        assert_eq!((config.pool.core_connections, config.compression), (2, Compression::Lz4));
        assert_eq!(config.profiles["slow"].request_timeout, Some(9.0));
    }
    assert_eq!(parse("cql://h?keyspace=k").expect("read").keyspace(), "k");
    for (url, field, message) in [
        ("scylla:h/k", "contact_points", "scylla://host1"),
        ("scylla://h", "keyspace", "must name"),
        ("scylla:///k", "contact_points", "at least one"),
        ("scylla://h/k?keyspace=x", "keyspace", "stands twice"),
        ("scylla://u@h/k", "auth.password", "auth.username"),
        ("scylla://h:x/k", "contact_points[0]", "host:port"),
        ("scilla://h/k", "", "did you mean \"scylla:\"?"),
    ] {
        refused(url, field, message);
    }
}

#[test]
fn a_password_is_never_shown() {
    let config = cluster(r#","auth":{"username":"u","password":"s3cr3t"}"#).expect("read");
    for text in [config.to_json(), format!("{config:?}")] {
        assert!(!text.contains("s3cr3t") && text.contains("***"), "{text}");
    }
    assert_eq!(config.auth.password.as_ref().map(Secret::reveal), Some("s3cr3t"));
    for text in [
        r#"{"auth":{"password":53637}}"#,
        r#"{"auth":{"password":["53637"]}}"#,
        r#"{"auth":{"password":"53637","username":1}}"#,
        "scylla://u:5/3637@h/k",
        "scylla://u:?53637@h/k",
        "scylla://u:?a&53637@h/k",
        "scylla://u:@53637@h/k",
        "scylla://u::53637@h/k",
        "scylla://u:53637%2@h/k",
        "scylla://u:#53637@h/k",
        "scylla://u:53637@h/k?auth.password=53637",
        "scylla://u:53637@/k",
    ] {
        let shown = parse(text).expect_err(text).to_json();
        assert!(!shown.contains("3637"), "{text}: {shown}");
    }
    let long = "x".repeat(5_000);
    let error =
        parse_in("", &[("LGSTORE_BACKEND", "cql"), ("SCYLLADB_PASSWORD", &long)]).expect_err("too long");
    assert!(error.field() == Some("SCYLLADB_PASSWORD") && !error.to_json().contains("xxx"), "{error}");
}

#[test]
fn other_clients_variables_count_for_clusters_only() {
    let others = [
        ("SCYLLADB_CONTACT_POINTS", "h1,h2:9043"),
        ("SCYLLADB_KEYSPACE", "guide"),
        ("SCYLLA_KEYSPACE", "older"),
        ("SCYLLA_HOSTS", "old"),
        ("SCYLLA_PORT", "9044"),
        ("SCYLLADB_USERNAME", "u"),
        ("SCYLLADB_PASSWORD", "p"),
        ("SCYLLA_CONSISTENCY", "QUORUM"),
        ("SCYLLADB_LOCAL_DC", "dc1"),
        ("SCYLLADB_SOMETHING_ELSE", "x"),
    ];
    let config = parse_in("", &others).expect("read");
    assert_eq!(config, Config::default(), "nothing names the backend");
    let with = |more: &[(&'static str, &'static str)]| [&others[..], more].concat();
    let config = parse_in("", &with(&[("LGSTORE_BACKEND", "cql")])).expect("read");
    assert_eq!(config.endpoints().collect::<Vec<_>>(), [("h1", 9044), ("h2", 9043)]);
    assert_eq!((config.keyspace(), config.consistency), ("guide", ConsistencyName::Quorum));
    assert_eq!(
        (config.auth.username.as_deref(), config.local_datacenter.as_deref()),
        (Some("u"), Some("dc1"))
    );
    let config = parse_in("scylla://h/own?from_env", &with(&[("LGSTORE_KEYSPACE", "mine")])).expect("read");
    assert_eq!((config.keyspace(), config.contact_points.len()), ("own", 1));
    let config =
        parse_in("", &with(&[("LGSTORE_BACKEND", "cql"), ("LGSTORE_KEYSPACE", "mine")])).expect("read");
    assert_eq!(config.keyspace(), "mine");
    let wrong = [("LGSTORE_BACKEND", "cql"), ("SCYLLADB_PORT", "x")];
    fails(parse_in("", &wrong), Code::InvalidArg, "SCYLLADB_PORT", "must be an integer from 1 to 65535");
    assert_eq!(parse_in("memory:?from_env", &[("LGSTORE_CONTACT_POINTS", "h")]).expect("read").path, None);
    let json = [("LGSTORE_PROFILES", r#"{"p":{"request_timeout":1}}"#)];
    assert_eq!(parse_in("", &json).expect("read").profiles["p"].request_timeout, Some(1.0));
    fails(parse_in("", &[("LGSTORE_PROFILES", "p")]), Code::InvalidArg, "LGSTORE_PROFILES", "an object");
}
