#!/usr/bin/env bash
# 在 A 上安装或升级网关；用法见 --help 和旁边的 README.md。
set -euo pipefail

program=claw-gateway
config=gateway.toml

# Running, and its /readyz answers 200.
healthy() { timeout 20 "$exe" service status >/dev/null 2>&1; }

# shellcheck source=deploy/deploy-common.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy-common.sh"
deploy "$@"
