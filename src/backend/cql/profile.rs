//! Execution profiles: which consistency, how long, how often.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::policies::retry::{FallthroughRetryPolicy, RetryPolicy};
use scylla::policies::speculative_execution::{SimpleSpeculativeExecutionPolicy, SpeculativeExecutionPolicy};
use scylla::statement::{Consistency, SerialConsistency};

use super::attempt::Retries;
use super::point::Patience;
use super::routing::routing;
use crate::store::config::Config;
use crate::store::config::cql::{ConsistencyName, ProfileConfig, SerialName, SpeculativeConfig};

/// One profile, ready for the driver.
pub struct Profile {
    /// For statements on items.
    pub handle: ExecutionProfileHandle,
    /// The same without limits of time: for requests that [`Cluster::ask`](super::cluster::Cluster) sends.
    pub point: ExecutionProfileHandle,
    /// The same as `handle`, but never below LOCAL_QUORUM: for namespaces and for what decides.
    pub strict: ExecutionProfileHandle,
    /// Of all handles.
    pub serial: SerialConsistency,
    /// What `point` leaves to whoever asks.
    pub patience: Patience,
}

/// All profiles; index 0 is the default, the others as `Config::profile_names` counts them.
pub struct Profiles {
    all: Vec<Profile>,
}

impl Profiles {
    /// The profiles of a configuration, which is checked already.
    pub fn new(config: &Config) -> Self {
        let policy = routing(config);
        let all = config.profile_names().map(|name| profile(config, name, &policy)).collect();
        Self { all }
    }

    /// How late an alarm of a request may ring: an eighth of the shortest delay, 1 to 25 ms.
    pub fn tick(&self) -> Duration {
        let delays = self.all.iter().map(|profile| profile.patience.delay.min(profile.patience.limit) / 8);
        delays.min().unwrap_or_default().clamp(Duration::from_millis(1), Duration::from_millis(25))
    }

    /// The profile at this index.
    pub fn get(&self, index: usize) -> &Profile {
        &self.all[index.min(self.all.len() - 1)]
    }
}

fn profile(config: &Config, name: &str, policy: &Arc<dyn LoadBalancingPolicy>) -> Profile {
    let wanted = resolved(config, name);
    let consistency = of_name(wanted.consistency);
    let builder = |consistency, is_point: bool| {
        let retry: Arc<dyn RetryPolicy> =
            if wanted.retry { Arc::new(Retries) } else { Arc::new(FallthroughRetryPolicy) };
        ExecutionProfile::builder()
            .consistency(consistency)
            .serial_consistency(Some(wanted.serial))
            .request_timeout((!is_point).then_some(wanted.timeout))
            .retry_policy(retry)
            .speculative_execution_policy(speculation(&wanted.speculative).filter(|_| !is_point))
            .load_balancing_policy(policy.clone())
            .build()
            .into_handle_with_label(name.to_owned())
    };
    Profile {
        handle: builder(consistency, false),
        point: builder(consistency, true),
        strict: builder(at_least_local_quorum(consistency), false),
        serial: wanted.serial,
        patience: Patience {
            limit: wanted.timeout,
            delay: Duration::from_secs_f64(wanted.speculative.delay),
            more: wanted.speculative.max,
        },
    }
}

fn speculation(wanted: &SpeculativeConfig) -> Option<Arc<dyn SpeculativeExecutionPolicy>> {
    (wanted.max > 0).then(|| {
        Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: wanted.max as usize,
            retry_interval: Duration::from_secs_f64(wanted.delay),
        }) as Arc<dyn SpeculativeExecutionPolicy>
    })
}

/// A profile with nothing left out.
#[derive(Debug, PartialEq)]
struct Resolved {
    consistency: ConsistencyName,
    serial: SerialConsistency,
    timeout: Duration,
    retry: bool,
    speculative: SpeculativeConfig,
}

/// What holds under this name: the configuration's own profile, over the built-in one, over the default.
fn resolved(config: &Config, name: &str) -> Resolved {
    let (own, built_in) = (config.profiles.get(name), built_in(name));
    let layers = [own, built_in.as_ref()];
    let first = |field: fn(&ProfileConfig) -> Option<ConsistencyName>| {
        layers.iter().flatten().find_map(|layer| field(layer))
    };
    let named = first(|layer| layer.consistency);
    // `serial` as a consistency says nothing of plain reads and writes.
    let plain = named.filter(|name| !matches!(name, ConsistencyName::Serial | ConsistencyName::LocalSerial));
    let serial =
        layers.iter().flatten().find_map(|layer| match (layer.serial_consistency, layer.consistency) {
            (Some(serial), _) => Some(serial),
            (None, Some(ConsistencyName::Serial)) => Some(SerialName::Serial),
            (None, Some(ConsistencyName::LocalSerial)) => Some(SerialName::LocalSerial),
            _ => None,
        });
    let timeout = layers.iter().flatten().find_map(|layer| layer.request_timeout);
    let retry = layers.iter().flatten().find_map(|layer| layer.retry);
    let speculative = layers.iter().flatten().find_map(|layer| layer.speculative.clone());
    Resolved {
        consistency: plain.unwrap_or(config.consistency),
        serial: match serial.unwrap_or(config.serial_consistency) {
            SerialName::Serial => SerialConsistency::Serial,
            SerialName::LocalSerial => SerialConsistency::LocalSerial,
        },
        timeout: timeout.map_or_else(|| config.request_timeout(), Duration::from_secs_f64),
        retry: retry.unwrap_or(true),
        speculative: speculative.unwrap_or_else(|| config.speculative.clone()),
    }
}

