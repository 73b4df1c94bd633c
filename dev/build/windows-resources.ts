import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Data, NtExecutable, NtExecutableResource, Resource } from "resedit";
import type { ProgramName } from "./targets.ts";

/** US English, and UTF-16: the pair that every Windows falls back to. */
const LANGUAGE = { lang: 1033, codepage: 1200 };
const VERSION_RESOURCE = 16;
const ICON = join(import.meta.dir, "icon", "claw.ico");

/** What the Task Manager and the file's properties show. */
const DESCRIPTIONS: Readonly<Record<ProgramName, string>> = {
  gateway: "智控未来 网关",
  agent: "智控未来 智能体",
};

/** Writes a copy of a Windows executable with our icon, product name and version. */
export function writeWindowsResources(options: {
  base: string;
  output: string;
  program: ProgramName;
  version: string;
}): void {
  const { base, output, program, version } = options;
  // The signature is Bun's, and would not fit any longer.
  const executable = NtExecutable.from(readFileSync(base), { ignoreCert: true });
  const resources = NtExecutableResource.from(executable);
  setIcon(resources);
  setVersion(resources, program, version);
  resources.outputResource(executable);
  writeFileSync(output, Buffer.from(executable.generate()));
}

function setIcon({ entries }: NtExecutableResource): void {
  const id = Resource.IconGroupEntry.fromEntries(entries)[0]?.id ?? 1;
  const { icons } = Data.IconFile.from(readFileSync(ICON));
  Resource.IconGroupEntry.replaceIconsForResource(
    entries,
    id,
    LANGUAGE.lang,
    icons.map(({ data }) => data),
  );
}

function setVersion(resources: NtExecutableResource, program: ProgramName, version: string): void {
  resources.entries = resources.entries.filter(({ type }) => type !== VERSION_RESOURCE);
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const info = Resource.VersionInfo.createEmpty();
  info.lang = LANGUAGE.lang;
  info.setFileVersion(major, minor, patch, 0, LANGUAGE.lang);
  info.setProductVersion(major, minor, patch, 0, LANGUAGE.lang);
  info.setStringValues(LANGUAGE, {
    ProductName: "智控未来 Claw",
    FileDescription: DESCRIPTIONS[program],
    ProductVersion: version,
    OriginalFilename: `claw-${program}.exe`,
    InternalName: `claw-${program}`,
  });
  info.outputToResourceEntries(resources.entries);
}
