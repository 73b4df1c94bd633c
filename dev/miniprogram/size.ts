/** `bun dev/miniprogram/size.ts`: how large the mini-program's package is; fails when it is too large. */
import { buildNpm, NPM_DIR } from "./build-npm.ts";
import { MAX_PACKAGE_BYTES, packageSize } from "./package-size.ts";
import { MINI_PROGRAM } from "./serve.ts";

await buildNpm(NPM_DIR);
const sizes = await packageSize(MINI_PROGRAM);
const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1).padStart(8)} KB`;
for (const [folder, bytes] of [...sizes].toSorted((a, b) => b[1] - a[1]))
  console.log(kilobytes(bytes), folder);
const total = [...sizes.values()].reduce((a, b) => a + b, 0);
console.log(kilobytes(total), `of at most${kilobytes(MAX_PACKAGE_BYTES)}`);
process.exit(total > MAX_PACKAGE_BYTES ? 1 : 0);
