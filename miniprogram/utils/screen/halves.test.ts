import { expect, test } from "bun:test";
import { halves } from "./halves";

test("a text is cut where it may be", () => {
  expect(halves("一二三", 2)).toEqual(["一二", "三"]);
  expect(halves("一二", 2)).toEqual(["一二", ""]);
  expect(halves("", 2)).toEqual(["", ""]);
  expect(halves("一😀三", 2)).toEqual(["一", "😀三"]);
  expect(halves("😀😀", 2)).toEqual(["😀", "😀"]);
});
