//! Which node is asked.

use std::sync::Arc;
use std::time::Duration;

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::RequestAttemptError;
use scylla::policies::load_balancing::{DefaultPolicy, FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;

use super::attempt;
use crate::store::config::Config;

/// To a replica of the statement's partition, in the local data centre first. Others come last, and only
/// for consistencies that ask for no local replicas.
pub fn routing(config: &Config) -> Arc<dyn LoadBalancingPolicy> {
    let policy = DefaultPolicy::builder().token_aware(true);
    Arc::new(Elsewhere(match &config.local_datacenter {
        Some(local) => policy.prefer_datacenter(local.clone()).permit_dc_failover(true).build(),
        None => policy.build(),
    }))
}

/// The driver's own policy, but that a request which is sent again because it is slow goes to the nodes
/// that it was not sent to yet, and to the others only then.
#[derive(Debug)]
struct Elsewhere(Arc<dyn LoadBalancingPolicy>);

impl LoadBalancingPolicy for Elsewhere {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        // None: the driver takes the first of `fallback`.
        self.0.pick(request, cluster).filter(|(node, _)| attempt::is_news(node.host_id))
    }

    fn fallback<'a>(&'a self, request: &'a RoutingInfo, cluster: &'a ClusterState) -> FallbackPlan<'a> {
        let plan = self.0.fallback(request, cluster);
        if attempt::nobody_was_asked() {
            return plan;
        }
        let rest: Vec<_> = plan.filter(|(node, _)| !attempt::was_asked(node.host_id)).collect();
        if rest.is_empty() {
            return self.0.fallback(request, cluster);
        }
        // Looked at again when its turn comes: another attempt may have asked the node meanwhile.
        Box::new(rest.into_iter().filter(|(node, _)| attempt::is_news(node.host_id)))
    }

    fn on_request_success(&self, request: &RoutingInfo, latency: Duration, node: NodeRef<'_>) {
        self.0.on_request_success(request, latency, node);
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        self.0.on_request_failure(request, latency, node, error);
    }

    fn name(&self) -> String {
        self.0.name()
    }
}
