"""The Python snippets of the founding guide, numbered as they stand there, and which tests run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

SNIPPETS: dict[int, str] = {
    1: "Architecture / Data Model / Namespace Structure",
    2: "Architecture / Data Model / Item Structure",
    3: "Installation & Setup / Basic Setup",
    4: "Installation & Setup / Advanced Setup",
    5: "Core Concepts / 1. Namespaces",
    6: "Core Concepts / 2. Keys and Values",
    7: "Core Concepts / 3. Time-to-Live (TTL)",
    8: "Core Concepts / 4. Batch Operations",
    9: "API Reference / Core Operations / aput(): signature",
    10: "API Reference / Core Operations / aput(): example",
    11: "API Reference / Core Operations / aget(): signature",
    12: "API Reference / Core Operations / aget(): example",
    13: "API Reference / Core Operations / adelete(): signature",
    14: "API Reference / Core Operations / adelete(): example",
    15: "API Reference / Core Operations / asearch(): signature",
    16: "API Reference / Core Operations / asearch(): example",
    17: "API Reference / Core Operations / abatch(): signature",
    18: "API Reference / Core Operations / abatch(): example",
    19: "API Reference / Core Operations / alist_namespaces(): signature",
    20: "API Reference / Core Operations / alist_namespaces(): example",
    21: "API Reference / Lightweight Transactions / aput_if_not_exists(): signature",
    22: "API Reference / Lightweight Transactions / aput_if_not_exists(): example",
    23: "API Reference / Lightweight Transactions / aupdate_if_exists(): signature",
    24: "API Reference / Lightweight Transactions / aupdate_if_exists(): example",
    25: "API Reference / Lightweight Transactions / acompare_and_set(): signature",
    26: "API Reference / Lightweight Transactions / acompare_and_set(): example",
    27: "API Reference / Lightweight Transactions / adelete_if_exists(): signature",
    28: "API Reference / Lightweight Transactions / adelete_if_value(): signature",
    29: "Advanced Features / 1. Circuit Breaker Pattern",
    30: "Advanced Features / 2. Execution Profiles",
    31: "Advanced Features / 3. Connection Warmup",
    32: "Advanced Features / 4. Shard Awareness",
    33: "Performance Optimization / 1. Batch Size Tuning",
    34: "Performance Optimization / 2. Query Paging",
    35: "Performance Optimization / 3. TTL Optimization",
    36: "Performance Optimization / 4. Prepared Statement Caching",
    37: "Performance Optimization / 5. Connection Pool Tuning",
    38: "Monitoring & Observability / 1. Health Checks",
    39: "Monitoring & Observability / 2. Metrics API",
    40: "Monitoring & Observability / 3. Prometheus Metrics Export",
    41: "Monitoring & Observability / 4. Reset Metrics",
    42: "Error Handling / Error Handling Examples",
    43: "Error Handling / Automatic Retry with Batch Operations",
    44: "Production Deployment / 1. Production Configuration",
    45: "Production Deployment / 2. Monitoring Setup",
    46: "Production Deployment / 3. Resource Limits",
    47: "Troubleshooting / 1. Timeout Errors",
    48: "Troubleshooting / 2. Unavailable Replicas",
    49: "Troubleshooting / 3. Circuit Breaker Open",
    50: "Troubleshooting / 4. High Memory Usage",
    51: "Troubleshooting / 5. Slow Batch Operations",
    52: "Examples & Use Cases / Use Case 1: Session Management",
    53: "Examples & Use Cases / Use Case 2: Distributed Locking",
    54: "Examples & Use Cases / Use Case 3: API Response Caching",
    55: "Examples & Use Cases / Use Case 4: Rate Limiting",
    56: "Examples & Use Cases / Use Case 5: LangGraph State Storage",
}
"""Every fenced block marked ``python`` of the guide, by its heading."""


def snippet(*numbers: int) -> Callable[[F], F]:
    """Says which snippets a test runs."""

    def mark(test: F) -> F:
        test.snippets = numbers  # type: ignore[attr-defined]
        return test

    return mark
