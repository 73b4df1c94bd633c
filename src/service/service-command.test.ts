import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Program, runProgram } from "../command-line.ts";
import { ConfigError } from "../config.ts";
import { ExplainedError } from "../explained-error.ts";
import { serviceCommand } from "./service-command.ts";
import type { ServiceHost } from "./service-host.ts";
import { systemdService } from "./systemd.ts";

/** Stands in for systemd, which does not run where tests do: keeps one unit's state in files, and notes what it was told. */
const SYSTEMCTL = `#!/bin/sh
echo "$@" >> "$STATE/calls"
word=$1
case "$word" in
  enable | disable) echo "$word"d > "$STATE/enabled" ;;
  start)
    cp "$STATE/fate" "$STATE/active"
    ;;
  stop) echo inactive > "$STATE/active" ;;
  show)
    if [ -e "$UNITS/claw-test.service" ]; then echo LoadState=loaded; else echo LoadState=not-found; fi
    echo "ActiveState=$(cat "$STATE/active")"
    [ "$(cat "$STATE/active")" = failed ] && echo Result=exit-code && echo ExecMainStatus=2
    echo SubState=any
    echo "UnitFileState=$(cat "$STATE/enabled")"
    echo MainPID=4321
    echo ActiveEnterTimestampMonotonic=1000000
    ;;
esac
exit 0
`;
/** Real users are not made here: the one who runs the tests stands in for all of them. */
const STAND_INS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  id: '#!/bin/sh\n[ "$1" = -u ] && [ ! -e "$STATE/user" ] && exit 1\nexec /usr/bin/id "$1"\n',
  useradd: '#!/bin/sh\necho "$@" > "$STATE/user"\n',
  chown: '#!/bin/sh\necho "$@" > "$STATE/chown"\n',
  runuser: '#!/bin/sh\nshift 3\n[ ! -e "$STATE/no-access" ] || exit 1\nexec "$@"\n',
  journalctl: "#!/bin/sh\necho 配置有误：缺少会话密钥\n",
};

let dir: string;
let runDir: string;
let said: string[];
let health: Bun.Server<undefined>;
let answer: () => Response;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-service-"));
  runDir = dir;
  said = [];
  answer = () => Response.json({ ready: true });
  health = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer() });
  for (const name of ["bin", "state", "units", "程序"]) mkdirSync(join(dir, name));
  for (const [name, text] of Object.entries(STAND_INS)) script(join(dir, "bin", name), text);
  script(join(dir, "程序", "claw-test"), "#!/bin/sh\n");
  state("active", "inactive");
  state("enabled", "disabled");
  state("fate", "active");
  writeFileSync(config(), "ok\n", { mode: 0o644 });
});
afterEach(async () => {
  await health.stop(true);
  rmSync(dir, { recursive: true, force: true });
});

const config = () => join(dir, "程序", "test.toml");
const key = () => join(dir, "程序", "key.pem");
const unitFile = () => join(dir, "units", "claw-test.service");

function script(file: string, text: string): void {
  const variables = `STATE='${join(dir, "state")}' UNITS='${join(dir, "units")}'\n`;
  writeFileSync(file, text.replace("\n", `\n${variables}`));
  chmodSync(file, 0o755);
}

