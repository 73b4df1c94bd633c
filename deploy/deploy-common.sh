# shellcheck shell=bash
# 由 deploy-gateway.sh 和 deploy-agent.sh 引入，不单独运行。
#
# They set `program` (also the name of the service) and `config`, and define `healthy`; `database` is the name of a
# SQLite file in the data folder that a new version may change for good.
: "${program:?}" "${config:?}" "${database:=}"

usage() {
  cat <<END
用法：sudo ./deploy-${program#claw-}.sh 新的程序文件 [选项]

  核对 SHA256、替换程序、重启服务；新版本没有就绪就自动换回旧版本。
  SHA256SUMS 要和新的程序文件放在一起。

选项：
  --dir 文件夹      装在哪里，默认 /opt/$program
  --timeout 秒      最多等多久就绪，默认 60
  其余选项          第一次安装时原样交给 $program init
END
}

die() {
  printf '\n✗ %s\n' "$1" >&2
  exit "${2:-1}"
}

say() { printf '%s\n' "$*"; }

deploy() {
  read_arguments "$@"
  verify "$file"
  prepare_folder
  copy_beside
  switch
  make_config
  run_service || die "服务没有装好，见上面的说明。程序和配置已放在 $dir，解决之后再运行一次本脚本。"
  if wait_until_healthy; then
    say "✓ $program 已就绪：$("$exe" --version | head -n 1)"
    [ -z "$replaced" ] || say "  上一个版本留在 $exe.previous"
    forget_database
    return 0
  fi
  show_log
  [ -n "$replaced" ] || die "$program 在 $timeout_s 秒内没有就绪。运行 $exe doctor 查找原因，改好之后再运行一次本脚本。"
  roll_back
}

read_arguments() {
  case "${1:-}" in
    --help | -h) usage && exit 0 ;;
    '' | -*) usage >&2 && exit 2 ;;
  esac
  file=$1 dir=/opt/$program timeout_s=60 init_options=()
  shift
  while [ $# -gt 0 ]; do
    case "$1" in
      --dir) dir=${2:?--dir 后面要写文件夹} && shift 2 ;;
      --timeout) timeout_s=${2:?--timeout 后面要写秒数} && shift 2 ;;
      --help | -h) usage && exit 0 ;;
      *) init_options+=("$1") && shift ;;
    esac
  done
  [ -f "$file" ] || die "找不到文件 $file" 2
  [[ $timeout_s =~ ^[0-9]+$ ]] || die "--timeout 后面要写秒数" 2
  [ ! -e "$dir/$config" ] || [ ${#init_options[@]} -eq 0 ] ||
    die "$dir/$config 已经有了，不会再运行 init，请去掉这些选项：${init_options[*]}" 2
}

sha256_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# The sum that was published for a file, from the list beside it.
verify() {
  local name sums
  name=$(basename "$1")
  sums=$(dirname "$1")/SHA256SUMS
  [ -f "$sums" ] || die "缺少 $sums，无法核对 $name。请把它和程序文件一起复制过来。"
  sha256=$(awk -v name="$name" '{ sub(/^\*/, "", $2) } $2 == name { print tolower($1); exit }' "$sums")
  [ -n "$sha256" ] || die "SHA256SUMS 里没有 $name。请不要给文件改名，并使用同一次发布的 SHA256SUMS。"
  [ "$(sha256_of "$1")" = "$sha256" ] || die "$name 的 SHA256 与 SHA256SUMS 不一致：文件不完整或被改动过，请重新下载或复制。没有改动任何东西。"
  say "✓ SHA256 一致：$name"
}

prepare_folder() {
  if ! mkdir -p "$dir" || [ ! -w "$dir" ]; then die "没有权限写 $dir，请用 sudo 运行。"; fi
  dir=$(cd "$dir" && pwd -P)
  exe=$dir/$program
  # Otherwise that service would be restarted and found well, and nothing would have changed.
  # grep reads to the end: -q would leave at its first hit, and pipefail takes a writer that is cut off for a failure.
  if service_installed && ! systemctl cat "$program.service" | grep -F "$exe" >/dev/null; then
    die "服务 $program 已经装在别的文件夹（见 systemctl cat $program）。请用 --dir 指定那个文件夹，或先在那里运行 $program service uninstall。"
  fi
}

service_installed() { systemctl cat "$program.service" >/dev/null 2>&1; }

# Whatever can be wrong with the file itself is found here, before the running version is touched.
copy_beside() {
  if ! cp "$file" "$exe.new" || [ "$(sha256_of "$exe.new")" != "$sha256" ]; then
    rm -f "$exe.new"
    die "写不进 $dir，请检查磁盘空间。没有改动正在运行的版本。"
  fi
  chmod 755 "$exe.new"
  if ! "$exe.new" --version >/dev/null; then
    rm -f "$exe.new"
    die "$(basename "$file") 在本机（$(uname -sm)）上运行不了，请换成对应的文件（x86_64 用 linux-x64，aarch64 用 linux-arm64）。没有改动正在运行的版本。"
  fi
  sync "$exe.new"
}

# Renaming replaces the program at once: at every moment there is a whole one.
switch() {
  replaced='' kept=''
  if [ -f "$exe" ] && [ "$(sha256_of "$exe")" = "$sha256" ]; then
    rm -f "$exe.new"
    say "· 已经是这个版本，只重新启动并检查"
    return
  fi
  if [ -f "$exe" ]; then
    keep_database
    ln -f "$exe" "$exe.previous"
    replaced=yes
  fi
  mv -f "$exe.new" "$exe"
  say "✓ 已放好：$exe"
}

# The older version refuses a database that the newer one has changed, so the way back needs it as it was. It is copied
# while nobody has it open: what is in use is more than one file.
keep_database() {
  local file
  [ -n "$database" ] && [ -e "$dir/$config" ] || return 0
  file=$(data_folder)/$database
  [ -f "$file" ] || return 0
  say "· 停下 $program，复制它的数据库，以便换回"
  ! service_installed || "$exe" service stop || say "· 停止时报错，继续"
  kept=$file
  if ! copy_database "$file" "$file.previous"; then
    forget_database
    rm -f "$exe.new"
    ! service_installed || "$exe" service start || true
    die "复制 $file 失败，请检查磁盘空间。没有升级，原来的版本已重新启动。"
  fi
}

# With what a program that was killed has left in the log beside it, under the name that SQLite expects there.
copy_database() {
  cp -p --reflink=auto "$1" "$2" || return
  rm -f "$2-wal"
  [ ! -e "$1-wal" ] || cp -p --reflink=auto "$1-wal" "$2-wal"
}

restore_database() {
  "$exe" service stop || true
  rm -f "$kept-wal" "$kept-shm"
  [ ! -e "$kept.previous-wal" ] || mv -f "$kept.previous-wal" "$kept-wal"
  mv -f "$kept.previous" "$kept"
}

forget_database() { [ -z "$kept" ] || rm -f "$kept.previous" "$kept.previous-wal"; }

# data_dir of the configuration, which counts from there.
data_folder() {
  local value
  value=$(awk '
    /^[ \t]*\[/ { exit }
    /^[ \t]*data_dir[ \t]*=/ {
      sub(/^[^=]*=[ \t]*/, "")
      rest = substr($0, 2)
      print substr(rest, 1, index(rest, substr($0, 1, 1)) - 1)
      exit
    }
  ' "$dir/$config")
  case "$value" in /*) echo "$value" ;; '') echo "$dir/data" ;; *) echo "$dir/$value" ;; esac
}

make_config() {
  [ ! -e "$dir/$config" ] || return 0
  say "· 第一次安装，生成配置"
  "$exe" init ${init_options[@]+"${init_options[@]}"} ||
    die "还没有配置。照上面说的，带上需要的选项再运行一次本脚本。"
  say
}

# Installs it anew each time: what the service may do and read follows from the configuration and from the version.
run_service() {
  local user
  user=$(systemctl show --property=User --value "$program.service" 2>/dev/null) || user=
  "$exe" service install ${user:+--user "$user"} || return
  "$exe" service restart || say "· 服务启动时报错，继续检查"
}

wait_until_healthy() {
  local deadline=$((SECONDS + timeout_s))
  say "· 等待就绪，最多 $timeout_s 秒"
  until healthy; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 1
  done
}

show_log() {
  say && say "---- $program 的最后几行日志 ----"
  journalctl --unit "$program.service" --lines 30 --no-pager 2>/dev/null ||
    tail -n 30 "$dir"/data/logs/*.log 2>/dev/null || say "（没有找到日志）"
  say "----"
}

roll_back() {
  say && say "✗ 新版本在 $timeout_s 秒内没有就绪，换回上一个版本"
  ln -f "$exe" "$exe.failed"
  mv -f "$exe.previous" "$exe"
  run_service || say "· 服务没有装好，继续检查"
  if [ -n "$kept" ] && ! runs; then
    say "· 上一个版本打不开升级过的数据库，恢复升级前的：升级后收到的任务不会有回答"
    restore_database
    "$exe" service start || say "· 服务启动时报错，继续检查"
  fi
  wait_until_healthy || die "已换回上一个版本，但它也没有就绪。运行 $exe doctor 查找原因。"
  forget_database
  die "没有升级：新版本没有就绪，已换回上一个版本，它已就绪。新版本留在 $exe.failed。"
}

# Ready or not: `service status` says 3 when it is stopped, has failed, or ends again and again.
runs() {
  local code=0
  timeout 20 "$exe" service status >/dev/null 2>&1 || code=$?
  [ "$code" -ne 3 ]
}
