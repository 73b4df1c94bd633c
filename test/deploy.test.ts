import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const DEPLOY = resolve(import.meta.dir, "..", "deploy");
type Name = "gateway" | "agent";

/** More than a pipe holds: whoever writes it notices when nobody reads it any longer. */
const MORE_THAN_A_PIPE_CHARS = 300_000;

/** Holds a server's folder (`opt`), what was copied to it (`files`), and stand-ins for systemd (`bin`). */
let dir: string;
const at = (...path: string[]) => join(dir, ...path);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-部署 "));
  for (const folder of ["files", "bin"]) mkdirSync(at(folder));
  // The service is there once `service install` has run; `unit` is where the system keeps it.
  executable(
    at("bin", "systemctl"),
    `case $1 in cat) cat "${at("unit")}" ;; show) sed -n s/^User=//p "${at("unit")}" ;; esac`,
  );
  executable(at("bin", "journalctl"), `echo "last line of the log of $2"`);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function executable(path: string, script: string): void {
  writeFileSync(path, `#!/bin/bash\n${script}\n`);
  chmodSync(path, 0o755);
}

/**
 * A stand-in for one of our executables: notes what it is asked, and is ready when it is told to be.
 *
 * @param options.changes the database that it brings to a form of its own when it starts; it runs with no newer one
 */
function release(
  name: Name,
  version: string,
  options: { ready: boolean; runs?: boolean; changes?: string },
): string {
  const file = at("files", `claw-${name}-linux-x64`);
  const database = options.changes ?? "/dev/null";
  const script = `
    start() {
      rm -f "${at("running")}"
      [[ ! $(cat "${database}") > ${version} ]] || { echo "数据文件来自更新的版本"; return 1; }
      echo ${version} > "${database}"
      echo ${version} > "${at("running")}"
    }
    echo "${version} $*" >> "${at("calls")}"
    case "$*" in
      --version) echo "claw-${name} ${version}"; ${options.runs === false ? "exit 126" : ""} ;;
      init*) [ "${name} $*" != "agent init" ] || { echo "还缺 --gateway" >&2; exit 2; }
        echo made > "$(dirname "$0")/${name}.toml" ;;
      "service install"*) printf 'User=%s\\nExecStart="%s"\\n' "\${4:-claw-${name}}" "$0" > "${at("unit")}" ;;
      "service restart" | "service start") start ;;
      "service stop") rm -f "${at("running")}" ;;
      "service status") [ -e "${at("running")}" ] || exit 3; ${options.ready} ;;
    esac`;
  executable(file, script);
  const sum = new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");
  writeFileSync(
    at("files", "SHA256SUMS"),
    `${"0".repeat(64)}  another-file\n${sum}  claw-${name}-linux-x64\n`,
  );
  return file;
}

