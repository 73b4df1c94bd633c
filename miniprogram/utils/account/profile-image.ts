/**
 * Longest picture that is kept and shown, in characters of its data URL. Half of what the gateway takes: it travels
 * through setData, on some pages with other things.
 */
export const MAX_SHOWN_AVATAR_CHARS = 49_152;

/** Width in px that a large picture is made: twice what is shown anywhere. */
const COMPRESSED_WIDTH = 256;
const COMPRESSED_QUALITY = 70;

/** How the base64 of each kind of file begins: its first bytes. The name of a temporary file tells nothing. */
const KINDS = [
  { start: "/9j/", type: "image/jpeg" },
  { start: "iVBORw0KGgo", type: "image/png" },
  { start: "UklGR", type: "image/webp" },
];

interface Files {
  getFileSystemManager(): {
    readFile(options: {
      filePath: string;
      encoding: "base64";
      success: (result: { data: string | ArrayBuffer }) => void;
      fail: () => void;
    }): void;
  };
  compressImage(options: {
    src: string;
    /** Of 100, and only of a JPEG. */
    quality: number;
    /** In px; the height follows. */
    compressedWidth: number;
    success: (result: { tempFilePath: string }) => void;
    fail: () => void;
  }): unknown;
}

/** A picture that cannot be an avatar. The message is for people. */
export class UnusableImage extends Error {}

/**
 * The picture in a temporary file as a data URL of at most MAX_SHOWN_AVATAR_CHARS; a larger one is made smaller first.
 * @throws UnusableImage
 */
export async function readProfileImage(wx: Files, path: string): Promise<string> {
  const original = await readDataUrl(wx, path);
  if (original.length <= MAX_SHOWN_AVATAR_CHARS) return original;
  const smaller = await readDataUrl(wx, await compress(wx, path));
  if (smaller.length <= MAX_SHOWN_AVATAR_CHARS) return smaller;
  throw new UnusableImage("头像图片太大，请换一张");
}

async function readDataUrl(wx: Files, path: string): Promise<string> {
  const base64 = await readBase64(wx, path);
  const kind = KINDS.find(({ start }) => base64.startsWith(start));
  if (!kind) throw new UnusableImage("头像只能用 PNG、JPEG 或 WebP 图片");
  return `data:${kind.type};base64,${base64}`;
}

function readBase64(wx: Files, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.getFileSystemManager().readFile({
      filePath: path,
      encoding: "base64",
      // With an encoding it is text.
      success: ({ data }) => resolve(data as string),
      fail: () => reject(new UnusableImage("读取头像失败，请重新选择")),
    });
  });
}

function compress(wx: Files, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.compressImage({
      src: path,
      quality: COMPRESSED_QUALITY,
      compressedWidth: COMPRESSED_WIDTH,
      success: ({ tempFilePath }) => resolve(tempFilePath),
      fail: () => reject(new UnusableImage("头像图片太大，请换一张")),
    });
  });
}
