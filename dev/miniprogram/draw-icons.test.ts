import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { ICON_PIXELS, iconsOfTheme } from "./draw-icons.ts";

const APP = resolve(import.meta.dir, "../../miniprogram");

test("each icon of the tab bar is there, in the size WeChat wants, and small", async () => {
  const icons = iconsOfTheme();
  expect(new Set(icons.map((icon) => icon.file)).size).toBe(12);
  for (const { file } of icons) {
    const png = Buffer.from(await Bun.file(join(APP, file)).arrayBuffer());
    // PNG: 8 bytes of signature, the header's length and name, then width and height.
    expect(png.toString("latin1", 1, 4)).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([ICON_PIXELS, ICON_PIXELS]);
    expect(png.length).toBeLessThan(3_000);
  }
});
