import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import * as v from "valibot";
import { homeDir } from "./executable.ts";
import { ExplainedError } from "./explained-error.ts";

/** One key of the configuration: the variable that overrides it, and what its text becomes (absent: undefined). */
export interface Setting<T> {
  readonly env: string;
  readonly schema: v.GenericSchema<string | undefined, T>;
}
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export interface Problem {
  key: string;
  message: string;
}

/** Everything that is wrong with a configuration, at once. Exit code 2: a service manager should not try again. */
export class ConfigError extends ExplainedError {
  override readonly exitCode = 2;
  readonly problems: readonly Problem[];
  constructor(where: string, problems: readonly Problem[]) {
    const lines = problems.map((p) => `  - ${p.key}：${p.message}`);
    super(`配置有误（${where}），请改正后再启动：\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export interface ConfigSource {
  /** The text of each key that the file or the environment gives. */
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: Problem[];
  /** Where it was read from, for messages. */
  readonly where: string;
  /** Relative paths in the configuration start here. */
  readonly baseDir: string;
}

/** Where a program's configuration is: the file it was told, else its default one beside the executable. */
export function configPath(file: string | undefined, defaultFile: string): string {
  if (file === undefined) return join(homeDir(), defaultFile);
  const here = resolve(file);
  return existsSync(here) ? here : resolve(homeDir(), file);
}

/**
 * Reads a program's configuration as text: the file, then the environment, which wins.
 *
 * @param options.file what `--config` said; it has to exist. Undefined: `defaultFile`, which need not
 */
export function readConfig(
  settings: Settings,
  options: { file: string | undefined; defaultFile: string },
): ConfigSource {
  const file = configPath(options.file, options.defaultFile);
  const found = existsSync(file);
  const problems: Problem[] = [];
  const texts = new Map<string, string>();

  if (found) readFile(file, settings, texts, problems);
  else if (options.file !== undefined) problems.push({ key: "--config", message: `找不到文件 ${file}` });

  for (const [key, { env }] of Object.entries(settings)) {
    const value = process.env[env];
    if (value !== undefined) texts.set(key, value);
  }
  return {
    texts,
    problems,
    where: found ? file : `没有配置文件 ${file}，只用了环境变量`,
    baseDir: found ? dirname(file) : homeDir(),
  };
}

function readFile(file: string, settings: Settings, texts: Map<string, string>, problems: Problem[]): void {
  const content = contentOf(file);
  if (typeof content !== "string") {
    problems.push({ key: file, message: `读不了这个文件（${content.errorCode}），请检查它的权限` });
    return;
  }
  let parsed: object;
  try {
    parsed = Bun.TOML.parse(content);
  } catch (error) {
    // Only the parser's own message: the file holds secrets.
    problems.push({
      key: file,
      message: `不是有效的 TOML：${error instanceof Error ? error.message : "无法解析"}`,
    });
    return;
  }
  for (const [key, value] of flatten(parsed)) {
    if (!(key in settings)) problems.push({ key, message: "没有这个配置项，请检查拼写" });
    else if (typeof value === "object" && value !== null && !isTextList(value))
      problems.push({ key, message: "应为文字或数字" });
    else texts.set(key, isTextList(value) ? value.join(",") : String(value));
  }
}

function contentOf(file: string): string | { errorCode: string } {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return { errorCode: error instanceof Error && "code" in error ? String(error.code) : "原因不明" };
  }
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function* flatten(table: object, prefix = ""): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(table) as [string, unknown][]) {
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isTable) yield* flatten(value, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}

/** Checks every key; what is wrong is added to `source.problems`, so that one error can tell it all. */
export function checkSettings<S extends Settings>(settings: S, source: ConfigSource): Partial<Values<S>> {
  const values: Record<string, unknown> = {};
  for (const [key, { env, schema }] of Object.entries(settings)) {
    const result = v.safeParse(schema, source.texts.get(key)?.trim());
    if (result.success) values[key] = result.output;
    else source.problems.push({ key, message: `${result.issues[0].message}（环境变量 ${env}）` });
  }
  return values as Partial<Values<S>>;
}

/** A path of the configuration, made absolute. */
export function resolvePath(source: ConfigSource, path: string): string {
  return isAbsolute(path) ? path : join(source.baseDir, path);
}

/** A text with a default; an empty one counts as absent. */
export function text(fallback: string): v.GenericSchema<string | undefined, string> {
  return v.pipe(
    v.optional(v.string(), fallback),
    v.transform((value) => (value === "" ? fallback : value)),
  );
}

/** A text that must be there. */
export function required(what: string): v.GenericSchema<string | undefined, string> {
  return v.pipe(v.optional(v.string(), ""), v.minLength(1, `缺少${what}`));
}

/** A TCP port; 0 lets the system choose. */
export function port(fallback: number): v.GenericSchema<string | undefined, number> {
  return wholeNumber({ fallback, min: 0, max: 65_535, what: "端口" });
}

export function wholeNumber(rule: {
  fallback: number;
  min: number;
  max: number;
  what: string;
}): v.GenericSchema<string | undefined, number> {
  const message = `${rule.what}应为 ${rule.min} 到 ${rule.max} 的整数`;
  return v.pipe(
    text(String(rule.fallback)),
    v.regex(/^\d+$/, message),
    v.transform(Number),
    v.minValue(rule.min, message),
    v.maxValue(rule.max, message),
  );
}

/** An address with one of these schemes; any slash at the end is dropped. */
export function url(
  fallback: string,
  schemes: readonly string[],
): v.GenericSchema<string | undefined, string> {
  const message = `应为以 ${schemes.join("、")} 开头的网址`;
  return v.pipe(
    text(fallback),
    v.check(
      (value) =>
        value === "" ||
        (URL.canParse(value) && schemes.includes(new URL(value).protocol.replace(/:$/, "://"))),
      message,
    ),
    v.transform((value) => value.replace(/\/+$/, "")),
  );
}
