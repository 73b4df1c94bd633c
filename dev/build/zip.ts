import { crc32, inflateRawSync } from "node:zlib";
import { BuildError } from "./run-tool.ts";

// APPNOTE.TXT, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
const LOCAL_HEADER_BYTES = 30;
const ENTRY_BYTES = 46;
const ENTRY_SIGNATURE = 0x02014b50;
const END_SIGNATURE = Buffer.from("504b0506", "hex");
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** A file of a zip archive, by its name in whatever folder; undefined when there is none. @throws BuildError */
export function readFromZip(zip: Buffer, fileName: string): Buffer | undefined {
  const entry = entries(zip).find(({ name }) => name === fileName || name.endsWith(`/${fileName}`));
  if (!entry) return undefined;
  const { offset, packedBytes, method, crc } = entry;
  const start = offset + LOCAL_HEADER_BYTES + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  const packed = zip.subarray(start, start + packedBytes);
  if (method !== STORED && method !== DEFLATED)
    throw new BuildError(`${fileName} is packed by method ${method}`);
  const content = method === STORED ? packed : inflateRawSync(packed);
  if (crc32(content) !== crc) throw new BuildError(`${fileName} is damaged in the archive`);
  return content;
}

/** The central directory, which the end of the archive points to. */
function* entries(zip: Buffer): Generator<Entry> {
  const end = zip.lastIndexOf(END_SIGNATURE);
  if (end < 0) throw new BuildError("this is not a zip archive");
  let at = zip.readUInt32LE(end + 16);
  while (at < end && zip.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const nameBytes = zip.readUInt16LE(at + 28);
    yield {
      name: zip.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packedBytes: zip.readUInt32LE(at + 20),
      offset: zip.readUInt32LE(at + 42),
    };
    at += ENTRY_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}