async function deploy(name: Name, file: string, ...options: string[]) {
  const child = Bun.spawn(
    [join(DEPLOY, `deploy-${name}.sh`), file, "--dir", at("opt"), "--timeout", "1", ...options],
    {
      cwd: dir,
      env: { ...process.env, PATH: `${at("bin")}:${process.env["PATH"]}` },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + errors };
}

/** What the programs were asked since the last time, without the polling. */
function calls(): string[] {
  const lines = existsSync(at("calls")) ? readFileSync(at("calls"), "utf8").trim().split("\n") : [];
  rmSync(at("calls"), { force: true });
  return lines.filter((line) => !/ (--version|service status)$/.test(line));
}
const installed = (name: Name, suffix = "") => {
  const file = at("opt", `claw-${name}${suffix}`);
  return existsSync(file) ? /echo "(v\d) /.exec(readFileSync(file, "utf8"))?.[1] : undefined;
};
const running = () => readFileSync(at("running"), "utf8").trim();

describe("deploy-gateway.sh", () => {
  test("the first time: the program, its configuration and its service", async () => {
    const { code, output } = await deploy(
      "gateway",
      release("gateway", "v1", { ready: true }),
      "--public-url",
      "https://pactgo.cn",
    );
    expect(output).toContain("✓ claw-gateway 已就绪：claw-gateway v1");
    expect(code).toBe(0);
    expect(calls()).toEqual([
      "v1 init --public-url https://pactgo.cn",
      "v1 service install",
      "v1 service restart",
    ]);
    expect(installed("gateway")).toBe("v1");
    expect(existsSync(at("opt", "claw-gateway.new"))).toBe(false);
  });

  test("an upgrade keeps the configuration, the service's user and the version before", async () => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    writeFileSync(at("opt", "gateway.toml"), "mine");
    writeFileSync(at("unit"), readFileSync(at("unit"), "utf8").replace("User=claw-gateway", "User=chosen"));
    calls();
    const { code } = await deploy("gateway", release("gateway", "v2", { ready: true }));
    expect(code).toBe(0);
    expect(calls()).toEqual(["v2 service install --user chosen", "v2 service restart"]);
    expect([installed("gateway"), installed("gateway", ".previous"), running()]).toEqual(["v2", "v1", "v2"]);
    expect(readFileSync(at("opt", "gateway.toml"), "utf8")).toBe("mine");
  });

  test("a unit with a lot behind the program's name is still the one of this folder", async () => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    writeFileSync(at("unit"), `${readFileSync(at("unit"), "utf8")}# ${"x".repeat(MORE_THAN_A_PIPE_CHARS)}\n`);
    expect(await deploy("gateway", release("gateway", "v2", { ready: true }))).toMatchObject({ code: 0 });
    expect(running()).toBe("v2");
  });

  test("a version that does not become ready gives way to the one before, which runs again", async () => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    const { code, output } = await deploy("gateway", release("gateway", "v2", { ready: false }));
    expect(code).toBe(1);
    expect(output).toContain("last line of the log of claw-gateway.service");
    expect(output).toContain("已换回上一个版本，它已就绪");
    expect([installed("gateway"), installed("gateway", ".failed"), running()]).toEqual(["v1", "v2", "v1"]);
    // And the next one can be deployed as ever.
    expect(await deploy("gateway", release("gateway", "v3", { ready: true }))).toMatchObject({ code: 0 });
    expect([installed("gateway"), installed("gateway", ".previous"), running()]).toEqual(["v3", "v1", "v3"]);
  });

  test("deployed again, a version does not become its own predecessor", async () => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    await deploy("gateway", release("gateway", "v2", { ready: true }));
    const { code, output } = await deploy("gateway", release("gateway", "v2", { ready: true }));
    expect(code).toBe(0);
    expect(output).toContain("已经是这个版本");
    expect(installed("gateway", ".previous")).toBe("v1");
  });

  test("the first version has nothing to go back to: it stays, with advice", async () => {
    const { code, output } = await deploy("gateway", release("gateway", "v1", { ready: false }));
    expect(code).toBe(1);
    expect(output).toContain("claw-gateway doctor");
    expect(installed("gateway")).toBe("v1");
  });

  /** Breaks something about a release, to be refused before anything on the server changes. */
  const refusals: readonly [string, (file: string) => void, string][] = [
    ["a file that was changed", (file) => writeFileSync(file, "changed"), "SHA256 与 SHA256SUMS 不一致"],
    [
      "a file that is not in the list",
      () => writeFileSync(at("files", "SHA256SUMS"), ""),
      "没有 claw-gateway",
    ],
    ["a missing list", () => rmSync(at("files", "SHA256SUMS")), "缺少"],
    ["a file for another machine", () => release("gateway", "v2", { ready: true, runs: false }), "运行不了"],
    [
      "a service of another folder",
      () => writeFileSync(at("unit"), "ExecStart=/srv/claw-gateway"),
      "已经装在别的文件夹",
    ],
  ];
  test.each(refusals)("%s is refused, and the old version runs on", async (_, spoil, message) => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    const file = release("gateway", "v2", { ready: true });
    spoil(file);
    calls();
    const { code, output } = await deploy("gateway", file);
    expect(code).toBe(1);
    expect(output).toContain(message);
    expect(calls()).toEqual([]);
    expect([installed("gateway"), running()]).toEqual(["v1", "v1"]);
    expect(existsSync(at("opt", "claw-gateway.new"))).toBe(false);
  });

  test("a misspelt option of an upgrade is refused", async () => {
    await deploy("gateway", release("gateway", "v1", { ready: true }));
    const { code, output } = await deploy(
      "gateway",
      release("gateway", "v2", { ready: true }),
      "--tiemout",
      "9",
    );
    expect(code).toBe(2);
    expect(output).toContain("--tiemout 9");
    expect(installed("gateway")).toBe("v1");
  });

  test("without a file it shows how it is used", async () => {
    const child = Bun.spawn([join(DEPLOY, "deploy-gateway.sh")], { stdout: "ignore", stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toContain("sudo ./deploy-gateway.sh");
    expect(await child.exited).toBe(2);
  });
});

