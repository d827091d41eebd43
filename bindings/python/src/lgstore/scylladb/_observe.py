"""Metrics and health in the guide's shapes."""

from __future__ import annotations

from typing import Any


def guide_metrics(metrics: dict[str, Any]) -> dict[str, Any]:
    """The document that ``get_metrics`` gives, out of the library's (``docs/metrics.md``)."""
    operations = metrics["operations"]
    latency = metrics["latency_us"]
    return {
        "total_queries": metrics["total_operations"],
        "total_errors": metrics["total_errors"],
        "error_rate": metrics["error_rate"],
        "avg_latency_ms": latency["mean"] / 1000,
        "max_latency_ms": latency["max"] / 1000,
        "p50_latency_ms": latency["p50"] / 1000,
        "p95_latency_ms": latency["p95"] / 1000,
        "p99_latency_ms": latency["p99"] / 1000,
        "operations": {name: counts["count"] for name, counts in operations.items()},
        "operation_errors": {name: counts["errors"] for name, counts in operations.items()},
        "errors": metrics["errors"],
        "batch_stats": metrics["batch_stats"],
    }


def guide_health(health: dict[str, Any]) -> dict[str, Any]:
    """The answer of ``health_check``: an embedded engine stands where the guide has the cluster."""
    checks = health["checks"]
    if "engine" in checks:
        checks.setdefault("cluster_connectivity", checks["engine"])
    return health
