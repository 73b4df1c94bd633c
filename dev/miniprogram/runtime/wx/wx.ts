import type { Problems } from "../report.ts";

/** `wx` from its parts. What is not there is reported, and undefined as it would be. */
export function wxObject(
  parts: readonly Readonly<Record<string, unknown>>[],
  problems: Problems,
): Readonly<Record<string, unknown>> {
  const functions: Record<string, unknown> = Object.assign({}, ...parts) as Record<string, unknown>;
  functions["env"] = { USER_DATA_PATH: "http://usr" };
  functions["canIUse"] = (schema: string) => (schema.split(".")[0] ?? "") in functions;
  /** Asked for by programs that find out what there is. */
  const optional = new Set(["qy", "then", "toJSON"]);
  return new Proxy(functions, {
    get(target, name) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name) as unknown;
      if (!optional.has(name)) problems.report("wx", `wx.${name} is not there`);
      return undefined;
    },
  });
}
