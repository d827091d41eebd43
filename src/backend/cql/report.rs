//! What the cluster backend adds to the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use super::cluster::Cluster;
use crate::telemetry::report::{Cache, Pool, Report};

impl Cluster {
    /// Fills in caches, nodes and what was given up. Quick: reads counters and the driver's last picture of
    /// the topology.
    pub fn report(&self, report: &mut Report) {
        let (hits, misses) = self.creations.hits_and_misses();
        report.caches.push(Cache { name: "created_at", hits, misses, entries: self.creations.entries() });
        let (index, count) = (self.namespaces.counts(), |number: &AtomicU64| number.load(Ordering::Relaxed));
        report.caches.push(Cache {
            name: "namespaces",
            hits: count(&index.known),
            misses: count(&index.unknown),
            entries: self.namespaces.remembered(),
        });
        report.refreshes_dropped += self.refreshes.dropped();
        let state = self.session.get_cluster_state();
        let nodes = state.get_nodes_info();
        let up = nodes.iter().filter(|node| node.is_connected()).count();
        report.pool = Some(Pool { connections: None, nodes_up: up as u64, nodes: nodes.len() as u64 });
        report.count(
            "namespaces_registered",
            "Rows of the index of namespaces written.",
            count(&index.registered),
        );
        report.count(
            "namespaces_removed",
            "Rows of namespaces without items removed.",
            count(&index.removed),
        );
        report.count("index_pages", "Pages of the index of namespaces read.", count(&index.pages));
        report.count("namespace_looks", "Reads of whether a namespace holds an item.", count(&index.looks));
        report.count("scan_pages", "Pages of items read by searches and counts.", self.scans.pages());
        report.count("unreadable_rows", "Rows passed over: no JSON object.", self.scans.unreadable());
        report.count(
            "abandoned_requests",
            "Requests that were still with the cluster when their caller had been answered (deadline, cancel).",
            self.abandoned.load(Ordering::Relaxed),
        );
    }
}
