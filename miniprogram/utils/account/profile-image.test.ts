import { expect, test } from "bun:test";
import * as v from "valibot";
import { MAX_AVATAR_CHARS, Profile } from "../../../src/contract/user";
import { MAX_SHOWN_AVATAR_CHARS, readProfileImage, UnusableImage } from "./profile-image";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const LARGE = `/9j/${"A".repeat(2 * MAX_AVATAR_CHARS)}`;

/** @param files base64 by path; `small.jpg` is what compressing makes */
function phone(files: Record<string, string>) {
  return {
    getFileSystemManager: () => ({
      readFile({ filePath, success, fail }: ReadOptions) {
        const data = files[filePath];
        if (data === undefined) fail();
        else success({ data });
      },
    }),
    compressImage({ success, fail }: CompressOptions) {
      if ("small.jpg" in files) success({ tempFilePath: "small.jpg" });
      else fail();
    },
  };
}
interface ReadOptions {
  filePath: string;
  success(result: { data: string }): void;
  fail(): void;
}
interface CompressOptions {
  success(result: { tempFilePath: string }): void;
  fail(): void;
}
const failure = (files: Record<string, string>) =>
  readProfileImage(phone(files), "a").catch((error: unknown) => error);

test("a small picture becomes a data URL that the gateway takes", async () => {
  const kinds = { png: PNG, jpeg: "/9j/4AAQSkZJRg==", webp: "UklGRhIAAABXRUJQ" };
  for (const [kind, base64] of Object.entries(kinds)) {
    const avatar = await readProfileImage(phone({ a: base64 }), "a");
    expect(avatar).toBe(`data:image/${kind};base64,${base64}`);
    expect(v.parse(Profile, { avatar })).toEqual({ avatar });
  }
});

test("a large one is made smaller first", async () => {
  expect(MAX_SHOWN_AVATAR_CHARS).toBeLessThanOrEqual(MAX_AVATAR_CHARS);
  expect(await readProfileImage(phone({ a: LARGE, "small.jpg": PNG }), "a")).toEndWith(PNG);
});

test("what cannot be an avatar is refused in words for people", async () => {
  const errors = [
    await failure({ a: LARGE, "small.jpg": LARGE }),
    await failure({ a: LARGE }),
    await failure({ a: "R0lGODlhAQABAAAAACw=" }),
    await failure({}),
  ];
  for (const error of errors) expect(error).toBeInstanceOf(UnusableImage);
  expect(errors.map((error) => (error as Error).message)).toEqual([
    "头像图片太大，请换一张",
    "头像图片太大，请换一张",
    "头像只能用 PNG、JPEG 或 WebP 图片",
    "读取头像失败，请重新选择",
  ]);
});
