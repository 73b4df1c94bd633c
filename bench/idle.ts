import { startSystem } from "../test/system.ts";
import type { IdleUsers } from "./idle-users.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import { maxOpenFiles, residentBytes, untilIdle } from "./process-figures.ts";
import type { RawRelay } from "./raw-relay.ts";
import type { Measurement } from "./row.ts";

const KIB = 1024;
const SESSION_SECRET = "session-secret-of-the-benchmark-0123456789";
/** One process alone would need twice as many open files as the server. */
const LOAD_PROCESSES = 2;
/** What the gateway has open besides, generously. */
const OTHER_FILES = 200;
/** Enough that all code has run and is compiled before the memory is looked at. */
const WARM_UP_USERS = 200;

type Users = LoadProcess<IdleUsers>;

/** Memory of the gateway for a user who only waits, and of a bare socket. */
export const measureIdle: Measurement = async (settings, say) => {
  const count = Math.min(settings.subscriptions, maxOpenFiles() - OTHER_FILES);
  if (count < settings.subscriptions)
    say(`no more than ${count} sockets: the limit of open files is too low`);
  const relay = startLoad<RawRelay>("raw-relay.ts");
  const rawRelayUrl = await relay.ask("serve");
  const raw = await bytesEach(relay.pid, count, (users, _name, count) =>
    users.ask("connect", { rawRelayUrl, count }),
  );
  await relay.stop();

  const gatewayEnv = { CLAW_AUTH_SESSION_SECRET: SESSION_SECRET };
  const system = await startSystem({ withoutAgent: true, gatewayEnv });
  try {
    const { gatewayUrl } = system;
    const ours = await bytesEach(system.gateway().pid, count, (users, name, count) =>
      users.ask("subscribe", { gatewayUrl, sessionSecret: SESSION_SECRET, name, count }),
    );
    say(
      `${count} idle subscriptions: ${(ours / KIB).toFixed(1)} KiB each, bare sockets ${(raw / KIB).toFixed(1)} KiB`,
    );
    return [
      {
        what: `${count.toLocaleString("en")} idle user subscriptions`,
        against: "raw Bun sockets",
        seen: `${(ours / KIB).toFixed(1)} KiB each beside ${(raw / KIB).toFixed(1)} KiB; growth of the resident memory, every user with a socket and a feed of their own`,
        figure: ours / KIB,
        unit: "KiB",
        better: "smaller",
        atLeast: 16,
        aim: 8,
      },
    ];
  } finally {
    await system.stop();
  }
};

/** How much a server's memory grows with each of `count` users, once it is idle again. */
async function bytesEach(
  pid: number,
  count: number,
  join: (users: Users, name: string, count: number) => Promise<void>,
): Promise<number> {
  const crowds: Users[] = Array.from({ length: LOAD_PROCESSES }, () => startLoad("idle-users.ts"));
  try {
    const [first] = crowds;
    if (first) await join(first, "early", WARM_UP_USERS);
    await first?.ask("leave");
    await untilIdle(pid);
    const before = residentBytes(pid);
    await Promise.all(crowds.map((users, n) => join(users, `user${n}-`, Math.floor(count / crowds.length))));
    await untilIdle(pid);
    return (residentBytes(pid) - before) / count;
  } finally {
    await Promise.all(crowds.map((users) => users.stop()));
  }
}
