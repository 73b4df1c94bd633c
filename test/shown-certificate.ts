import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";

/** The serial number of the certificate that a server shows to a new connection. @throws when there is none in 5 s */
export function shownSerial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // Which certificate it is, is asked here, not whether to trust it.
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, timeout: 5_000 });
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.once("secureConnect", () => {
      const { serialNumber } = socket.getPeerCertificate();
      end(() => resolve(serialNumber));
    });
    socket.once("timeout", () => end(() => reject(new Error("no certificate in time"))));
    socket.once("error", (error) => end(() => reject(error)));
  });
}

/** The same of a file's first certificate. */
export const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber;
