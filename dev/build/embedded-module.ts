import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Origin } from "./origin.ts";

interface File {
  /** Its name once it is taken out. */
  readonly name: string;
  readonly path: string;
}

/** What an executable gets inside, in place of src/embedded.ts. */
export interface Contents {
  readonly origin: Origin;
  readonly redisServer: readonly File[];
  readonly serviceWrapper: File | undefined;
  /** A text file. */
  readonly licensesPath: string;
}

/** Gives src/embedded.ts another content while bundling; it has the same `Embedded` shape. */
export function embeddedModule(contents: Contents): Bun.BunPlugin {
  return {
    name: "embedded",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]embedded\.ts$/ }, () => ({
        contents: moduleText(contents),
        loader: "js",
      }));
    },
  };
}

function moduleText({ origin, redisServer, serviceWrapper, licensesPath }: Contents): string {
  const imports: string[] = [];
  const imported = (path: string) => {
    const name = `file${imports.length}`;
    imports.push(`import ${name} from ${JSON.stringify(path)} with { type: "file" };`);
    return name;
  };
  const file = ({ name, path }: File) => {
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    return `{ name: ${JSON.stringify(name)}, path: ${imported(path)}, sha256: "${sha256}" }`;
  };
  const redis = redisServer.map(file).join(", ");
  const wrapper = serviceWrapper ? file(serviceWrapper) : "undefined";
  const licenses = imported(licensesPath);
  return `
    import { readFileSync } from "node:fs";
    ${imports.join("\n    ")}
    export const embedded = {
      version: ${JSON.stringify(origin.version)},
      commit: ${JSON.stringify(origin.commit)},
      builtAt: ${JSON.stringify(origin.builtAt)},
      // Read only when asked for: it is long.
      get licenses() { return readFileSync(${licenses}, "utf8"); },
      redisServer: [${redis}],
      serviceWrapper: ${wrapper},
    };`;
}
