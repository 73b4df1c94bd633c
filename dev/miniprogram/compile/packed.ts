import type { Source } from "./source.ts";

interface ProjectConfig {
  readonly packOptions?: { readonly ignore?: readonly Rule[] };
}
interface Rule {
  readonly type: string;
  readonly value: string;
}

/** The files that WeChat packs: all but what project.config.json leaves out, and declarations, which become nothing. */
export function packedFiles(source: Source): string[] {
  const config = source.has("project.config.json")
    ? (source.json("project.config.json") as ProjectConfig)
    : {};
  const ignored = config.packOptions?.ignore ?? [];
  return source.files.filter(
    (file) => !file.endsWith(".d.ts") && !ignored.some((rule) => matches(file, rule)),
  );
}

/** https://developers.weixin.qq.com/miniprogram/dev/devtools/projectconfig.html#packOptions */
function matches(file: string, { type, value }: Rule): boolean {
  if (type === "suffix") return file.endsWith(value);
  if (type === "prefix") return file.startsWith(value);
  if (type === "folder") return file.startsWith(`${value.replace(/\/$/, "")}/`);
  if (type === "file") return file === value;
  throw new Error(`project.config.json: packOptions.ignore of type "${type}" is not known here`);
}
