import { startSystem } from "../test/system.ts";
import type { IdleUsers } from "./idle-users.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import { maxOpenFiles, residentBytes, untilIdle } from "./process-figures.ts";
import type { RawRelay } from "./raw-relay.ts";
import type { Measurement } from "./row.ts";

const KIB = 1024;
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
  const raw = await bytesEach({
    count,
    prepare: () => Promise.resolve(relay.pid),
    join: (users, count) => users.ask("connect", { rawRelayUrl, count }),
  });
  await relay.stop();

  const system = await startSystem({ withoutAgent: true });
  try {
    const { gatewayUrl } = system;
    const ours = await bytesEach({
      count,
      // Users sign in once and wait for weeks: what that costs the gateway is not to be in its memory.
      async prepare(crowds) {
        await Promise.all(
          crowds.map(({ users, name, count }) => users.ask("signIn", { gatewayUrl, name, count })),
        );
        await system.gateway().stop();
        await system.startGateway();
        return system.gateway().pid;
      },
      join: (users) => users.ask("subscribe", { gatewayUrl }),
    });
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

interface Crowd {
  users: Users;
  name: string;
  count: number;
}

/** How much a server's memory grows with each of `count` users, once it is idle again. */
async function bytesEach(measured: {
  count: number;
  /** All that users need before they come; resolves with the server's process id. */
  prepare(crowds: readonly Crowd[]): Promise<number>;
  join(users: Users, count: number): Promise<void>;
}): Promise<number> {
  const { prepare, join } = measured;
  const count = Math.floor(measured.count / LOAD_PROCESSES);
  const early: Crowd = { users: startLoad("idle-users.ts"), name: "early", count: WARM_UP_USERS };
  const crowds: Crowd[] = Array.from({ length: LOAD_PROCESSES }, (_, n) => ({
    users: startLoad("idle-users.ts"),
    name: `user${n}_`,
    count,
  }));
  try {
    const pid = await prepare([early, ...crowds]);
    await join(early.users, early.count);
    await early.users.ask("leave");
    await untilIdle(pid);
    const before = residentBytes(pid);
    await Promise.all(crowds.map(({ users, count }) => join(users, count)));
    await untilIdle(pid);
    return (residentBytes(pid) - before) / (count * crowds.length);
  } finally {
    await Promise.all([early, ...crowds].map(({ users }) => users.stop()));
  }
}
