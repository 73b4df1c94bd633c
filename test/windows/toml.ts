/** Fills keys that are in a configuration already, `section.key` or `key`, as an administrator does with an editor. */
export function fillIn(toml: string, values: Readonly<Record<string, string | number>>): string {
  const left = new Map(Object.entries(values));
  let section = "";
  const lines = toml.split("\n").map((line) => {
    section = /^\[([\w.]+)\]/.exec(line)?.[1] ?? section;
    const [, name] = /^(\w+) *=/.exec(line) ?? [];
    const key = section === "" ? `${name}` : `${section}.${name}`;
    const value = left.get(key);
    if (value === undefined) return line;
    left.delete(key);
    return `${name} = ${JSON.stringify(value)}`;
  });
  if (left.size > 0) throw new Error(`not in the configuration: ${[...left.keys()].join(", ")}`);
  return lines.join("\n");
}
