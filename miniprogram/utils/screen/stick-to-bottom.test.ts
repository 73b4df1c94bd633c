import { expect, test } from "bun:test";
import { openStickToBottom } from "./stick-to-bottom";

const at = (scrollTop: number, scrollHeight = 2000) => ({ scrollTop, scrollHeight, viewHeight: 600 });

test("stays at the bottom of a list that grows, until a finger moves it up", () => {
  const stick = openStickToBottom();
  stick.scrolled(at(1400));
  stick.scrolled(at(1400, 2300));
  expect(stick.sticks).toBe(true);
  stick.scrolled(at(1300, 2300));
  expect([stick.sticks, stick.isFar]).toEqual([false, true]);
  stick.scrolled(at(1340, 2300));
  expect(stick.sticks).toBe(false);
  stick.scrolled(at(1690, 2300));
  expect([stick.sticks, stick.isFar]).toEqual([true, false]);
});

test("a list that becomes shorter (an answer begins again) keeps it", () => {
  const stick = openStickToBottom();
  stick.scrolled(at(1400));
  stick.scrolled(at(900, 1500));
  expect(stick.sticks).toBe(true);
});

test("older messages above move nobody", () => {
  const stick = openStickToBottom();
  stick.scrolled(at(1400));
  stick.scrolled(at(300));
  stick.scrolled(at(4300, 6000));
  expect(stick.sticks).toBe(false);
  stick.stick();
  expect([stick.sticks, stick.isFar]).toEqual([true, false]);
});
