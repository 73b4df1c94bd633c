import { expect, test } from "bun:test";
import { absoluteTime, durationText, greeting, relativeTime } from "./time-text";

const now = new Date(2026, 2, 1, 9, 30, 20).getTime();
const at = (...[month, day, hour, minute, year = 2026]: number[]) =>
  new Date(year, (month ?? 0) - 1, day, hour, minute).getTime();

test("relative times are as short as they can be", () => {
  const cases: [number, string][] = [
    [now, "刚刚"],
    [now + 90_000, "刚刚"],
    [now - 59_999, "刚刚"],
    [now - 60_000, "1 分钟前"],
    [now - 3_599_999, "59 分钟前"],
    [at(3, 1, 8, 5), "今天 08:05"],
    [at(3, 1, 0, 0), "今天 00:00"],
    // The day before the first of March, in no leap year.
    [at(2, 28, 23, 59), "昨天 23:59"],
    [at(2, 27, 23, 59), "2月27日"],
    [at(12, 31, 18, 2, 2025), "2025年12月31日"],
  ];
  for (const [time, text] of cases) expect(relativeTime(time, now)).toBe(text);
});

test("just after midnight minutes count, then yesterday", () => {
  const midnight = new Date(2026, 0, 1, 0, 10).getTime();
  expect(relativeTime(midnight - 20 * 60_000, midnight)).toBe("20 分钟前");
  expect(relativeTime(midnight - 80 * 60_000, midnight)).toBe("昨天 22:50");
});

test("absolute times always have the clock", () => {
  expect(absoluteTime(now - 1_000, now)).toBe("今天 09:30");
  expect(absoluteTime(at(2, 28, 18, 2), now)).toBe("昨天 18:02");
  expect(absoluteTime(at(1, 3, 7, 4), now)).toBe("1月3日 07:04");
  expect(absoluteTime(at(1, 2, 18, 2, 2025), now)).toBe("2025年1月2日 18:02");
});

test("durations have two units at most", () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000];
  const cases: [number, string][] = [
    [-5, "不到 1 秒"],
    [999, "不到 1 秒"],
    [45 * second, "45 秒"],
    [2 * minute, "2 分钟"],
    [2 * minute + 5 * second, "2 分 5 秒"],
    [hour, "1 小时"],
    [hour + 3 * minute + 59 * second, "1 小时 3 分"],
    [51 * hour, "2 天 3 小时"],
    [48 * hour + 3 * minute, "2 天"],
  ];
  for (const [ms, text] of cases) expect(durationText(ms)).toBe(text);
});

test("a greeting for each time of the day", () => {
  const said = [0, 6, 10, 12, 15, 20].map((hour) => greeting(at(3, 1, hour, 0)));
  expect(said).toEqual(["夜深了", "早上好", "上午好", "中午好", "下午好", "晚上好"]);
});