describe("deploy-agent.sh", () => {
  const pair = ["--gateway", "wss://pactgo.cn/link", "--id", "b1", "--key", "k1"];

  test("the first time, without what init needs: says so, and can be run again", async () => {
    const file = release("agent", "v1", { ready: true });
    const { code, output } = await deploy("agent", file);
    expect(code).toBe(1);
    expect(output).toContain("还缺 --gateway");
    expect(existsSync(at("unit"))).toBe(false);
    expect(await deploy("agent", file, ...pair)).toMatchObject({ code: 0 });
    expect(calls()).toContain(`v1 init ${pair.join(" ")}`);
  });

  describe("its database, which a new version changes for good", () => {
    // Found by the configuration's word for the folder.
    const database = (suffix = "") => at("opt", "数据 #1", `agent.sqlite${suffix}`);
    const has = (suffix = "") =>
      existsSync(database(suffix)) && readFileSync(database(suffix), "utf8").trim();

    beforeEach(async () => {
      mkdirSync(join(database(), ".."), { recursive: true });
      writeFileSync(database(), "v0");
      writeFileSync(
        at("opt", "agent.toml"),
        `# data_dir = "no"\ndata_dir = "数据 #1" # here\n[admin]\nport = 1\n[x]\ndata_dir = "no"\n`,
      );
      await deploy("agent", release("agent", "v1", { ready: true, changes: database() }));
      expect(has()).toBe("v1");
      writeFileSync(database("-wal"), "v1's");
      calls();
    });

    test("is as it was when the version before is back, with the log beside it", async () => {
      const { code, output } = await deploy(
        "agent",
        release("agent", "v2", { ready: false, changes: database() }),
      );
      expect(code).toBe(1);
      expect(output).toContain("恢复升级前的");
      expect(output).toContain("已换回上一个版本，它已就绪");
      expect([installed("agent"), running(), has(), has("-wal")]).toEqual(["v1", "v1", "v1", "v1's"]);
      expect([has(".previous"), has(".previous-wal")]).toEqual([false, false]);
      expect(calls()).toEqual([
        "v1 service stop",
        "v2 service install --user claw-agent",
        "v2 service restart",
        "v1 service install --user claw-agent",
        "v1 service restart",
        "v1 service stop",
        "v1 service start",
      ]);
    });

    test("stays as it is when the version before can use it: nothing that came since is lost", async () => {
      const { code, output } = await deploy("agent", release("agent", "v2", { ready: false }));
      expect(code).toBe(1);
      expect(output).not.toContain("恢复升级前的");
      expect([installed("agent"), running()]).toEqual(["v1", "v1"]);
      expect(has(".previous")).toBe(false);
      expect(calls().at(-1)).toBe("v1 service restart");
    });

    test("is not kept twice once the new version is well", async () => {
      const file = release("agent", "v2", { ready: true, changes: database() });
      expect(await deploy("agent", file)).toMatchObject({ code: 0 });
      expect([has(), has(".previous"), has(".previous-wal")]).toEqual(["v2", false, false]);
    });

    test("cannot be copied: the old version runs on, and the new one is not put in place", async () => {
      executable(at("bin", "cp"), `case "$*" in *.previous) exit 1 ;; *) exec /bin/cp "$@" ;; esac`);
      const file = release("agent", "v2", { ready: true, changes: database() });
      const { code, output } = await deploy("agent", file);
      expect(code).toBe(1);
      expect(output).toContain("没有升级，原来的版本已重新启动");
      expect(calls()).toEqual(["v1 service stop", "v1 service start"]);
      expect([installed("agent"), running(), has(".previous")]).toEqual(["v1", "v1", false]);
      expect(existsSync(at("opt", "claw-agent.new"))).toBe(false);
    });
  });

  test.each([
    { up: true, code: 0, installedThen: "v2" },
    { up: false, code: 1, installedThen: "v1" },
  ])("without a model, what counts is the link: %j", async ({ up, code, installedThen }) => {
    await deploy("agent", release("agent", "v1", { ready: true }), ...pair);
    const model = JSON.stringify({ up: false, reason: "没有加载模型".padEnd(MORE_THAN_A_PIPE_CHARS, "。") });
    const body = `{"ready":false,"link":{"up":${up}},\n"model":${model}}`;
    const admin = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(body, { status: 503 }),
    });
    writeFileSync(
      at("opt", "agent.toml"),
      `port = 1\n[admin]\nhost = "127.0.0.1"\nport = ${admin.port} # 端口 2\n`,
    );
    try {
      const deployed = await deploy("agent", release("agent", "v2", { ready: false }));
      // The version before is not found well either when the link is down: it says so.
      expect(deployed.code).toBe(code);
      if (up) expect(deployed.output).toContain("模型服务还没有就绪");
      expect(installed("agent")).toBe(installedThen);
    } finally {
      await admin.stop(true);
    }
  });
});

describe("the scripts for Windows", () => {
  const scripts = [...new Bun.Glob("*.ps1").scanSync({ cwd: DEPLOY })];

  test.each(scripts)("%s: what PowerShell 5.1 makes of Chinese", (name) => {
    const bytes = readFileSync(join(DEPLOY, name));
    // Without the byte order mark it would read GBK.
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const text = bytes.toString("utf8");
    // A Chinese character may be part of a variable's name, and a typographic quote ends a string.
    expect(text).not.toMatch(/\$\w+\p{Script=Han}/u);
    expect(text).not.toMatch(/[“”‘’]/);
  });
});
