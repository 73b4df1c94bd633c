import type { Browser } from "playwright-core";
import type { Size } from "./phone.ts";

export interface SheetPicture extends Size {
  readonly png: Buffer;
}

const GAP_PX = 24;
const QUALITY = 74;

/** Several pictures of phones beside each other, as one WebP. */
export async function sheetOf(browser: Browser, pictures: readonly SheetPicture[]): Promise<Buffer> {
  const width = pictures.reduce((sum, picture) => sum + picture.width + GAP_PX, GAP_PX);
  const height = Math.max(...pictures.map((picture) => picture.height)) + 2 * GAP_PX;
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 2 });
  try {
    await page.setContent(documentOf(pictures));
    await page.waitForFunction("[...document.images].every((image) => image.complete)");
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
    return Buffer.from(data, "base64");
  } finally {
    await page.context().close();
  }
}

function documentOf(pictures: readonly SheetPicture[]): string {
  const images = pictures.map(
    ({ png, width, height }) =>
      `<img width="${width}" height="${height}" src="data:image/png;base64,${png.toString("base64")}">`,
  );
  return `<style>
    body { display: flex; gap: ${GAP_PX}px; margin: 0; padding: ${GAP_PX}px; background: #d9dde5; }
    img { flex: none; border-radius: 18px; box-shadow: 0 2px 12px rgba(20, 25, 40, 0.16); }
  </style>${images.join("")}`;
}
