const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** When something was, as short as can be: 刚刚, 5 分钟前, 今天 09:30, 昨天 18:02, 11月3日, 2025年1月2日. Both in ms since 1970. */
export function relativeTime(at: number, now: number): string {
  const ago = now - at;
  // The phone's clock may be behind the gateway's.
  if (ago < MINUTE_MS) return ago > -HOUR_MS ? "刚刚" : absoluteTime(at, now);
  if (ago < HOUR_MS) return `${Math.floor(ago / MINUTE_MS)} 分钟前`;
  const day = nearDay(at, now);
  return day === undefined ? dateText(at, now) : `${day} ${clock(at)}`;
}

/** Day and time: 今天 09:30, 昨天 18:02, 11月3日 18:02, 2025年1月2日 18:02. Both in ms since 1970. */
export function absoluteTime(at: number, now: number): string {
  return `${nearDay(at, now) ?? dateText(at, now)} ${clock(at)}`;
}

/** How long something took: 不到 1 秒, 45 秒, 2 分 5 秒, 1 小时 3 分, 2 天 3 小时. */
export function durationText(ms: number): string {
  if (ms < SECOND_MS) return "不到 1 秒";
  const seconds = Math.floor(ms / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} 秒`;
  if (hours === 0) return twoUnits(minutes, "分", seconds % 60, "秒");
  if (hours < 24) return twoUnits(hours, "小时", minutes % 60, "分");
  return twoUnits(Math.floor(hours / 24), "天", hours % 24, "小时");
}

/** What one says at this time of the day. */
export function greeting(now: number): string {
  const hour = new Date(now).getHours();
  if (hour < 5) return "夜深了";
  if (hour < 9) return "早上好";
  if (hour < 12) return "上午好";
  if (hour < 14) return "中午好";
  return hour < 18 ? "下午好" : "晚上好";
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  if (small > 0) return `${large} ${largeUnit} ${small} ${smallUnit}`;
  return `${large} ${largeUnit === "分" ? "分钟" : largeUnit}`;
}

function nearDay(at: number, now: number): string | undefined {
  const today = new Date(now);
  const daysAgo = [0, 1].find((days) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - days);
    return dayKey(day) === dayKey(new Date(at));
  });
  return daysAgo === undefined ? undefined : ["今天", "昨天"][daysAgo];
}

function dateText(at: number, now: number): string {
  const date = new Date(at);
  const day = `${date.getMonth() + 1}月${date.getDate()}日`;
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${date.getFullYear()}年${day}`;
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

function clock(at: number): string {
  const date = new Date(at);
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
