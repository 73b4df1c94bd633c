import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Language, type Node, Parser } from "web-tree-sitter";

/** No PowerShell runs here: that the scripts can be read is all that can be shown. */
const FOLDER = join(import.meta.dir, "../deploy");
const GRAMMAR = "tree-sitter-powershell/tree-sitter-powershell.wasm";
let parser: Parser;

beforeAll(async () => {
  await Parser.init();
  parser = new Parser();
  parser.setLanguage(await Language.load(Bun.fileURLToPath(import.meta.resolve(GRAMMAR))));
});

function errorsOf(source: string): string[] {
  const root = parser.parse(source.replace(/^\uFEFF/, ""))?.rootNode;
  const found: string[] = [];
  const visit = (node: Node): void => {
    const { row, column } = node.startPosition;
    if (node.isError || node.isMissing) found.push(`${row + 1}:${column + 1} ${node.text.slice(0, 60)}`);
    else for (const child of node.children) if (child?.hasError || child?.isMissing) visit(child);
  };
  if (!root) throw new Error("no tree");
  visit(root);
  return found;
}

test.each([...new Bun.Glob("*.ps1").scanSync({ cwd: FOLDER })].toSorted())("%s can be read", (file) => {
  expect(errorsOf(readFileSync(join(FOLDER, file), "utf8"))).toEqual([]);
});

test("a bracket that is missing is found", () => {
  const source = readFileSync(join(FOLDER, "preflight.ps1"), "utf8");
  expect(errorsOf(source.replace("}", ""))).not.toEqual([]);
});
