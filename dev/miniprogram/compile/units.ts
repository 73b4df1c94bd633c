/**
 * WeChat's lengths in a browser's: rpx is a 750th of the phone's width, vh and vw are of the page without the bars, and
 * the safe area is the runtime's to say. The custom properties are set by the shell.
 */
export function nativeUnits(value: string): string {
  if (!/rpx|v[hw]\b|safe-area/.test(value)) return value;
  return value
    .replace(/(?<![\w-])(-?\d*\.?\d+)rpx\b/g, (_, number: string) => `calc(${number} * var(--mp-rpx))`)
    .replace(/(?<![\w-])(-?\d*\.?\d+)vh\b/g, (_, number: string) => `calc(${number} * var(--mp-vh))`)
    .replace(/(?<![\w-])(-?\d*\.?\d+)vw\b/g, (_, number: string) => `calc(${number} * 7.5 * var(--mp-rpx))`)
    .replace(/(?:env|constant)\(\s*safe-area-inset-(top|right|bottom|left)[^)]*\)/g, "var(--mp-safe-$1)");
}
