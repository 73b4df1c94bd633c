import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { License } from "./license.ts";
import { BuildError } from "./run-tool.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** The licences of the npm packages whose code is in a program, by name. @throws BuildError when it does not bundle */
export async function bundledLicenses(entry: string): Promise<License[]> {
  const bundle = await Bun.build({ entrypoints: [entry], target: "bun", metafile: true });
  const outputs = Object.values(bundle.metafile?.outputs ?? {});
  if (outputs.length === 0) throw new BuildError(`${entry} does not bundle`);
  const folders = new Set<string>();
  for (const input of outputs.flatMap(({ inputs }) => Object.keys(inputs))) {
    const folder = /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders].toSorted().map((folder) => packageLicense(join(ROOT, folder)));
}

function packageLicense(folder: string): License {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
    author?: string | { name: string };
  };
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)\b/i.test(name));
  const author = typeof about.author === "string" ? about.author : (about.author?.name ?? "");
  return {
    component: `${about.name} ${about.version}`,
    // Some packages only name their licence.
    text: file === undefined ? `${about.license}, ${author}` : readFileSync(join(folder, file), "utf8"),
  };
}

/** Bun's own, and those of what is linked into it; npm's packages of Bun do not have it. */
export function bunLicense(): License {
  const file = join(ROOT, "vendor", "bun", "LICENSE.txt");
  if (!existsSync(file)) throw new BuildError(`${file} is missing`);
  return { component: `Bun ${Bun.version}`, text: readFileSync(file, "utf8") };
}
