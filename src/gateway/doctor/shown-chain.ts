import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type DetailedPeerCertificate } from "node:tls";

const HTTPS_PORT = 443;

/**
 * The certificates that a server shows at this address, its own first. They are taken as they come: to judge them is up
 * to the caller, so nothing is sent.
 *
 * @throws the error of the connection, or the signal's reason
 */
export function chainShownAt(httpsUrl: string, signal: AbortSignal): Promise<X509Certificate[]> {
  const { hostname, port } = new URL(httpsUrl);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: port === "" ? HTTPS_PORT : Number(port),
      // An address is no name to ask for (RFC 6066, 3).
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
    });
    const giveUp = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", reject);
    socket.on("close", () => {
      signal.removeEventListener("abort", giveUp);
      reject(new Error("closed before a certificate was shown"));
    });
    socket.on("secureConnect", () => {
      resolve(chainFrom(socket.getPeerCertificate(true)));
      socket.destroy();
    });
    if (signal.aborted) giveUp();
  });
}

/** Each names its issuer, as far as they were shown; one that has signed itself names itself. */
function chainFrom(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (next?.raw && next !== next.issuerCertificate) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  if (next?.raw) chain.push(new X509Certificate(next.raw));
  return chain;
}
