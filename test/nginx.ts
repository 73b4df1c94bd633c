import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort } from "../dev/program.ts";
import type { IssuedCertificate } from "./test-certificates.ts";
import { until } from "./until.ts";

const SITE = resolve(import.meta.dir, "../deploy/nginx.conf");

/** A real nginx that serves deploy/nginx.conf, on ports and in a folder of its own. */
export interface Nginx {
  httpPort: number;
  httpsPort: number;
  /** The folder of /var/www/acme. */
  acmeDir: string;
  /** The configuration as nginx has read it (`nginx -T`). */
  configuration: string;
  stop(): Promise<void>;
}

/** Undefined: it is not installed. */
export const nginxPath = Bun.which("nginx", {
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`,
});

/** @throws when nginx does not accept the file */
export async function startNginx(options: {
  dir: string;
  gatewayPort: number;
  certificate: IssuedCertificate;
}): Promise<Nginx> {
  const { dir, gatewayPort, certificate } = options;
  if (nginxPath === null) throw new Error("nginx is not installed");
  const sslDir = join(dir, "ssl");
  const acmeDir = join(dir, "acme");
  for (const folder of [dir, sslDir, acmeDir]) mkdirSync(folder, { recursive: true });
  copyFileSync(certificate.cert, join(sslDir, "pactgo.cn-chain.pem"));
  copyFileSync(certificate.key, join(sslDir, "pactgo.cn-key.pem"));
  const [httpPort, httpsPort] = [freePort(), freePort()];
  const replacements = {
    "listen 80;": `listen 127.0.0.1:${httpPort};`,
    "listen 443 ssl;": `listen 127.0.0.1:${httpsPort} ssl;`,
    "server 127.0.0.1:8080;": `server 127.0.0.1:${gatewayPort};`,
    "/etc/nginx/ssl/pactgo.cn-chain.pem;": `"${sslDir}/pactgo.cn-chain.pem";`,
    "/etc/nginx/ssl/pactgo.cn-key.pem;": `"${sslDir}/pactgo.cn-key.pem";`,
    "root /var/www/acme;": `root "${acmeDir}";`,
  };
  writeFileSync(join(dir, "site.conf"), replaced(readFileSync(SITE, "utf8"), replacements));
  writeFileSync(join(dir, "nginx.conf"), mainConfiguration(dir));

  const command = [nginxPath, "-p", dir, "-c", join(dir, "nginx.conf")];
  const checked = Bun.spawnSync([...command, "-T"]);
  if (checked.exitCode !== 0) throw new Error(checked.stderr.toString());
  const nginx = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
  const complaints = new Response(nginx.stderr).text();
  const stop = async () => {
    nginx.kill("SIGTERM");
    await nginx.exited;
  };
  try {
    await until("nginx answers", async () => {
      if (nginx.exitCode !== null) throw new Error(`nginx has ended: ${await complaints}`);
      const request = fetch(`http://127.0.0.1:${httpPort}/`, { redirect: "manual" });
      return request.then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { httpPort, httpsPort, acmeDir, configuration: checked.stdout.toString(), stop };
}

/** @throws when one of them is not in the text exactly once */
function replaced(text: string, replacements: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(replacements)) {
    // Comments may mention it, too.
    const lines = text.split("\n");
    const found = lines.filter((line) => line.includes(from) && !line.trimStart().startsWith("#"));
    if (found.length !== 1) throw new Error(`"${from}" is ${found.length} times in the site`);
    text = lines.map((line) => (line === found[0] ? line.replace(from, to) : line)).join("\n");
  }
  return text;
}

function mainConfiguration(dir: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  // Workers of a master that is root would be someone else, who cannot read this folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `${user}
daemon off;
worker_processes 1;
pid "${dir}/nginx.pid";
error_log stderr;
events {}
http {
    access_log "${dir}/access.log";
    ${temporary.map((name) => `${name}_temp_path "${dir}/${name}";`).join("\n    ")}
    include "${dir}/site.conf";
}
`;
}
