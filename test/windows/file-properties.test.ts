import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Data, NtExecutable, NtExecutableResource, Resource } from "resedit";
import packageJson from "../../package.json";
import { PROGRAMS, type ProgramName, windowsExecutables } from "./executables.ts";

const ICON = join(import.meta.dir, "../../dev/build/icon/claw.ico");
/** See learn.microsoft.com/windows/win32/debug/pe-format. */
const PE_HEADER_AT = 0x3c;
const SECTION_COUNT_IN_HEADER = 6;
/** Which console a program gets: WINDOWS_CUI, one of its own or its caller's. */
const CONSOLE = 3;

/** Without its last section, which holds our code: resedit reads resources only where none comes after theirs. */
async function executable(name: ProgramName): Promise<NtExecutable> {
  const bytes = readFileSync((await windowsExecutables())[name].path);
  const sectionCount = bytes.readUInt32LE(PE_HEADER_AT) + SECTION_COUNT_IN_HEADER;
  bytes.writeUInt16LE(bytes.readUInt16LE(sectionCount) - 1, sectionCount);
  return NtExecutable.from(bytes);
}

// What the Explorer shows of the files, read by other code than that which runs them.
describe.each(PROGRAMS)("claw-%s.exe", (name) => {
  test("has our product name and version", async () => {
    const { entries } = NtExecutableResource.from(await executable(name));
    const infos = Resource.VersionInfo.fromEntries(entries);
    expect(infos).toHaveLength(1);
    const [language] = infos[0]?.getAllLanguagesForStringValues() ?? [];
    expect(language && infos[0]?.getStringValues(language)).toMatchObject({
      ProductName: "智控未来 Claw",
      ProductVersion: packageJson.version,
      FileDescription: name === "gateway" ? "智控未来 网关" : "智控未来 智能体",
    });
    const [major, minor, patch] = packageJson.version.split(".").map(Number);
    const { fileVersionMS, fileVersionLS } = infos[0]?.fixedInfo ?? {};
    expect([fileVersionMS, fileVersionLS]).toEqual([((major ?? 0) << 16) | (minor ?? 0), (patch ?? 0) << 16]);
  });

  test("has our icon, in all its sizes, and no other", async () => {
    const { entries } = NtExecutableResource.from(await executable(name));
    const groups = Resource.IconGroupEntry.fromEntries(entries);
    expect(groups).toHaveLength(1);
    const size = ({ width, height }: { width?: number; height?: number }) => [width, height];
    const { icons } = Data.IconFile.from(readFileSync(ICON));
    expect(groups[0]?.icons.map(size)).toEqual(icons.map(size));
    const [image] = groups[0]?.getIconItemsFromEntries(entries) ?? [];
    expect(
      image && Buffer.from(image.isIcon() ? image.generate() : image.bin).equals(imageOf(icons[0])),
    ).toBe(true);
  });

  test("is a console program, whose output a service or a script can read", async () => {
    expect((await executable(name)).newHeader.optionalHeader.subsystem).toBe(CONSOLE);
  });
});

function imageOf(item: Data.IconFileItem | undefined): Buffer {
  if (!item) throw new Error(`${ICON} is empty`);
  return Buffer.from(item.data.isIcon() ? item.data.generate() : item.data.bin);
}
