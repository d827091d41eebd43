//! URLs and the environment.

use super::*;

#[test]
fn urls_name_backend_path_and_any_field() {
    for (url, path) in [
        ("memory:", None),
        ("memory://", None),
        (":memory:", None),
        ("MEMORY:", None),
        ("file:x.db", Some("x.db")),
        ("file:../a b/x+y.db", Some("../a b/x+y.db")),
        ("file:/data/x.db", Some("/data/x.db")),
        ("file:///data/x.db", Some("/data/x.db")),
        ("file://localhost/data/x.db", Some("/data/x.db")),
        ("file:a%20b%3F%23%25%C3%A4.db", Some("a b?#%ä.db")),
        ("file::memory:", None),
    ] {
        let config = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(config.path.as_deref(), path, "{url}");
        assert_eq!(config.backend, BackendName::Embedded, "{url}");
    }
    let config = parse(
        "file:/x.db?durability=normal&ttl.default_ttl=60.5&limits.search_limit=500&read_only&immediate=0\
         &indexes=age,home.city&ttl.sweep_interval=null&search.default_order=updated_at%20desc&",
    )
    .expect("read");
    assert_eq!((config.durability, config.ttl.default_ttl), (Durability::Normal, Some(60.5)));
    assert_eq!((config.limits.search_limit, config.read_only, config.immediate), (500, true, false));
    assert_eq!(config.indexes, ["age", "home.city"]);
    assert_eq!((config.sweep_interval(), config.search.default_order), (None, OrderName::UpdatedDesc));
    let fault = parse("fault:?fault.delay_us=100").expect("read");
    assert_eq!((fault.backend, fault.fault.delay_us), (BackendName::Fault, 100));
    assert_eq!(parse("memory:?indexes=[\"a,b\"]").expect("read").indexes, ["a,b"]);
    assert_eq!(parse("memory:?indexes=").expect("read").indexes, Vec::<String>::new());
}

#[test]
fn wrong_urls_are_refused() {
    for (url, field, message) in [
        ("fiel:/x.db", "", "did you mean \"file:\"?"),
        ("http://x/y", "", "not known"),
        ("file:", "path", "needs a path"),
        ("file://", "path", "on the host"),
        ("file://server/x.db", "path", "on the host"),
        ("file://x.db", "path", "on the host"),
        ("file:x%2", "path", "hexadecimal"),
        ("file:x%zz", "path", "hexadecimal"),
        ("file:x%ff", "path", "UTF-8"),
        ("file:x%00y", "path", "NUL"),
        ("file:x#y", "", "%23"),
        ("memory:x", "path", "has no path"),
        ("memory:?durabilty=full", "durabilty", "did you mean \"durability\"?"),
        ("memory:?limits.valu_bytes=1", "limits.valu_bytes", "did you mean \"value_bytes\"?"),
        ("memory:?limits=1", "limits", "is a group of fields; name one, such as \"limits.inflight_bytes\""),
        ("memory:?readers=x", "readers", "must be an integer from 1 to 64, not \"x\""),
        ("memory:?readers=", "readers", "not \"\""),
        ("memory:?readers=+4%20", "readers", "not \"+4 \""),
        ("memory:?timeout=inf", "timeout", "not \"inf\""),
        ("memory:?timeout=NaN", "timeout", "not \"NaN\""),
        ("memory:?immediate=yes", "immediate", "must be true or false, not \"yes\""),
        ("memory:?readers=1&readers=2", "readers", "stands twice"),
        ("file:x.db?path=y.db", "path", "stands twice"),
        ("memory:?readers.x=1", "readers.x", "unknown field"),
    ] {
        refused(url, field, message);
    }
}

#[test]
fn nothing_means_the_environment() {
    assert_eq!(parse_in("", &[]).expect("read"), Config::default());
    let config = parse_in(
        " \n",
        &[
            ("PATH", "/bin"),
            ("LGSTORE_PATH", "/data/x.db"),
            ("LGSTORE_DURABILITY", "normal"),
            ("LGSTORE_TTL_DEFAULT_TTL", "3600"),
            ("LGSTORE_LIMITS_VALUE_BYTES", "2000"),
            ("LGSTORE_INDEXES", "age, city"),
            ("LGSTORE_READ_ONLY", "true"),
            ("LGSTORE_TIMEOUT", ""),
            ("LGSTORE_TEST_CONTACT_POINTS", "whatever"),
            ("LGSTORE_LIBRARY", "/lib/liblgstore.so"),
        ],
    )
    .expect("read");
    assert_eq!((config.path.as_deref(), config.durability), (Some("/data/x.db"), Durability::Normal));
    assert_eq!((config.ttl.default_ttl, config.limits.value_bytes), (Some(3_600.0), 2_000));
    assert_eq!((config.indexes.join("|").as_str(), config.read_only), ("age|city", true));
}

