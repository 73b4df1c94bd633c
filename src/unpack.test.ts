import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { EmbeddedFile } from "./embedded.ts";
import { unpack, UnpackError } from "./unpack.ts";

const PROCESSES = 6;
const BYTES = 3_000_000;
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "claw-取出 "));
  folders.push(made);
  return made;
}

function fileInside(name = "redis-server", content = "#!/bin/sh\necho it runs\n"): EmbeddedFile {
  const path = join(folder(), "in-the-executable");
  writeFileSync(path, content);
  return { name, path, sha256: createHash("sha256").update(content).digest("hex") };
}

describe("unpack", () => {
  test("makes a program that runs, under its own name", () => {
    const dataDir = folder();
    const path = unpack([fileInside()], dataDir);
    expect(path).toMatch(/\/bin\/[0-9a-f]{12}\/redis-server$/);
    expect(path).toStartWith(dataDir);
    expect(Bun.spawnSync([path]).stdout.toString()).toBe("it runs\n");
  });

  test("takes several out beside each other, and returns the first", () => {
    const path = unpack([fileInside(), fileInside("library.dll", "library")], folder());
    expect(path).toEndWith("redis-server");
    expect(readFileSync(join(dirname(path), "library.dll"), "utf8")).toBe("library");
  });

  test("leaves a whole one as it is, but lets it run again", () => {
    const [dataDir, file] = [folder(), fileInside()];
    const path = unpack([file], dataDir);
    const { ino } = statSync(path);
    chmodSync(path, 0o600);
    expect(unpack([file], dataDir)).toBe(path);
    expect(statSync(path).ino).toBe(ino);
    expect(Bun.spawnSync([path]).exitCode).toBe(0);
  });

  test("repairs a damaged one, and leaves nothing else behind", () => {
    const [dataDir, file] = [folder(), fileInside()];
    const path = unpack([file], dataDir);
    writeFileSync(path, "#!/bin/sh\necho it ru");
    unpack([file], dataDir);
    expect(Bun.spawnSync([path]).stdout.toString()).toBe("it runs\n");
    expect(readdirSync(dirname(path))).toEqual(["redis-server"]);
  });

  test("keeps another version apart", () => {
    const dataDir = folder();
    const older = unpack([fileInside()], dataDir);
    const newer = unpack([fileInside("redis-server", "#!/bin/sh\necho newer\n")], dataDir);
    expect(newer).not.toBe(older);
    expect(readFileSync(older, "utf8")).toContain("it runs");
  });

  test("several processes at once all get a whole one", async () => {
    const [dataDir, file] = [folder(), fileInside("big", "x".repeat(BYTES))];
    const code = `
      import { unpack } from ${JSON.stringify(join(import.meta.dir, "unpack.ts"))};
      import { readFileSync } from "node:fs";
      const path = unpack([${JSON.stringify(file)}], ${JSON.stringify(dataDir)});
      console.log(readFileSync(path).length);`;
    const processes = Array.from({ length: PROCESSES }, () =>
      Bun.spawn([process.execPath, "-e", code], { stdout: "pipe", stderr: "inherit" }),
    );
    const lengths = await Promise.all(processes.map(({ stdout }) => new Response(stdout).text()));
    expect(lengths).toEqual(Array.from({ length: PROCESSES }, () => `${BYTES}\n`));
  });

  test("says in Chinese where it cannot write", () => {
    const file = join(folder(), "not-a-folder");
    writeFileSync(file, "");
    const attempt = () => unpack([fileInside()], file);
    expect(attempt).toThrow(UnpackError);
    expect(attempt).toThrow(`没能把内置的程序写到 ${file}`);
  });

  test("refuses what is not what the build put in", () => {
    const file = { ...fileInside(), sha256: "0".repeat(64) };
    const dataDir = folder();
    expect(() => unpack([file], dataDir)).toThrow("程序文件已损坏");
    expect(new Bun.Glob("**/redis-server").scanSync(dataDir).next().done).toBe(true);
  });
});
