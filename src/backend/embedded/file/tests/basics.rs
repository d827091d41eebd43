use super::*;

#[test]
fn an_item_comes_back_as_it_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let texts = ["", ".", "a\0b", "\u{10ffff}", "ключ", "x' OR 1=1 --"];
    for (index, text) in texts.iter().enumerate() {
        let path = format!("l {text}{index}\0two");
        put(&engine, &path, text, &format!("{{\"n\":{index}}}")).unwrap();
    }
    for (index, text) in texts.iter().enumerate() {
        let path = format!("l {text}{index}\0two");
        assert_eq!(get_now(&engine, &path, text), Some(format!("{{\"n\":{index}}}")));
        assert_eq!(get_now(&engine, &path, "other"), None);
    }
    assert_eq!(get_now(&engine, "nowhere", ""), None);
}

#[test]
fn every_field_of_the_record_is_kept_through_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let full = Meta {
        created_at: -5,
        updated_at: i64::MAX - 1,
        version: *b"0123456789abcdef",
        expires_at: Some(77),
        ttl_us: Some(9),
        duplicates: true,
    };
    let engine = open(&path);
    let plain = Meta { expires_at: None, ttl_us: None, duplicates: false, ..full };
    write(&engine, move |tx| {
        tx.put(&Address::new("a", "k"), Record { value: "{\"v\":1}", meta: full })?;
        tx.put(&Address::new("a", "l"), Record { value: "{}", meta: plain })
    })
    .unwrap();
    engine.close();
    assert!(!folder.path().join("store.db-wal").exists(), "the last to close empties the log");
    let engine = open(&path);
    let mut view = engine.view(true).unwrap().unwrap();
    assert_eq!(get(&mut view, "a", "k"), Some(("{\"v\":1}".into(), full)));
    assert_eq!(get(&mut view, "a", "l"), Some(("{}".into(), plain)));
}

#[test]
fn a_view_does_not_see_what_is_written_after_it_and_the_next_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    put(&engine, "a", "k", "{\"v\":1}").unwrap();
    let mut before = engine.view(true).unwrap().unwrap();
    put(&engine, "a", "k", "{\"v\":2}").unwrap();
    put(&engine, "new", "k", "{}").unwrap();
    for _ in 0..2 {
        assert_eq!(get(&mut before, "a", "k").unwrap().0, "{\"v\":1}");
        assert_eq!(get(&mut before, "new", "k"), None);
        assert_eq!(positions(&mut before, "", Order::KEY, None, 9).len(), 1);
        assert_eq!(namespaces(&mut before, "", "", 0), ["a"]);
    }
    drop(before);
    assert_eq!(get_now(&engine, "a", "k").unwrap(), "{\"v\":2}");
    assert_eq!(get_now(&engine, "new", "k").unwrap(), "{}");
}

#[test]
fn a_single_view_sees_the_last_commit_and_a_scan_in_it_is_one_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    for n in 0..20 {
        put(&engine, "a", &n.to_string(), "{}").unwrap();
        let mut view = engine.single(true).unwrap().unwrap();
        assert!(get(&mut view, "a", &n.to_string()).is_some());
    }
    let mut view = engine.single(true).unwrap().unwrap();
    let mut seen = 0;
    let scan = Scan { scope: "", order: Order::KEY, after: None, filter: None, skip: None };
    view.scan(&scan, &mut |_| {
        put(&engine, "a", &format!("later {seen}"), "{}").unwrap();
        seen += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen, 20);
}

#[test]
fn views_are_as_many_as_readers_and_come_back_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = FileEngine::new(&Config { readers: 2, ..config(&path) });
    engine.open().unwrap();
    let one = engine.view(false).unwrap().unwrap();
    let two = engine.view(false).unwrap().unwrap();
    assert!(engine.view(false).unwrap().is_none());
    assert!(engine.single(false).unwrap().is_none());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| engine.view(true).unwrap().is_some());
        drop(one);
        assert!(waiting.join().unwrap());
    });
    assert!(engine.view(false).unwrap().is_some());
    drop(two);
    assert_eq!(fact(&engine, "readers_in_use"), 0);
}

