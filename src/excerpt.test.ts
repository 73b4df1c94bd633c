import { expect, test } from "bun:test";
import { excerpt } from "./excerpt.ts";

test("counts what people see as characters and never cuts one in two", () => {
  const family = "👨‍👩‍👧‍👦";
  expect(excerpt(`好${family}${family}！`, 3)).toBe(`好${family}${family}…`);
  expect(excerpt("好".repeat(3), 3)).toBe("好好好");
});

test("is one line", () => {
  expect(excerpt("  第一行\r\n\t第二行  ", 20)).toBe("第一行 第二行");
});

test("is short even for one endless character", () => {
  const endless = `a${"\u0301".repeat(30_000)}`;
  expect(excerpt(endless, 4).length).toBeLessThan(200);
});