/// The profiles of the founding guide.
fn built_in(name: &str) -> Option<ProfileConfig> {
    let profile = |consistency, seconds| ProfileConfig {
        consistency: Some(consistency),
        request_timeout: Some(seconds),
        ..ProfileConfig::default()
    };
    match name {
        "strong_reads" => Some(profile(ConsistencyName::Quorum, 30.0)),
        "fast_writes" => Some(profile(ConsistencyName::One, 5.0)),
        "lwt_operations" => Some(profile(ConsistencyName::Serial, 30.0)),
        "analytics" => Some(profile(ConsistencyName::All, 60.0)),
        _ => None,
    }
}

fn of_name(name: ConsistencyName) -> Consistency {
    match name {
        ConsistencyName::One => Consistency::One,
        ConsistencyName::Two => Consistency::Two,
        ConsistencyName::Three => Consistency::Three,
        ConsistencyName::Quorum => Consistency::Quorum,
        ConsistencyName::All => Consistency::All,
        ConsistencyName::EachQuorum => Consistency::EachQuorum,
        ConsistencyName::LocalOne => Consistency::LocalOne,
        // The serial ones never come here: a plain consistency is looked for above.
        ConsistencyName::LocalQuorum | ConsistencyName::Serial | ConsistencyName::LocalSerial => {
            Consistency::LocalQuorum
        }
    }
}

/// TWO and THREE are raised too: with five copies they are less than a quorum.
fn at_least_local_quorum(consistency: Consistency) -> Consistency {
    match consistency {
        Consistency::Any
        | Consistency::One
        | Consistency::Two
        | Consistency::Three
        | Consistency::LocalOne => Consistency::LocalQuorum,
        enough => enough,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let text = format!(r#"{{"backend":"cql","contact_points":["n"],"keyspace":"k"{text}}}"#);
        Config::parse(&text).unwrap()
    }

    #[test]
    fn the_guides_profiles_are_there() {
        let config = config("");
        let profiles = Profiles::new(&config);
        let shown: Vec<_> = config
            .profile_names()
            .enumerate()
            .map(|(index, name)| (name, profiles.get(index).handle.to_profile()))
            .map(|(name, profile)| {
                let timeout = profile.get_request_timeout().expect("a limit");
                (name, profile.get_consistency(), timeout.as_secs())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("default", Consistency::LocalQuorum, 2),
                ("strong_reads", Consistency::Quorum, 30),
                ("fast_writes", Consistency::One, 5),
                ("lwt_operations", Consistency::LocalQuorum, 30),
                ("analytics", Consistency::All, 60),
            ]
        );
        let handle = |handle: &ExecutionProfileHandle| handle.to_profile();
        let fast = profiles.get(2);
        assert_eq!(handle(&fast.handle).get_consistency(), Consistency::One);
        assert_eq!(handle(&fast.strict).get_consistency(), Consistency::LocalQuorum);
        assert_eq!(handle(&profiles.get(4).strict).get_consistency(), Consistency::All);
        let default = handle(&profiles.get(0).handle);
        assert_eq!(default.get_request_timeout(), Some(Duration::from_secs(2)));
        assert_eq!(default.get_serial_consistency(), Some(SerialConsistency::Serial));
        assert!(default.get_speculative_execution_policy().is_some());
    }

    #[test]
    fn what_a_profile_leaves_out_is_inherited() {
        let config = config(
            r#","consistency":"quorum","serial_consistency":"local_serial","request_timeout":3,
            "profiles":{"fast_writes":{"request_timeout":1},"own":{"speculative":{"max":0},"retry":false},
            "cas":{"consistency":"serial"},"analytics":{"serial_consistency":"serial"}}"#,
        );
        let own = resolved(&config, "own");
        assert_eq!((own.consistency, own.serial), (ConsistencyName::Quorum, SerialConsistency::LocalSerial));
        assert_eq!((own.timeout, own.retry, own.speculative.max), (Duration::from_secs(3), false, 0));
        assert!(speculation(&own.speculative).is_none());
        let fast = resolved(&config, "fast_writes");
        assert_eq!((fast.consistency, fast.timeout), (ConsistencyName::One, Duration::from_secs(1)));
        let cas = resolved(&config, "cas");
        assert_eq!((cas.consistency, cas.serial), (ConsistencyName::Quorum, SerialConsistency::Serial));
        let analytics = resolved(&config, "analytics");
        assert_eq!(
            (analytics.consistency, analytics.serial),
            (ConsistencyName::All, SerialConsistency::Serial)
        );
    }
}
