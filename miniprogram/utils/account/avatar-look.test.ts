import { expect, test } from "bun:test";
import { avatarLook } from "./avatar-look";
import { MAX_SHOWN_AVATAR_CHARS } from "./profile-image";

test("whoever has no picture has a letter, and always the same colour", () => {
  const initials = ["小王", " ada", "😀x", ""].map((name) => avatarLook({ name }).initial);
  expect(initials).toEqual(["小", "A", "😀", ""]);
  expect(avatarLook({ name: "小王" })).toEqual(avatarLook({ name: "小王" }));
  const tones = Array.from({ length: 26 }, (_, i) => avatarLook({ name: String.fromCodePoint(65 + i) }).tone);
  expect(new Set(tones).size).toBe(3);
});

test("a picture that would fill a setData is not shown", () => {
  const avatar = "a".repeat(MAX_SHOWN_AVATAR_CHARS);
  expect(avatarLook({ name: "小王", avatar })).toMatchObject({ image: avatar, label: "小王的头像" });
  expect(avatarLook({ avatar: `${avatar}a` })).toMatchObject({ image: "", label: "头像" });
});