function state(name: string, text?: string): string {
  const file = join(dir, "state", name);
  if (text !== undefined) writeFileSync(file, `${text}\n`);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

/** Types `claw-test service …`. */
async function service(...words: string[]): Promise<number> {
  const host: ServiceHost = {
    executable: join(dir, "程序", "claw-test"),
    requireRights() {
      // Whoever runs the tests has them all.
    },
    open: (name) =>
      systemdService(name, {
        runDir,
        unitDir: join(dir, "units"),
        path: `${join(dir, "bin")}:/usr/bin:/bin`,
      }),
    say: (text) => said.push(text),
    startTimeoutMs: 600,
  };
  const command = serviceCommand(
    {
      name: "claw-test",
      title: "测试程序",
      description: "只用来测试",
      configFile: "test.toml",
      read(file) {
        if (!existsSync(file) || readFileSync(file, "utf8") !== "ok\n")
          throw new ConfigError(file, [{ key: "x", message: "缺少 x" }]);
        const port = health.port ?? 0;
        return {
          dataDir: join(dir, "程序", "data"),
          host: "0.0.0.0",
          port,
          tls: false,
          files: [],
          secretFiles: [key()],
        };
      },
    },
    host,
  );
  const program: Program = {
    name: "claw-test",
    title: "测试",
    serve: command,
    commands: { service: () => Promise.resolve(command) },
  };
  said = [];
  return await runProgram(program, ["service", ...words, "--config", config()], AbortSignal.timeout(10_000));
}

/** What it says when it refuses; empty when it does not. */
function refusal(...words: string[]): Promise<string> {
  return service(...words).then(
    () => "",
    (error: unknown) => (error instanceof ExplainedError ? error.message : Bun.inspect(error)),
  );
}

test("install, start, status, stop, uninstall", async () => {
  expect(await service("status")).toBe(3);
  expect(said.join("\n")).toContain("没有安装");

  expect(await service("install")).toBe(0);
  expect(readFileSync(unitFile(), "utf8")).toContain(`ExecStart="${join(dir, "程序", "claw-test")}"`);
  expect(state("enabled")).toBe("enabled");
  expect(state("active")).toBe("inactive");
  expect(await service("status")).toBe(3);
  expect(said[0]).toBe("服务 claw-test：已停止");

  expect(await service("start")).toBe(0);
  expect(said.join("\n")).toContain("就绪检查：通过");
  expect(await service("status")).toBe(0);
  expect(said[0]).toMatch(/^服务 claw-test：正在运行，从 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d 起（进程 4321）$/);
  expect(said.join("\n")).toContain("开机启动：是");

  expect(await service("stop")).toBe(0);
  expect(said).toEqual(["服务 claw-test 已停止"]);
  expect(await service("start")).toBe(0);

  expect(await service("uninstall")).toBe(0);
  expect(said.join("\n")).toContain("配置和数据都保留着");
  expect(state("active")).toBe("inactive");
  expect(existsSync(unitFile())).toBe(false);
  expect(existsSync(join(dir, "程序", "data"))).toBe(true);
  expect(await service("uninstall")).toBe(0);
});

test("the service gets a user of its own, and its files are for it alone", async () => {
  writeFileSync(key(), "", { mode: 0o644 });
  await service("install");
  expect(state("user")).toMatch(/^--system .*claw-test$/);
  expect(state("chown")).toMatch(/claw-test:\d+ .*data$/);
  expect(statSync(join(dir, "程序", "data")).mode & 0o777).toBe(0o700);
  for (const secret of [config(), key()]) expect(statSync(secret).mode & 0o777).toBe(0o640);
  expect(readFileSync(unitFile(), "utf8")).toContain("\nUser=claw-test\n");
});

test("JSON lines, once asked for, stay when the service is installed again, and go with it", async () => {
  const isJson = () => /^ExecStart=.* --log-files --log-json$/m.test(readFileSync(unitFile(), "utf8"));
  await service("install");
  expect(isJson()).toBe(false);
  await service("install", "--log-json");
  expect(isJson()).toBe(true);
  await service("install");
  expect(isJson()).toBe(true);
  expect(said.join("\n")).toContain("日志：每行一个 JSON");
  await service("status");
  expect(said.join("\n")).toContain("日志：每行一个 JSON");
  await service("uninstall");
  await service("install");
  expect(isJson()).toBe(false);
});

test("nothing is installed with a wrong configuration, variables of the terminal, or a program out of reach", async () => {
  writeFileSync(config(), "bad\n");
  expect(await refusal("install")).toContain("缺少 x");
  rmSync(config());
  expect(await refusal("install")).toContain("init");
  writeFileSync(config(), "ok\n");
  process.env["CLAW_FOR_THIS_TEST"] = "1";
  try {
    expect(await refusal("install")).toContain("CLAW_FOR_THIS_TEST");
  } finally {
    delete process.env["CLAW_FOR_THIS_TEST"];
  }
  state("no-access", "");
  expect(await refusal("install")).toContain("无权运行");
  expect(existsSync(unitFile())).toBe(false);
});

test("a program that ends again is reported with its last words", async () => {
  await service("install");
  state("fate", "failed");
  expect(await refusal("start")).toMatch(/退出码 2[^]*配置有误：缺少会话密钥/);
  expect(await service("status")).toBe(3);
  expect(said.join("\n")).toContain("出错停止（退出码 2）");
});

test("a program that runs but does not answer, or is not ready, is told apart from one that is", async () => {
  await service("install");
  answer = () =>
    Response.json({ ready: false, model: { up: false, reason: "没有加载模型" } }, { status: 503 });
  expect(await service("start")).toBe(0);
  expect(await service("status")).toBe(1);
  expect(said.join("\n")).toContain("还没有就绪，没有加载模型");
  answer = () => new Response("nginx", { status: 404 });
  expect(await service("status")).toBe(1);
  expect(said.join("\n")).toContain("应答的是别的程序");
  await service("stop");
  await health.stop(true);
  expect(await service("start")).toBe(1);
  expect(said.join("\n")).toContain("没有应答");
  expect(await service("status")).toBe(1);
});

test("a wrong configuration does not take down what runs", async () => {
  await service("install");
  await service("start");
  writeFileSync(config(), "bad\n");
  expect(await refusal("restart")).toContain("缺少 x");
  expect(state("active")).toBe("active");
  writeFileSync(config(), "ok\n");
  expect(await service("restart")).toBe(0);
  // Stopping needs no configuration.
  rmSync(config());
  expect(await service("stop")).toBe(0);
  expect(state("active")).toBe("inactive");
});

test("what cannot be understood is refused", async () => {
  expect(await refusal()).toContain("service 后面要写其中一个");
  expect(await refusal("enable")).toContain("service 后面要写其中一个");
  expect(await refusal("status", "--name", "a b")).toContain("--name 不正确");
});

test("where systemd does not run, that is what it says", async () => {
  runDir = join(dir, "missing");
  for (const word of ["status", "install", "start"])
    expect(await refusal(word)).toContain("不是由 systemd 管理");
  expect(existsSync(join(dir, "state", "calls"))).toBe(false);
});
