import { Hono } from "hono";
import type { Logger } from "../log.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { watchCertificate } from "./certificate-watch.ts";
import type { GatewayConfig } from "./config.ts";
import { healthRoutes } from "./health.ts";
import { followJobChanges } from "./jobs/job-changes.ts";
import { openJobStore } from "./jobs/job-store.ts";
import { sweepOverdue } from "./jobs/sweep.ts";
import { openAgentCalls } from "./link/agent-calls.ts";
import { openLinkPort } from "./link/link-port.ts";
import { openLinks } from "./link/links.ts";
import { openPresenceWatch } from "./link/presence-watch.ts";
import { linkSockets } from "./link-side.ts";
import { openMiniprogramLogin } from "./miniprogram/login.ts";
import { type GatewayRedis, openGatewayRedis } from "./redis/open.ts";
import { serve } from "./serve.ts";
import { openTasks } from "./tasks/tasks.ts";
import { userHttp, type UserPorts, userSockets } from "./user-side.ts";
import { openChat } from "./users/chat.ts";
import { openFeed } from "./users/feed.ts";
import { openBindingCodes } from "./users/binding-codes.ts";
import { openBindings } from "./users/bindings.ts";
import { openDevices } from "./users/devices.ts";
import { personOf } from "./users/person-of.ts";
import { openSessionTokens } from "./users/session-token.ts";
import { openSessions } from "./users/sessions.ts";
import { openUserJobs } from "./users/user-jobs.ts";
import { openUsers } from "./users/users.ts";
import { openWecomChannel } from "./wecom/channel.ts";
import { openMemberLogin } from "./wecom/member-login.ts";

/** What clients get to move to another gateway, or back, before their sockets are closed. */
const DRAIN_MS = 300;

/** A shorter secret for tokens can be found by trying. */
const SECURE_SECRET_CHARS = 32;

export interface Gateway {
  port: number;
  /** Takes no more work, lets go of its clients, finishes what it has in hand, closes Redis last. */
  stop(): Promise<void>;
}

