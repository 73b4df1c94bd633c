/** Draws claw.ico from claw.svg, with the Chromium that dev/setup.mjs --tests installs. Run it when the SVG changes. */
import { join } from "node:path";
import { chromium } from "playwright-core";

/** What Windows shows in lists, on the desktop and in large views. */
const SIZES_PX = [16, 24, 32, 48, 64, 128, 256];
const HEADER_BYTES = 6;
const ENTRY_BYTES = 16;

const executablePath =
  Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome") ?? "chromium";
const svg = await Bun.file(join(import.meta.dir, "claw.svg")).text();
await Bun.write(join(import.meta.dir, "claw.ico"), icon(await drawings()));

async function drawings(): Promise<Buffer[]> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const pictures: Buffer[] = [];
    for (const size of SIZES_PX) {
      await page.setViewportSize({ width: size, height: size });
      const image = `<img src="data:image/svg+xml;base64,${btoa(svg)}" width="${size}" height="${size}">`;
      await page.setContent(`<style>body { margin: 0 } img { display: block }</style>${image}`);
      pictures.push(await page.screenshot({ omitBackground: true }));
    }
    return pictures;
  } finally {
    await browser.close();
  }
}

/** An icon file: a table of pictures, then the pictures as PNG. https://en.wikipedia.org/wiki/ICO_(file_format) */
function icon(pictures: readonly Buffer[]): Buffer {
  const table = Buffer.alloc(HEADER_BYTES + ENTRY_BYTES * pictures.length);
  table.writeUInt16LE(1, 2);
  table.writeUInt16LE(pictures.length, 4);
  let offset = table.length;
  for (const [index, picture] of pictures.entries()) {
    const size = SIZES_PX[index] ?? 0;
    const at = HEADER_BYTES + ENTRY_BYTES * index;
    // 256 does not fit into a byte and is written as 0.
    table.writeUInt8(size % 256, at);
    table.writeUInt8(size % 256, at + 1);
    table.writeUInt16LE(1, at + 4);
    table.writeUInt16LE(32, at + 6);
    table.writeUInt32LE(picture.length, at + 8);
    table.writeUInt32LE(offset, at + 12);
    offset += picture.length;
  }
  return Buffer.concat([table, ...pictures]);
}
