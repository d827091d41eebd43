//! Request bodies: whatever bytes come, they are refused with a status and a message or carried out;
//! every answer is JSON. The first byte chooses the operation.
#![no_main]

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use lgstore::error::Code;
use lgstore::op::client::{Client, Request};
use lgstore::runtime::Runtime;
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// One store for all inputs, so that later ones meet items of earlier ones; emptied now and then.
fn client() -> &'static Arc<Client> {
    static CLIENT: OnceLock<Arc<Client>> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let config = Config::parse(r#"{"backend":"embedded","limits":{"inflight_operations":16}}"#);
        Client::new(Runtime::shared().expect("a runtime"), config.expect("a configuration")).expect("a store")
    })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

fn run(client: &Arc<Client>, kind: Kind, body: &[u8]) {
    let request = Request { op: kind as u32, body, allow_immediate: true, timeout: None, tag: 1 };
    match client.call(&request) {
        Err(error) => {
            assert!(!error.message().is_empty());
            assert!(is_json(&error.to_json()), "{}", error.to_json());
            assert_ne!(error.code(), Code::Panic, "{}", error.message());
        }
        Ok(answer) => {
            assert!(is_json(answer.json()), "{}", answer.json());
            assert_ne!(answer.code(), Some(Code::Panic), "{}", answer.json());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let client = client();
    let log = client.runtime().log();
    let kind = Kind::ALL[usize::from(*first) % Kind::ALL.len()];
    let prepared = client.store().prepare(kind as u32, body, log);
    let accepted = prepared.is_ok();
    if let Err(error) = &prepared {
        assert!(!error.message().is_empty() && is_json(&error.to_json()), "{}", error.to_json());
    }
    // A backup would write wherever the input says.
    if kind != Kind::Backup {
        run(client, kind, body);
    }
    // An accepted body stays accepted with space around it: nothing depends on how it is laid out.
    if accepted && !body.is_empty() {
        let spaced = [b" \n", body, b"\t "].concat();
        assert!(client.store().prepare(kind as u32, &spaced, log).is_ok());
    }
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
    if COUNT.replace(COUNT.get() + 1) % 512 == 511 {
        run(client, Kind::DeletePrefix, br#"{"namespace_prefix":[]}"#);
    }
});
