/**
 * Bun's executables import ProcessPrng from bcryptprimitives.dll, which Wine has only since version 9. Windows has had
 * its random bytes under the name SystemFunction036 as well since XP, with arguments that fit; so has every Wine. This
 * is a DLL that only says that the one is the other (a "forwarder"), and has no code at all.
 */
const NAME = "bcryptprimitives.dll";
const EXPORTED = "ProcessPrng";
const FORWARDED_TO = "advapi32.SystemFunction036";

/** The header and the one section each fill the smallest block that a file may have. */
const BLOCK = 0x200;
/** Where Windows puts the section in memory: the page after the header's. */
const PAGE = 0x1000;
const PE_HEADER = 0x40;
const OPTIONAL_HEADER = PE_HEADER + 24;
const OPTIONAL_HEADER_BYTES = 240;
const SECTION_HEADER = OPTIONAL_HEADER + OPTIONAL_HEADER_BYTES;

/** Places in the section. */
const AT = { addresses: 0x28, names: 0x2c, ordinals: 0x30, dllName: 0x40, exportName: 0x60, forwarder: 0x80 };

/** The DLL's bytes; the layout is Microsoft's "PE Format", learn.microsoft.com/windows/win32/debug/pe-format. */
export function processPrngDll(): Uint8Array {
  const file = Buffer.alloc(2 * BLOCK);
  writeHeaders(file);
  writeExports(file.subarray(BLOCK));
  return file;
}

function writeHeaders(file: Buffer): void {
  const u16 = (value: number, at: number) => file.writeUInt16LE(value, at);
  const u32 = (value: number, at: number) => file.writeUInt32LE(value, at);
  const u64 = (value: bigint, at: number) => file.writeBigUInt64LE(value, at);
  file.write("MZ", 0);
  u32(PE_HEADER, 0x3c);

  file.write("PE\0\0", PE_HEADER);
  u16(0x8664, PE_HEADER + 4); // x64
  u16(1, PE_HEADER + 6); // sections
  u16(OPTIONAL_HEADER_BYTES, PE_HEADER + 20);
  u16(0x2022, PE_HEADER + 22); // an executable image, a DLL, may lie above 2 GiB

  u16(0x20b, OPTIONAL_HEADER); // PE32+
  u32(BLOCK, OPTIONAL_HEADER + 8); // bytes of data
  u64(0x1_8000_0000n, OPTIONAL_HEADER + 24); // preferred address, as linkers choose it
  u32(PAGE, OPTIONAL_HEADER + 32);
  u32(BLOCK, OPTIONAL_HEADER + 36);
  u16(6, OPTIONAL_HEADER + 40); // for Windows Vista or later
  u16(6, OPTIONAL_HEADER + 48);
  u32(2 * PAGE, OPTIONAL_HEADER + 56); // size in memory
  u32(BLOCK, OPTIONAL_HEADER + 60); // size of the headers
  u16(3, OPTIONAL_HEADER + 68); // console
  u16(0x100, OPTIONAL_HEADER + 70); // no code that could be attacked
  for (const [place, bytes] of [0x10_0000n, 0x1000n, 0x10_0000n, 0x1000n].entries())
    u64(bytes, OPTIONAL_HEADER + 72 + 8 * place); // stack and heap
  u32(16, OPTIONAL_HEADER + 108); // directories, of which the first is the exports
  u32(PAGE, OPTIONAL_HEADER + 112);
  u32(BLOCK, OPTIONAL_HEADER + 116);

  file.write(".rdata", SECTION_HEADER);
  u32(BLOCK, SECTION_HEADER + 8);
  u32(PAGE, SECTION_HEADER + 12);
  u32(BLOCK, SECTION_HEADER + 16);
  u32(BLOCK, SECTION_HEADER + 20); // its place in the file
  u32(0x4000_0040, SECTION_HEADER + 36); // data, readable
}

function writeExports(section: Buffer): void {
  const address = (value: number, at: number) => section.writeUInt32LE(PAGE + value, at);
  address(AT.dllName, 12);
  section.writeUInt32LE(1, 16); // the first ordinal
  section.writeUInt32LE(1, 20); // addresses
  section.writeUInt32LE(1, 24); // names
  address(AT.addresses, 28);
  address(AT.names, 32);
  address(AT.ordinals, 36);
  // An address inside of the exports is no function but the name of another.
  address(AT.forwarder, AT.addresses);
  address(AT.exportName, AT.names);
  section.write(`${NAME}\0`, AT.dllName);
  section.write(`${EXPORTED}\0`, AT.exportName);
  section.write(`${FORWARDED_TO}\0`, AT.forwarder);
}
