/** `npm run check`: types, lint and format at once; prints only what failed. */
const root = `${import.meta.dir}/..`;
const bin = `${root}/node_modules/.bin`;
/** They take seconds; one that hangs must not hold up a build machine. */
const TIMEOUT_MS = 180_000;

const checks = [
  { name: "types", command: [`${bin}/tsc`, "-p", "."], advice: "" },
  { name: "types of the mini-program", command: [`${bin}/tsc`, "-p", "miniprogram"], advice: "" },
  { name: "types of its browser side", command: [`${bin}/tsc`, "-p", "dev/miniprogram/runtime"], advice: "" },
  { name: "lint", command: [`${bin}/oxlint`, "--type-aware", "--deny-warnings"], advice: "" },
  { name: "format", command: [`${bin}/oxfmt`, "--check"], advice: "Run: npm run format" },
];

const failed = await Promise.all(checks.map(hasFailed));
process.exit(failed.includes(true) ? 1 : 0);

async function hasFailed({ name, command, advice }: (typeof checks)[number]): Promise<boolean> {
  const child = Bun.spawn(command, {
    cwd: root,
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIMEOUT_MS,
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return false;
  console.error([`✗ ${name}`, output.trim(), errors.trim(), advice].filter(Boolean).join("\n"));
  return true;
}
