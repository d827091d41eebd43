"""The tables of the benchmark, and the ceilings."""

from __future__ import annotations

from measure import Figures

Table = dict[tuple[str, int], dict[str, Figures]]

#: CPU of the client, microseconds for an operation: workload, callers, store, at most.
CEILINGS = (
    ("W1 put", 1, "lgstore-memory", 25.0),
    ("W1 put", 64, "lgstore-memory", 25.0),
    ("W1 put", 1, "lgstore-file", 60.0),
    ("W1 put", 64, "lgstore-file", 35.0),
    ("W1 put", 64, "lgstore-cql", 25.0),
    ("W2 get", 1, "lgstore-memory", 12.0),
    ("W2 get", 64, "lgstore-memory", 12.0),
    ("W2 get", 64, "lgstore-cql", 25.0),
    ("W3.100 puts", 1, "lgstore-memory", 8.0),
    ("W3.100 puts", 1, "lgstore-file", 16.0),
    ("W4.100 gets", 1, "lgstore-memory", 3.0),
    ("W5 search of a namespace", 1, "lgstore-memory", 60.0),
    ("W5 search of a namespace", 64, "lgstore-memory", 60.0),
    ("W6 search of all, 1 of 10", 1, "lgstore-memory", 3_000.0),
    ("W7 search of all, above 0.9", 1, "lgstore-memory", 3_000.0),
    ("W8 list namespaces", 1, "lgstore-memory", 500.0),
)
#: On a cluster: so many times the founding design's operations for each second of its CPU.
AGAINST_SEED = (("seed", 5.0), ("seed-nodelay", 3.0))
OURS = ("lgstore-memory", "lgstore-file", "lgstore-file-normal", "lgstore-cql")
#: What a file that is durable at each acknowledgement is not compared with.
LAZY = ("sqlite-wal-normal",)


def markdown(table: Table) -> str:
    stores = list(dict.fromkeys(name for row in table.values() for name in row))
    lines = ["| workload, callers | " + " | ".join(stores) + " |", "|---" * (len(stores) + 1) + "|"]
    for (workload, callers), row in table.items():
        cells = [cell(row[name]) if name in row else "-" for name in stores]
        lines.append(f"| {workload}, {callers} | " + " | ".join(cells) + " |")
    note = "Operations per second (CPU microseconds for each: this process + the server's), best round."
    return "\n".join([note, "", *lines])


def cell(figures: Figures) -> str:
    server = f"+{number(figures.server_us)}" if figures.server_us else ""
    wrong = f", {figures.wrong} wrong" if figures.wrong else ""
    return f"{figures.per_second:,.0f} ({number(figures.client_us)}{server}){wrong}"


def number(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def ceilings(table: Table) -> bool:
    """Prints what holds and what does not; true when everything holds."""
    held = True
    for workload, callers, store, most in CEILINGS:
        row = table.get((workload, callers), {})
        if store in row:
            held &= say(f"{store}: {workload}, {callers} callers", row[store].client_us, most)
    for (workload, callers), row in table.items():
        for ours in OURS:
            if ours in row:
                held &= ahead(workload, callers, ours, row)
                if row[ours].wrong:
                    print(f"WRONG {ours}: {workload}: {row[ours].wrong} answers")
                    held = False
    return held


def ahead(workload: str, callers: int, ours: str, row: dict[str, Figures]) -> bool:
    """Of every durable peer that answers right; in-memory is a dictionary: nothing that copies beats it."""
    total = {name: f.client_us + f.server_us for name, f in row.items() if not f.wrong}
    held = True
    for name, least in total.items():
        if name in OURS or name == "in-memory" or (ours == "lgstore-file" and name in LAZY):
            continue
        factor = dict(AGAINST_SEED).get(name, 1.0) if callers == 64 else 1.0
        mine = row[ours].client_us if name.startswith("seed") else total.get(ours, float("inf"))
        theirs = row[name].client_us if name.startswith("seed") else least
        if theirs / mine < factor:
            print(f"BEHIND {ours}: {workload}, {callers} callers: {theirs / mine:.2f} x {name}, not {factor} x")
            held = False
    return held


def say(what: str, value: float, most: float) -> bool:
    held = value <= most
    print(f"{'holds' if held else 'MISSED'} {what}: {number(value)} us, at most {number(most)}")
    return held
