import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceList } from "./debian-source.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function aptDir(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "claw-apt-"));
  folders.push(folder);
  mkdirSync(join(folder, "sources.list.d"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** The lines without their options. */
function lines(list: string): string[] {
  return list
    .trim()
    .split("\n")
    .map((line) => line.replace(/^deb-src \[[^\]]*\] /, ""));
}

test("reads stanzas: the release, its updates and its security fixes, from their mirrors", () => {
  const dir = aptDir({
    "sources.list.d/debian.sources": `Types: deb
# a comment
URIs: http://mirror.test/debian
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: http://mirror.test/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/some.gpg
`,
  });
  expect(lines(sourceList(dir, "trixie"))).toEqual([
    "http://mirror.test/debian bookworm main",
    "http://mirror.test/debian bookworm-updates main",
    "http://mirror.test/debian-security bookworm-security main",
  ]);
});

test("reads single lines, with and without options, each mirror once", () => {
  const dir = aptDir({
    "sources.list": `# deb http://old.test/debian bookworm main
deb http://mirror.test/debian bookworm main contrib
deb-src http://mirror.test/debian bookworm main
`,
    "sources.list.d/more.list": `deb [arch=amd64 signed-by=/a.gpg] http://mirror.test/debian bookworm main
deb [trusted=yes] http://mirror.test/security bookworm-security main
`,
  });
  expect(lines(sourceList(dir, "bookworm"))).toEqual([
    "http://mirror.test/debian bookworm main",
    "http://mirror.test/security bookworm-security main",
  ]);
});

test("leaves other software's mirrors alone", () => {
  const dir = aptDir({
    "sources.list": "deb http://vendor.test/apt nodistro main\ndeb http://db.test/apt bookworm-pgdg main\n",
    "sources.list.d/broken.sources": "Types: deb\nURIs: http://vendor.test/x\n",
  });
  expect(sourceList(dir, "bookworm")).toBe("");
});

test("another system has none", () => {
  const dir = aptDir({ "sources.list": "deb http://mirror.test/ubuntu noble main\n" });
  expect(sourceList(dir, "none")).toBe("");
});
