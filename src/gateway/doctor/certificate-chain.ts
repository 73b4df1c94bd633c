import { X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, in its order. @throws for one that cannot be read */
export function readChain(pem: string): X509Certificate[] {
  return (pem.match(PEM_CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
}

/** The roots that this runtime trusts: Mozilla's, as most clients do. */
export function publicRoots(): X509Certificate[] {
  return getCACertificates("bundled").map((text) => new X509Certificate(text));
}

/**
 * - `trusted`: from the first certificate to a root that everybody trusts
 * - `self-signed`: the first certificate vouches for itself
 * - `private`: up to a root of the file's own, which only those trust who were told to
 * - `broken`: certificate number `at` was not issued by the one after it
 * - `incomplete`: the file ends before a root; `missing` is whose certificate has to follow
 */
export type ChainVerdict =
  | { readonly t: "trusted"; readonly path: readonly X509Certificate[]; readonly root: string }
  | { readonly t: "self-signed" }
  | { readonly t: "private"; readonly root: string }
  | { readonly t: "broken"; readonly at: number }
  | { readonly t: "incomplete"; readonly missing: string };

export function judgeChain(
  leaf: X509Certificate,
  rest: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): ChainVerdict {
  const path = [leaf];
  let last = leaf;
  for (const [index, next] of [...rest, undefined].entries()) {
    // Others may follow, such as a root signed by an older one for old clients; nobody needs them.
    const root = roots.find((root) => issued(root, last) || root.fingerprint256 === last.fingerprint256);
    if (root) return { t: "trusted", path, root: nameOf(root.subject) };
    if (issued(last, last))
      return last === leaf ? { t: "self-signed" } : { t: "private", root: nameOf(last.subject) };
    if (!next) break;
    if (!issued(next, last)) return { t: "broken", at: index + 1 };
    path.push(next);
    last = next;
  }
  return { t: "incomplete", missing: nameOf(last.issuer) };
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** The common name, or what else there is, of a distinguished name. */
function nameOf(distinguished: string): string {
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(distinguished)?.[1];
  return field("CN") ?? field("O") ?? distinguished.replaceAll("\n", "，");
}
