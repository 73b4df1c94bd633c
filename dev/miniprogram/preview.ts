/**
 * `bun dev/miniprogram/preview.ts`: serves the mini-program to browsers; reload the page after a change. `--port 8090`,
 * `--gateway ws://127.0.0.1:8080/trpc`, `--app played-app.ts` (in the place of app.ts), `--root` (another mini-program).
 */
import { parseArgs } from "node:util";
import { settingsWithGateway } from "./gateway-host.ts";
import { miniProgramPage } from "./serve.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    gateway: { type: "string" },
    app: { type: "string" },
    root: { type: "string" },
  },
});

const page = miniProgramPage({
  ...(values.root === undefined ? {} : { root: values.root }),
  ...(values.app === undefined ? {} : { replaced: { "app.ts": values.app } }),
  settings: settingsWithGateway(values.gateway),
});
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(values.port),
  fetch: (request) => page.fetch(request),
});
console.log(`${server.url.href}  (?theme=dark, ?user=anna, #/pages/user/user)`);
