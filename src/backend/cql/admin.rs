//! Warm-up, health and what the cluster says of itself.
