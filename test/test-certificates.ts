import { join } from "node:path";

/** Certificates from an authority of our own, made by openssl. */
export interface TestAuthority {
  /** PEM, and where it is. */
  ca: string;
  caFile: string;
  /**
   * A certificate for 127.0.0.1 and pactgo.cn, followed by its authority's, and its key, as `<name>-chain.pem` and
   * `<name>-key.pem`.
   */
  issue(name: string, options?: { days?: number }): Promise<IssuedCertificate>;
}

export interface IssuedCertificate {
  cert: string;
  key: string;
  /** PEM. */
  chainText: string;
  keyText: string;
}

export async function openTestAuthority(dir: string): Promise<TestAuthority> {
  const caFile = join(dir, "ca.pem");
  const caKey = join(dir, "ca-key.pem");
  await request([...files(caFile, caKey), "-days", "30", "-subj", "/CN=Claw test authority"]);
  const ca = await Bun.file(caFile).text();
  return {
    ca,
    caFile,
    async issue(name, { days = 90 } = {}) {
      const cert = join(dir, `${name}-chain.pem`);
      const key = join(dir, `${name}-key.pem`);
      const signed = ["-CA", caFile, "-CAkey", caKey, "-days", String(days), "-subj", "/CN=pactgo.cn"];
      const names = ["-addext", "subjectAltName=DNS:pactgo.cn,IP:127.0.0.1"];
      const host = ["-addext", "basicConstraints=critical,CA:FALSE"];
      await request([...files(cert, key), ...signed, ...names, ...host]);
      const chainText = (await Bun.file(cert).text()) + ca;
      await Bun.write(cert, chainText);
      return { cert, key, chainText, keyText: await Bun.file(key).text() };
    },
  };
}

const files = (cert: string, key: string) => ["-keyout", key, "-out", cert];

async function request(args: readonly string[]): Promise<void> {
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const openssl = Bun.spawn(["openssl", "req", ...kind, ...args], { stdout: "ignore", stderr: "pipe" });
  const errors = await new Response(openssl.stderr).text();
  if ((await openssl.exited) !== 0) throw new Error(errors);
}
