import { scaled } from "./picture.ts";
import { type Options, wxFunction } from "./call.ts";

/** Files of the mini-program, in memory: pictures the person has chosen. */
export interface Files {
  /** Keeps a file; returns its path. */
  add(dataUrl: string): string;
  /** An address that a browser can show; undefined for a path that is not a file's. */
  address(path: string): string | undefined;
  readonly functions: Readonly<Record<string, unknown>>;
}

export function openFiles(locate: (path: string) => string): Files {
  const files = new Map<string, string>();
  const add = (dataUrl: string) => {
    const ending = /^data:image\/(\w+)/.exec(dataUrl)?.[1] ?? "bin";
    const path = `http://tmp/${Math.random().toString(36).slice(2)}.${ending}`;
    files.set(path, dataUrl);
    return path;
  };
  function read({ filePath, encoding }: Options): Record<string, unknown> {
    const dataUrl = files.get(String(filePath));
    if (dataUrl === undefined) throw new Error(`no such file or directory "${String(filePath)}"`);
    const base64 = dataUrl.slice(dataUrl.indexOf(",") + 1);
    if (encoding === "base64") return { data: base64 };
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return { data: encoding === undefined ? bytes.buffer : new TextDecoder().decode(bytes) };
  }
  const manager = {
    readFile: wxFunction("readFile", read),
    readFileSync: (filePath: string, encoding?: string) => read({ filePath, encoding })["data"],
    getFileInfo: wxFunction("getFileInfo", (options) => ({
      size: String(read({ ...options, encoding: "base64" })["data"]).length * 0.75,
    })),
  };
  return {
    add,
    address: (path) => files.get(path),
    functions: {
      getFileSystemManager: () => manager,
      compressImage: wxFunction("compressImage", async ({ src, quality = 80, compressedWidth }) => {
        const dataUrl = files.get(String(src)) ?? locate(String(src));
        const width = typeof compressedWidth === "number" ? compressedWidth : undefined;
        return { tempFilePath: add(await scaled(dataUrl, { quality: Number(quality) / 100, width })) };
      }),
      getImageInfo: wxFunction("getImageInfo", async ({ src }) => {
        const image = new Image();
        image.src = files.get(String(src)) ?? locate(String(src));
        await image.decode();
        return {
          width: image.naturalWidth,
          height: image.naturalHeight,
          path: src,
          orientation: "up",
          type: "png",
        };
      }),
    },
  };
}
