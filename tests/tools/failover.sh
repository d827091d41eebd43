#!/usr/bin/env bash
# ctest: labels=failover timeout=1200 serial=on
# Each node of three killed, paused and restarted under load; no plain request fails or takes above 1.5 s.
set -euo pipefail
exec "$(dirname "$0")/../failover/failover.sh" full
