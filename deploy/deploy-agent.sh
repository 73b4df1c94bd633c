#!/usr/bin/env bash
# 在 B 上安装或升级智能体；用法见 --help 和旁边的 README.md。
set -euo pipefail

program=claw-agent
config=agent.toml
database=agent.sqlite

# Ready; or only the model is missing, which is no fault of the new version: jobs wait until LM Studio has loaded one.
healthy() {
  timeout 20 "$exe" service status >/dev/null 2>&1 && return
  # grep reads to the end: see prepare_folder.
  if readiness | grep -F '"link":{"up":true' >/dev/null; then
    say "! 已连上网关，但模型服务还没有就绪：请在 LM Studio 里加载模型并启动服务"
    return 0
  fi
  return 1
}

# The body of the agent's /readyz, which is 503 without a model. Bash itself asks: curl need not be there.
readiness() {
  local host port
  host=$(admin_setting host 127.0.0.1)
  port=$(admin_setting port 8790)
  # shellcheck disable=SC2016 # the inner shell's own arguments
  timeout 5 bash -c '
    exec 3<>"/dev/tcp/$1/$2" &&
      printf "GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$1" >&3 && cat <&3
  ' bash "$host" "$port" 2>/dev/null
}

# A key of [admin] in the configuration.
admin_setting() {
  local value
  value=$(awk -v key="$1" '
    /^[ \t]*\[/ { inside = /^[ \t]*\[admin\]/ }
    inside && $0 ~ "^[ \t]*" key "[ \t]*=" { sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t]*#.*/, ""); gsub(/["'\'' \t\r]/, ""); print; exit }
  ' "$dir/$config")
  case "$value" in '') echo "$2" ;; 0.0.0.0) echo 127.0.0.1 ;; *) echo "$value" ;; esac
}

# shellcheck source=deploy/deploy-common.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy-common.sh"
deploy "$@"