/** Puts the gateway together and starts it; resolves when it serves. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const certificate = config.tls && (await readCertificate(config.tls));
  const redis = await openGatewayRedis({
    ...config.redis,
    dataDir: config.dataDir,
    log: log.getChild("redis"),
  });
  try {
    return await startOn(redis, certificate, config, log);
  } catch (error) {
    await redis.close();
    throw error;
  }
}

async function startOn(
  gatewayRedis: GatewayRedis,
  certificate: Certificate | undefined,
  config: GatewayConfig,
  log: Logger,
): Promise<Gateway> {
  const { redis, hub, restarts, gatewayId } = gatewayRedis;
  if (config.sessionSecret.length < SECURE_SECRET_CHARS) {
    log.warn(`auth.session_secret 太短，容易被猜出，请换成 ${SECURE_SECRET_CHARS} 位以上的随机文字`);
  }
  const agentIds = [...config.agents.keys()];
  const stopping = new AbortController();
  const { signal } = stopping;

  const jobs = openJobStore({ redis, hub, restarts });
  const devices = openDevices({ redis, restarts });
  const [sessions, calls] = await Promise.all([
    openSessions({
      redis,
      hub,
      tokens: openSessionTokens(config.sessionSecret),
      devices,
      log: log.getChild("users"),
      signal,
    }),
    openAgentCalls({ redis, hub, agentIds, signal }),
  ]);
  const links = openLinks({ redis, hub, agents: config.agents, log: log.getChild("link") });
  const presences = openPresenceWatch({ hub, links, agentIds, signal });
  const feed = openFeed(redis, hub, restarts, presences);
  const users = openUsers(redis, agentIds, (userId) => feed.announce(userId, { t: "user" }));
  const tasks = openTasks({
    redis,
    restarts,
    jobs,
    feed,
    calls,
    agentIds,
    maxOpen: config.tasks.maxOpen,
    log: log.getChild("tasks"),
  });
  const bindings = openBindings({
    redis,
    restarts,
    jobs,
    users,
    devices,
    sessions,
    feed,
    codes: openBindingCodes(redis),
    moveTasks: tasks.move,
    agentIds,
    gatewayId,
    log: log.getChild("users"),
  });
  const chat = openChat({ redis, jobs, users, feed, calls, agentIds });
  const wecom =
    config.wecom &&
    openWecomChannel({
      config: config.wecom,
      redis,
      hub,
      restarts,
      jobs,
      users,
      bindings,
      feed,
      chat,
      tasks,
      links,
      agentIds,
      gatewayId,
      log: log.getChild("wecom"),
    });

  const ports: UserPorts = {
    auth: {
      ...openMiniprogramLogin({
        config: config.miniprogram,
        users,
        sessions,
        log: log.getChild("miniprogram"),
      }),
      ...openMemberLogin({
        wecom,
        corpId: config.wecom?.corpId,
        users,
        sessions,
        log: log.getChild("wecom"),
      }),
    },
    users: {
      ...users,
      bind: async (userId, code) => await users.get(await bindings.bind(userId, code)),
    },
    devices: sessions,
    agents: { list: () => Promise.all(agentIds.map((agentId) => links.presence(agentId))) },
    chat: chat.port("miniprogram"),
    tasks: tasks.port("miniprogram"),
    jobs: openUserJobs({ redis, hub, jobs }),
    feed,
  };
  const userSide = { ports, sessions, log: log.getChild("api") };
  const answerUser = userHttp(userSide);
  const channels = wecom ? { wecom } : {};

  const app = new Hono()
    .route("/", healthRoutes({ redis, links, agentIds, channels, draining: () => signal.aborted }))
    .all("/trpc/*", (c) => answerUser(c.req.raw));
  if (wecom) app.route("/wecom", wecom.callback);
  app.onError((error, c) => {
    log.error("处理请求时出错", { path: c.req.path, error });
    return c.text("服务暂时出错，请稍后再试", 500);
  });

  const server = serve({
    host: config.host,
    port: config.port,
    tls: certificate,
    app,
    sockets: {
      "/trpc": userSockets(userSide),
      "/link": linkSockets({
        links,
        port: openLinkPort({
          redis,
          hub,
          links,
          calls,
          queueMs: config.tasks.queueMs,
          log: log.getChild("link"),
        }),
        log: log.getChild("link"),
      }),
    },
  });
  // Agents offer anew what a Redis that lost its last moments may lack.
  restarts.onRestart(() => server.askToReconnect());

  const background = [
    ...agentIds.map((agentId) =>
      followJobChanges({
        redis,
        hub,
        restarts,
        agentId,
        gatewayId,
        signal,
        log: log.getChild("jobs"),
        async listener(changed, status, atMs) {
          if (changed.kind === "task") {
            const change = await tasks.changed(changed, status, atMs);
            if (change?.task.channel === "wecom") await wecom?.taskChanged(change);
            return;
          }
          // Who has bound their accounts since is told as the one they are now.
          const job = { ...changed, userId: await personOf(redis, changed.userId) };
          await feed.tell(job, status);
          if (job.channel === "wecom") await wecom?.jobChanged(job, status);
        },
      }),
    ),
    presences.run(),
    sweepOverdue({
      redis,
      links,
      agentIds,
      patience: config.tasks,
      tidy: tasks.queueForgotten,
      gatewayId,
      log: log.getChild("tasks"),
      signal,
    }),
    bindings.run(signal),
    wecom ? wecom.run(signal) : Promise.resolve(),
    certificate
      ? watchCertificate({ certificate, use: server.useCertificate, log: log.getChild("tls"), signal })
      : Promise.resolve(),
  ];
  log.info("网关已启动", {
    port: server.port,
    tls: config.tls !== undefined,
    wecom: wecom !== undefined,
    agents: agentIds,
  });

  return {
    port: server.port,
    async stop() {
      log.info("网关正在停止");
      server.stopAccepting();
      server.askToReconnect();
      stopping.abort();
      await Bun.sleep(DRAIN_MS);
      await Promise.allSettled(background);
      await server.close();
      await links.settled();
      await gatewayRedis.close();
      log.info("网关已停止");
    },
  };
}