#[test]
fn many_threads_share_few_connections() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    put(&engine, "a", "k", "{}").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert!(get_now(&engine, "a", "k").is_some());
                }
            });
        }
    });
}

#[test]
fn a_dropped_view_lets_the_log_be_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    put(&engine, "a", "k", "{}").unwrap();
    let held = engine.view(true).unwrap().unwrap();
    put(&engine, "a", "k", "{\"v\":2}").unwrap();
    let shell = rusqlite::Connection::open(&path).unwrap();
    shell.busy_timeout(std::time::Duration::ZERO).unwrap();
    let busy = || shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(busy(), 1, "a held view keeps its snapshot");
    drop(held);
    assert_eq!(busy(), 0, "a dropped one does not");
}

#[test]
fn namespaces_are_live_while_an_item_is() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    write(&engine, |tx| {
        let expiring = |at| Meta { expires_at: Some(at), ttl_us: Some(1), ..meta(1) };
        for (path, key, meta) in [
            ("a", "k", meta(1)),
            ("a\0b", "k", expiring(10)),
            ("a\0b", "l", expiring(20)),
            ("a-b", "k", meta(1)),
            ("b", "k", expiring(10)),
            ("b", "l", meta(1)),
            ("c", "k", expiring(10)),
        ] {
            tx.put(&Address::new(path, key), Record { value: "{}", meta })?;
        }
        Ok(())
    })
    .unwrap();
    let list =
        |scope: &str, from: &str, now| namespaces(&mut engine.view(true).unwrap().unwrap(), scope, from, now);
    assert_eq!(list("", "", 9), ["a", "a\0b", "a-b", "b", "c"]);
    assert_eq!(list("a", "", 9), ["a", "a\0b"]);
    assert_eq!(list("", "a\0", 9), ["a\0b", "a-b", "b", "c"]);
    assert_eq!(list("", "", 10), ["a", "a\0b", "a-b", "b"], "an item is gone at its expiry");
    assert_eq!(list("", "", 20), ["a", "a-b", "b"]);
    // Touching, replacing and deleting keep the numbers right.
    write(&engine, |tx| {
        tx.touch(&Address::new("c", "k"), 30)?;
        tx.put(
            &Address::new("b", "l"),
            Record { value: "{}", meta: Meta { expires_at: Some(5), ..meta(2) } },
        )?;
        assert!(tx.delete(&Address::new("a-b", "k"))?);
        assert!(!tx.delete(&Address::new("a-b", "k"))?);
        assert!(!tx.delete(&Address::new("no", "k"))?);
        Ok(())
    })
    .unwrap();
    assert_eq!(list("", "", 20), ["a", "c"]);
    assert_eq!(list("", "", 9), ["a", "a\0b", "b", "c"]);
}

#[test]
fn reclaiming_removes_the_oldest_expiries_first_and_at_most_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let reclaimed = std::sync::Arc::new(crate::lock::Mutex::new(Vec::new()));
    let inner = std::sync::Arc::clone(&reclaimed);
    write(&engine, move |tx| {
        for n in 0..10 {
            let meta = Meta { expires_at: Some(10 - n), ttl_us: Some(1), ..meta(n) };
            tx.put(&Address::new("a", &n.to_string()), Record { value: "{}", meta })?;
        }
        inner.lock().extend([tx.reclaim(7, 3)?, tx.reclaim(7, 100)?, tx.reclaim(7, 100)?]);
        Ok(())
    })
    .unwrap();
    assert_eq!(*reclaimed.lock(), [3, 4, 0]);
    let left = positions(&mut engine.view(true).unwrap().unwrap(), "", Order::KEY, None, 99);
    assert_eq!(left.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["0", "1", "2"]);
}
