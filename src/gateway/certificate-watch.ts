import { pause } from "../backoff.ts";
import type { Logger } from "../log.ts";
import { type Certificate, checkCertificate, readCertificateFiles } from "./certificate.ts";
import { dateOf, expiryReminder } from "./certificate-expiry.ts";

/**
 * Looking is cheap, and sees what file events miss or tell differently on each system: exchanged symbolic links, network
 * folders, a folder that is itself replaced.
 */
const LOOK_EVERY_MS = 1_000;

/**
 * Looks at the certificate's files until the signal aborts, and has a new pair used. Files count when two looks agree,
 * because a copy may be under way, and when they are whole and belong together; otherwise the old certificate stays and
 * the log says why.
 *
 * @param options.use resolves when new connections get the certificate; calls `onDelay` once if that takes time
 */
export async function watchCertificate(options: {
  certificate: Certificate;
  use: (certificate: Certificate, onDelay: (error: unknown) => void) => Promise<void>;
  log: Logger;
  signal: AbortSignal;
  lookEveryMs?: number;
}): Promise<void> {
  const { use, log, signal, lookEveryMs = LOOK_EVERY_MS } = options;
  const remind = expiryReminder(log);
  let inUse = options.certificate;
  let lastSeen = inUse.contentHash;
  let judged = inUse.contentHash;
  log.info("证书已载入", { names: inUse.names, expires: dateOf(inUse.expiresAt) });
  while (!signal.aborted) {
    remind(inUse);
    await pause(lookEveryMs, signal);
    const content = await readCertificateFiles(inUse.files);
    const settled = content.contentHash === lastSeen;
    lastSeen = content.contentHash;
    if (!settled || content.contentHash === judged || signal.aborted) continue;
    judged = content.contentHash;
    // After a mistake the old files are back.
    if (content.contentHash === inUse.contentHash) continue;
    try {
      const certificate = checkCertificate(content);
      await use(certificate, (error) => log.warn("换证书时暂时不能监听端口，正在重试", { error }));
      inUse = certificate;
      log.info("已换用新证书，已有的连接不受影响", {
        names: inUse.names,
        expires: dateOf(inUse.expiresAt),
      });
    } catch (error) {
      log.warn("证书文件有变化，但不能使用，仍用原来的证书", { reason: error });
    }
  }
}
