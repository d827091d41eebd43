"""Chapter 8 of the guide: Monitoring & Observability."""

from __future__ import annotations

from lgstore.scylladb import AsyncScyllaDBStore, GetOp, PutOp

from .guide import snippet


@snippet(38)
async def test_08_1_health_checks(store: AsyncScyllaDBStore) -> None:
    health = await store.health_check()
    assert health["status"] == "healthy"
    assert 0 <= float(f"{health['latency_ms']:.2f}") < 30_000
    assert health["checks"]
    for check_name, result in health["checks"].items():
        assert check_name
        assert result["status"] == "healthy"
        assert f"{check_name}: {result['status']} - {result['message']}"


@snippet(39)
async def test_08_2_metrics(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.aget(("a",), "k")
    await store.abatch([PutOp(("a",), str(i), {}) for i in range(20)])
    await store.abatch([PutOp(("a",), "x", {}), PutOp(("a",), "y", {})], batch_type="LOGGED")
    await store.abatch([GetOp(("a",), "k")])
    metrics = await store.get_metrics()

    assert metrics["total_queries"] >= 5  # connecting counts as one more
    assert 0 < metrics["avg_latency_ms"] <= metrics["max_latency_ms"]
    assert f"{metrics['error_rate']:.2%}" == "0.00%"
    assert metrics["operations"]["put"] == 1
    assert metrics["operations"]["get"] == 1
    assert metrics["operations"]["batch"] == 3

    batch_stats = metrics["batch_stats"]
    assert batch_stats == {
        "total_batches": 3,
        "total_batch_operations": 23,
        "avg_batch_size": 23 / 3,
        "atomic_batches": 2,
        "concurrent_batches": 1,
        "logged_batches": 1,
        "unlogged_batches": 1,
        "batch_size_p50": 2,
        "batch_size_p95": 20,
        "batch_size_p99": 20,
    }
    assert f"{batch_stats['avg_batch_size']:.1f}" == "7.7"


@snippet(40)
async def test_08_3_prometheus(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.abatch([PutOp(("a",), "x", {})])
    lines = (await store.export_prometheus_metrics()).splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert int(samples["scylladb_store_queries_total"]) >= 2
    assert samples["scylladb_store_errors_total"] == "0"
    assert float(samples["scylladb_store_latency_ms"]) > 0
    assert samples["scylladb_store_batches_total"] == "1"
    assert samples['lgstore_operations_total{operation="put"}'] == "1"


@snippet(41)
async def test_08_4_reset(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.abatch([PutOp(("a",), "x", {})])
    await store.reset_metrics()
    metrics = await store.get_metrics()
    assert metrics["total_queries"] == 0
    assert metrics["operations"] == {}
    assert metrics["batch_stats"]["total_batches"] == 0