#[test]
fn the_nearer_source_wins() {
    let environment = [
        ("LGSTORE_CONFIG", r#"{"path":"config.db","readers":2,"timeout":2,"limits":{"key_bytes":2}}"#),
        ("LGSTORE_READERS", "3"),
        ("LGSTORE_TIMEOUT", "3"),
        ("LGSTORE_LIMITS_LABEL_CHARS", "3"),
    ];
    let config = parse_in("", &environment).expect("read");
    assert_eq!((config.path.as_deref(), config.readers, config.timeout), (Some("config.db"), 3, Some(3.0)));
    assert_eq!(
        (config.limits.key_bytes, config.limits.label_chars),
        (2, 3),
        "groups are filled, not replaced"
    );

    let document = r#"{"from_env":true,"timeout":null,"limits":{"label_chars":4}}"#;
    let config = parse_in(document, &environment).expect("read");
    assert_eq!((config.path.as_deref(), config.readers, config.timeout), (Some("config.db"), 3, None));
    assert_eq!((config.limits.key_bytes, config.limits.label_chars), (2, 4));

    let config = parse_in("memory:?from_env", &environment).expect("read");
    assert_eq!((config.engine_path(), config.readers), (None, 3), "memory: says that there is no file");
    assert_eq!(parse_in("", &[("LGSTORE_URL", "file:u.db?readers=5")]).expect("read").readers, 5);
    // Not asked for, so not even a wrong one matters.
    assert_eq!(parse_in("{}", &[("LGSTORE_NONSENSE", "1")]).expect("read"), Config::default());
}

#[test]
fn wrong_variables_are_named() {
    for (name, text, code, field, message) in [
        (
            "LGSTORE_DURABILTY",
            "full",
            Code::InvalidArg,
            "LGSTORE_DURABILTY",
            "did you mean LGSTORE_DURABILITY?",
        ),
        ("LGSTORE_VALUE_BYTES", "1", Code::InvalidArg, "LGSTORE_VALUE_BYTES", "no such variable"),
        ("LGSTORE_CONFI", "{}", Code::InvalidArg, "LGSTORE_CONFI", "did you mean LGSTORE_CONFIG?"),
        ("LGSTORE_", "x", Code::InvalidArg, "LGSTORE_", "no such variable"),
        ("LGSTORE_FROM_ENV", "true", Code::InvalidArg, "LGSTORE_FROM_ENV", "no such variable"),
        ("LGSTORE_READERS", "99", Code::InvalidArg, "LGSTORE_READERS", "from 1 to 64, not 99"),
        ("LGSTORE_INDEXES", "a,a", Code::InvalidArg, "LGSTORE_INDEXES", "different strings"),
        (
            "LGSTORE_CONFIG",
            r#"{"limits":{"x":1}}"#,
            Code::InvalidArg,
            "LGSTORE_CONFIG.limits.x",
            "unknown field",
        ),
        ("LGSTORE_CONFIG", "{", Code::Json, "LGSTORE_CONFIG", "is not JSON"),
        ("LGSTORE_URL", "file:", Code::InvalidArg, "LGSTORE_URL.path", "needs a path"),
        ("LGSTORE_URL", "scylla:x/y", Code::InvalidArg, "LGSTORE_URL.contact_points", "scylla://host1"),
    ] {
        fails(parse_in("", &[(name, text)]), code, field, message);
    }
    let both = [("LGSTORE_URL", "memory:"), ("LGSTORE_CONFIG", "{}")];
    fails(parse_in("", &both), Code::InvalidArg, "LGSTORE_URL", "LGSTORE_CONFIG is set too");
    fails(parse_in("", &[("LGSTORE_READ_ONLY", "1")]), Code::InvalidArg, "read_only", "needs a file");
}

#[cfg(unix)]
#[test]
fn an_environment_may_hold_anything() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let foreign =
        Config::parse_with("", || [(bytes(b"LGSTORE_\xff"), bytes(b"x")), (bytes(b"A"), bytes(b"\xff"))]);
    assert_eq!(foreign.expect("read"), Config::default());
    let ours = Config::parse_with("", || [(bytes(b"LGSTORE_PATH"), bytes(b"\xff"))]);
    fails(ours, Code::Utf8, "LGSTORE_PATH", "not UTF-8");
}
