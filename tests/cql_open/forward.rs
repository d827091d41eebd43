//! An address of its own that leads to a node.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};

/// An address that nobody else takes, and nobody listens at yet.
pub struct Forwarder {
    address: SocketAddr,
}

impl Forwarder {
    /// A loopback address that nobody else has, with the port of `to`: drivers take the port that they have
    /// reached one node at for all.
    pub fn reserve(to: &str) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let port = to.rsplit(':').next().and_then(|port| port.parse().ok()).expect("host:port");
        let process = (std::process::id() % 60_000).to_be_bytes();
        let ip = Ipv4Addr::new(127, 100 + process[2] % 100, process[3], NEXT.fetch_add(1, Ordering::Relaxed));
        Self { address: (ip, port).into() }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Leads to `to` from now on, until the process ends.
    pub fn listen(&self, to: &str) {
        let (listener, to) = (TcpListener::bind(self.address).expect("still free"), to.to_owned());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(&to).expect("the node");
                pour(near.try_clone().unwrap(), far.try_clone().unwrap());
                pour(far, near);
            }
        });
    }
}

fn pour(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
