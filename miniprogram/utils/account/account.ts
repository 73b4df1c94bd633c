import type { TRPCClient } from "@trpc/client";
import type { AgentPresence } from "../../../src/contract/presence";
import type { User } from "../../../src/contract/user";
import type { UserRouter } from "../../../src/contract/user-api";
import { backoffMs } from "../backoff";
import { type Cell, openCell } from "../cell";
import type { Storage } from "../storage";

const USER_KEY = "user";
const AGENTS_KEY = "agents";
/** Of one refresh; the next connection brings another. */
const MAX_TRIES = 5;

/** Who is signed in, and the agents: known from the last time at once, and kept up to date. */
export interface Account {
  readonly user: Cell<User | undefined>;
  readonly agents: Cell<readonly AgentPresence[]>;
  /** Takes what the gateway has answered of the user; it is newer than what is being asked. */
  setUser(user: User): void;
  /** Nobody is signed in, and who was last is not shown any more. */
  forgetUser(): void;
  /** One agent's presence has changed. */
  setAgent(agent: AgentPresence): void;
  refreshUser(): void;
  refreshAgents(): void;
  close(): void;
}

export function openAccount(api: Pick<TRPCClient<UserRouter>, "me" | "agent">, storage: Storage): Account {
  const user = openCell(keptUser(storage.read(USER_KEY)));
  const agents = openCell(keptAgents(storage.read(AGENTS_KEY)));

  function setUser(next: User): void {
    asksUser.cancel();
    // An avatar is large: pages draw it again only when something is new.
    if (isSame(next, user.value)) return;
    storage.write(USER_KEY, next);
    user.set(next);
  }
  function setAgents(next: readonly AgentPresence[]): void {
    if (isSame(next, agents.value)) return;
    storage.write(AGENTS_KEY, next);
    agents.set(next);
  }
  const asksUser = openAsking(() => api.me.get.query(), setUser);
  const asksAgents = openAsking(() => api.agent.list.query(), setAgents);

  return {
    user,
    agents,
    setUser,
    forgetUser() {
      asksUser.cancel();
      storage.write(USER_KEY, undefined);
      user.set(undefined);
    },
    setAgent(agent) {
      setAgents(withAgent(agents.value, agent));
      // An answer on its way may be older than this.
      if (asksAgents.isAsking()) asksAgents.ask();
    },
    refreshUser: asksUser.ask,
    refreshAgents: asksAgents.ask,
    close() {
      asksUser.cancel();
      asksAgents.cancel();
    },
  };
}

/** Asks until there is an answer; of what is asked twice only the later answer counts. */
function openAsking<T>(question: () => Promise<T>, take: (answer: T) => void) {
  let newest = 0;
  let isAsking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function attempt(mine: number, tries: number): void {
    question().then(
      (answer) => {
        if (mine !== newest) return;
        isAsking = false;
        take(answer);
      },
      () => {
        if (mine !== newest) return;
        isAsking = tries < MAX_TRIES;
        if (isAsking) timer = setTimeout(() => attempt(mine, tries + 1), backoffMs(tries));
      },
    );
  }
  function cancel(): void {
    newest++;
    isAsking = false;
    if (timer !== undefined) clearTimeout(timer);
  }
  return {
    isAsking: () => isAsking,
    cancel,
    ask() {
      cancel();
      isAsking = true;
      attempt(newest, 1);
    },
  };
}

function withAgent(agents: readonly AgentPresence[], agent: AgentPresence): readonly AgentPresence[] {
  const isKnown = agents.some(({ id }) => id === agent.id);
  return isKnown ? agents.map((known) => (known.id === agent.id ? agent : known)) : [...agents, agent];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function keptUser(kept: unknown): User | undefined {
  return hasId(kept) ? (kept as User) : undefined;
}

function keptAgents(kept: unknown): readonly AgentPresence[] {
  return Array.isArray(kept) ? (kept.filter(hasId) as AgentPresence[]) : [];
}

function hasId(kept: unknown): boolean {
  return typeof kept === "object" && kept !== null && "id" in kept && typeof kept.id === "string";
}
