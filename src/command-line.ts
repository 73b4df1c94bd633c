import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { embedded } from "./embedded.ts";
import { ExplainedError } from "./explained-error.ts";
import { print } from "./print.ts";

/** Command-line flags by name, as `parseArgs` knows them, each with what `--help` says of it. */
export type Flags = Readonly<Record<string, { type: "string" | "boolean"; help: string; value?: string }>>;

/** What was given on the command line: `--name VALUE` or `--name=VALUE`, `--name`, and the words between. */
export interface Given {
  text(flag: string): string | undefined;
  has(flag: string): boolean;
  readonly words: readonly string[];
}

export interface Command {
  /** What it does, for `--help`. */
  readonly summary: string;
  readonly flags: Flags;
  /** The words it takes after its name, e.g. `install|uninstall`; undefined: none. */
  readonly words?: string;
  /** Resolves to the exit code. `signal` aborts on Ctrl+C or SIGTERM. */
  run(given: Given, signal: AbortSignal): Promise<number>;
}

export interface Program {
  /** The executable's name, e.g. `claw-gateway`. */
  readonly name: string;
  /** Its name for people. */
  readonly title: string;
  /** Without a subcommand. */
  readonly serve: Command;
  /** By name; loaded when it is asked for: a server that starts has no use for them. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>;
}

/** A command line that cannot be understood. Exit code 2, like a wrong configuration. */
export class UsageError extends ExplainedError {
  override readonly name = "UsageError";
  override readonly exitCode = 2;
}

const COMMON_FLAGS: Flags = {
  help: { type: "boolean", help: "显示用法" },
  version: { type: "boolean", help: "显示版本" },
  licenses: { type: "boolean", help: "显示内含软件的许可证" },
};

/** Runs the command that the words after the program's name ask for. @throws UsageError */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const [first = ""] = argv;
  const name = first.startsWith("-") || first === "" ? undefined : first;
  const command = name === undefined ? program.serve : await commandNamed(program, name);
  const given = parse(program, command, name === undefined ? argv : argv.slice(1));
  if (given.has("version")) print(versionText(program));
  else if (given.has("licenses")) print(embedded.licenses || "从源码运行：许可证见 node_modules 中的各个包");
  else if (given.has("help"))
    print(name === undefined ? await programHelp(program) : commandHelp(program, name, command));
  else return await command.run(given, signal);
  return 0;
}

async function commandNamed(program: Program, name: string): Promise<Command> {
  const { commands } = program;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new UsageError(`没有“${name}”这个命令。\n\n${await programHelp(program)}`);
  return await load();
}

function parse(program: Program, command: Command, argv: readonly string[]): Given {
  const flags = { ...COMMON_FLAGS, ...command.flags };
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(flags).map(([flag, { type }]) => [flag, { type }]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (!flag) throw new UsageError(`没有 ${token.rawName} 这个选项，用 ${program.name} --help 查看用法`);
    if (flag.type === "string" && !token.value)
      throw new UsageError(`${token.rawName} 后面要写${flag.value ?? "值"}`);
    if (flag.type === "boolean" && token.value !== undefined)
      throw new UsageError(`${token.rawName} 后面不能写值`);
  }
  if (positionals.length > 0 && command.words === undefined)
    throw new UsageError(`不明白“${positionals.join(" ")}”，用 ${program.name} --help 查看用法`);
  return {
    text: (flag) => (typeof values[flag] === "string" ? values[flag] : undefined),
    has: (flag) => values[flag] !== undefined,
    words: positionals,
  };
}

function versionText({ name, title }: Program): string {
  const { version, commit, builtAt } = embedded;
  const from = commit === "" ? "从源码运行" : `提交 ${commit}，构建于 ${builtAt}`;
  return `${name} ${version}（${title}；${from}）\nBun ${Bun.version}，${process.platform}-${process.arch}`;
}

async function programHelp(program: Program): Promise<string> {
  const commands = await Promise.all(
    Object.entries(program.commands).map(async ([name, load]) => {
      const { summary, words } = await load();
      return [`${name}${words === undefined ? "" : ` ${words}`}`, summary] as const;
    }),
  );
  return [
    `${program.title}（${program.name} ${embedded.version}）`,
    "",
    `用法：${program.name} [选项]            ${program.serve.summary}`,
    `      ${program.name} 命令 [选项]`,
    "",
    "命令：",
    ...table(commands),
    "",
    "选项：",
    ...flagTable({ ...program.serve.flags, ...COMMON_FLAGS }),
    "",
    `某个命令的选项：${program.name} 命令 --help`,
  ].join("\n");
}

function commandHelp(program: Program, name: string, command: Command): string {
  const words = command.words === undefined ? "" : ` ${command.words}`;
  return [
    `用法：${program.name} ${name}${words} [选项]`,
    command.summary,
    "",
    "选项：",
    ...flagTable({ ...command.flags, help: COMMON_FLAGS["help"] ?? { type: "boolean", help: "" } }),
  ].join("\n");
}

function flagTable(flags: Flags): string[] {
  return table(
    Object.entries(flags).map(
      ([flag, { help, value }]) => [`--${flag}${value === undefined ? "" : ` ${value}`}`, help] as const,
    ),
  );
}

/** Two columns; a Chinese character is two columns wide. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => Bun.stringWidth(left)));
  return rows.map(([left, right]) => `  ${left}${" ".repeat(width - Bun.stringWidth(left) + 2)}${right}`);
}
