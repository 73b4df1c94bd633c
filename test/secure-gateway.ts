import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Program } from "../dev/program.ts";
import { AGENT, type System, until } from "./system.ts";
import { openTestAuthority, type TestAuthority } from "./test-certificates.ts";

/** A gateway that does TLS itself, beside the system's own, which does not. */
export interface SecureGateway {
  port: number;
  url: string;
  authority: TestAuthority;
  /** Where it looks for its certificate. */
  files: { cert: string; key: string };
  program(): Program;
  start(): Promise<void>;
  fetch(path: string): Promise<Response>;
  /** Signs a user in, by the stand-in's codes; returns the token. */
  signIn(name: string): Promise<string>;
}

/** Not started yet, and with no certificate: `files` is for the test to fill. */
export async function prepareSecureGateway(system: System): Promise<SecureGateway> {
  const authority = await openTestAuthority(system.dir);
  const folder = join(system.dir, "ssl");
  mkdirSync(folder);
  const files = { cert: join(folder, "pactgo.cn-chain.pem"), key: join(folder, "pactgo.cn-key.pem") };
  const port = freePort();
  const url = `https://127.0.0.1:${port}`;
  const secureFetch = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, tls: { ca: authority.ca } });
  let program: Program | undefined;
  return {
    port,
    url,
    authority,
    files,
    program() {
      if (!program) throw new Error("not started");
      return program;
    },
    async start() {
      program = system.launch("src/gateway/main.ts", {
        ...system.env.gateway,
        CLAW_SERVER_PORT: String(port),
        CLAW_DATA_DIR: join(system.dir, "secure"),
        CLAW_SERVER_TLS_CERT: files.cert,
        CLAW_SERVER_TLS_KEY: files.key,
      });
      const ready = () =>
        secureFetch("/readyz").then(
          ({ ok }) => ok,
          () => false,
        );
      await until("the gateway is ready", ready);
    },
    fetch: secureFetch,
    async signIn(name) {
      const response = await secureFetch("/trpc/auth.miniprogramLogin", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code: `user-${name}` }),
      });
      const { result } = (await response.json()) as { result: { data: { token: string } } };
      return result.data.token;
    },
  };
}

/** An agent for a gateway with TLS; `up` tells whether its link is. */
export function launchSecureAgent(
  system: System,
  options: { name: string; url: string; caFile: string },
): { program: Program; up(): Promise<boolean> } {
  const adminPort = freePort();
  const program = system.launch("src/agent/main.ts", {
    ...system.env.agent,
    CLAW_GATEWAY_URL: options.url,
    CLAW_GATEWAY_CA: options.caFile,
    CLAW_AGENT_ID: AGENT.id,
    CLAW_DATA_DIR: join(system.dir, options.name),
    CLAW_ADMIN_PORT: String(adminPort),
  });
  return {
    program,
    async up() {
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
      return ((await response?.json()) as { link: { up: boolean } } | undefined)?.link.up ?? false;
    },
  };
}
