#!/usr/bin/env bash
# ctest: labels=ci;cql timeout=600 serial=on
# One node of three killed and one paused under load: nothing lost, stale, missing or doubled.
set -euo pipefail
exec "$(dirname "$0")/../failover/failover.sh" short
