import { ExplainedError } from "../explained-error.ts";
import { LOG_JSON_FLAG, logFlags, type ServicePlan } from "./service-manager.ts";

/** Between SIGTERM and SIGKILL: Redis may take 14 s to write everything to the disk, and the gateway lets go of its clients before. */
const STOP_TIMEOUT_SECONDS = 30;
const RESTART_DELAY_SECONDS = 2;
/** A socket for each user and agent, and some for Redis; the usual limit is 1024. */
const OPEN_FILES = 65_536;
/** The exit code for a wrong configuration; see src/config.ts. */
const EXIT_WRONG_CONFIG = 2;

/** The unit file of a service, e.g. of /etc/systemd/system/claw-gateway.service. @throws ExplainedError for a path that it cannot name */
export function systemdUnit(name: string, plan: ServicePlan & { user: string }): string {
  const { title, executable, configFile, dataDir } = plan;
  const paths = [executable, configFile, dataDir];
  const command = [quoted(executable), "--config", quotedWord(configFile), ...logFlags(plan)].join(" ");
  const capability = plan.lowPort ? "CAP_NET_BIND_SERVICE" : "";
  return `# 由 ${name} service install 生成，再次安装会覆盖；自己的改动请用 systemctl edit ${name}
[Unit]
Description=${title}
Wants=network-online.target
After=network-online.target
# 出错后一直重试，不会因为次数多而放弃
StartLimitIntervalSec=0

[Service]
Type=exec
User=${plan.user}
ExecStart=${command}

# 退出码 ${EXIT_WRONG_CONFIG}：配置有误，重试没有用
Restart=on-failure
RestartSec=${RESTART_DELAY_SECONDS}
RestartPreventExitStatus=${EXIT_WRONG_CONFIG}

# 信号只发给程序自己，Redis 由它关闭；程序意外结束时 Redis 留着，由重启后的程序接管，不丢最后的数据
KillMode=process
TimeoutStopSec=${STOP_TIMEOUT_SECONDS}
LimitNOFILE=${OPEN_FILES}

# 只能写数据文件夹。不能加 MemoryDenyWriteExecute（JavaScript 引擎要即时编译），
# 数据文件夹也不能是 noexec（内含的 Redis 从那里运行）
ProtectSystem=strict
ReadWritePaths=${quoted(dataDir)}
ProtectHome=${paths.some(isUnderHome) ? "read-only" : "yes"}
PrivateTmp=${paths.some(isUnderTmp) ? "no" : "yes"}
UMask=0077
NoNewPrivileges=yes
AmbientCapabilities=${capability}
CapabilityBoundingSet=${capability}
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target

[X-Claw]
Config=${configFile}
`;
}

/** The configuration that a unit of ours was installed with. */
export function configOfUnit(unit: string): string | undefined {
  return /^\[X-Claw\]\nConfig=(.+)$/m.exec(unit)?.[1];
}

/** Whether a unit of ours was installed to log JSON lines. */
export function logsJson(unit: string): boolean {
  return new RegExp(`^ExecStart=.* ${LOG_JSON_FLAG}$`, "m").test(unit);
}

/** A path for a unit file: systemd takes a percent sign for a specifier. */
function quoted(path: string): string {
  // eslint-disable-next-line no-control-regex
  if (/["\\\u0000-\u001f]/.test(path))
    throw new ExplainedError(`路径里不能有引号、反斜杠或换行：${path}\n请把文件夹改名后再安装`);
  return `"${path.replaceAll("%", "%%")}"`;
}

/** An argument of a command, in which a dollar sign would name a variable as well. */
function quotedWord(path: string): string {
  return quoted(path).replaceAll("$", "$$$$");
}

function isUnderHome(path: string): boolean {
  return /^\/(home|root|run\/user)\//.test(path);
}

/** The service would find its own, empty folder there. */
function isUnderTmp(path: string): boolean {
  return /^\/(var\/)?tmp\//.test(path);
}
