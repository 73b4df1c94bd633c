import { Cluster, Redis, type RedisOptions } from "ioredis";
import { leaveUntraced } from "./untraced.ts";

export type RedisClient = Redis | Cluster;

/** A command that Redis has not answered by then fails; WeCom itself waits 5 s for a callback's answer. */
const COMMAND_TIMEOUT_MS = 4_000;
/** A server that answers nothing for this long is gone (power, network) though nobody said so: connect again. */
const SOCKET_TIMEOUT_MS = 10_000;
/** The same for a connection on which nothing is asked, a subscriber's: the system probes it. */
const KEEP_ALIVE_MS = 10_000;
const MAX_RECONNECT_DELAY_MS = 500;
/**
 * How often a Redis that is loading its file is asked again. Its own estimate, which ioredis would wait for, is many
 * seconds at first, also for a load of milliseconds.
 */
const LOADING_LOOK_MS = 100;
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

interface Limits {
  readonly commandTimeoutMs?: number;
}
interface Node {
  readonly host: string;
  readonly port: number;
}
interface Target {
  readonly scheme: string;
  readonly auth: Pick<RedisOptions, "password">;
  readonly nodes: readonly Node[];
  /** Of the master, for Sentinel. */
  readonly name: string;
}

/**
 * Connects by URL: `redis://`, `rediss://`, `redis+sentinel://[:password@]host:port,host:port/master-name`,
 * `redis+cluster://[:password@]host:port,host:port`. It reconnects by itself, for ever.
 */
export function openRedis(
  url: string,
  purpose: "commands" | "subscriber",
  { commandTimeoutMs = COMMAND_TIMEOUT_MS }: Limits = {},
): RedisClient {
  leaveUntraced();
  const options = sharedOptions(purpose, commandTimeoutMs);
  const target = parse(url);
  if (target.scheme === "redis+cluster") {
    return purpose === "commands" ? openCluster(target, options) : openNodeOf(target, options);
  }
  if (target.scheme === "redis+sentinel") {
    return new Redis({ ...options, ...target.auth, sentinels: [...target.nodes], name: target.name });
  }
  return new Redis(url, options);
}

function sharedOptions(purpose: "commands" | "subscriber", commandTimeoutMs: number) {
  return {
    commandTimeout: commandTimeoutMs,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    // Commands wait out a restart of Redis, but no longer than the timeout above.
    maxRetriesPerRequest: null,
    retryStrategy: (attempt: number) => Math.min(20 * 2 ** attempt, MAX_RECONNECT_DELAY_MS),
    maxLoadingRetryTime: LOADING_LOOK_MS,
    lazyConnect: true,
    // Automatic pipelining turns a burst of commands into few system calls; a subscriber sends none.
    enableAutoPipelining: purpose === "commands",
  } satisfies RedisOptions;
}
type SharedOptions = ReturnType<typeof sharedOptions>;

function openCluster({ nodes, auth }: Target, options: SharedOptions): Cluster {
  const { commandTimeout, socketTimeout, keepAlive, maxLoadingRetryTime, retryStrategy } = options;
  const cluster = new Cluster([...nodes], {
    redisOptions: { commandTimeout, socketTimeout, keepAlive, maxLoadingRetryTime, ...auth },
    clusterRetryStrategy: retryStrategy,
    enableAutoPipelining: true,
    lazyConnect: true,
  });
  // ioredis sets no timeout on a command that waits for the Cluster to come back.
  const send = cluster.sendCommand.bind(cluster);
  cluster.sendCommand = (command, ...rest) => {
    command.setTimeout(commandTimeout);
    return send(command, ...rest);
  };
  return cluster;
}

/**
 * A subscriber for a Cluster, each node of which hears every message: connects to one of the nodes after the other.
 * The subscriber that a `Cluster` brings moves to another node without an event, so nobody would know of the gap.
 */
function openNodeOf({ nodes, auth }: Target, options: SharedOptions): Redis {
  const node = (attempt: number): Node =>
    nodes[attempt % nodes.length] ?? { host: "127.0.0.1", port: DEFAULT_PORT };
  const client: Redis = new Redis({
    ...options,
    ...auth,
    ...node(0),
    retryStrategy(attempt) {
      Object.assign(client.options, node(attempt));
      return options.retryStrategy(attempt);
    },
  });
  return client;
}

function parse(url: string): Target {
  const match = /^(redis\+(?:cluster|sentinel)):\/\/(?::([^@]*)@)?([^/]+)(?:\/(.*))?$/.exec(url);
  if (!match) return { scheme: "redis", auth: {}, nodes: [], name: "" };
  const [, scheme = "", secret, hosts = "", name] = match;
  const defaultPort = scheme === "redis+sentinel" ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const nodes = hosts.split(",").map((node) => {
    const [host = "", port = defaultPort] = node.split(":");
    return { host, port: Number(port) };
  });
  const auth = secret === undefined ? {} : { password: decodeURIComponent(secret) };
  return { scheme, auth, nodes, name: name || "mymaster" };
}
