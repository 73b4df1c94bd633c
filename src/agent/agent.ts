import type { AgentReport } from "../contract/presence.ts";
import type { Logger } from "../log.ts";
import { openOrderAcceptor } from "./accept-orders.ts";
import { openActiveJobs } from "./active-jobs.ts";
import { type Readiness, serveAdmin } from "./admin/serve.ts";
import { answerCall } from "./answer-call.ts";
import type { AgentConfig } from "./config.ts";
import { openConversations } from "./conversations.ts";
import { readGatewayCa } from "./gateway-ca.ts";
import { type Link, openLink } from "./link/link.ts";
import { openModelServer } from "./lm-studio/model-server.ts";
import { watchModel } from "./model-watch.ts";
import { openReporter } from "./reporter.ts";
import { openConversationStore } from "./store/conversation-store.ts";
import { openDatabase, setting } from "./store/database.ts";
import { openJobStore } from "./store/job-store.ts";
import { openTaskStore } from "./store/task-store.ts";

/** Jobs at once when neither the configuration nor the model server says; LM Studio's own default. */
const DEFAULT_SLOTS = 4;
/**
 * What an earlier process left goes on when the gateway has told what was cancelled meanwhile. After this long without
 * its word, because it is away or from before it could give it, it is better to work than to wait.
 */
const RESUME_AFTER_MS = 10_000;

export interface Agent {
  adminPort: number;
  /** Rejects when the agent cannot go on (its disk refuses a job); the orders it did not take stay at the gateway. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Puts the agent together and starts it. */
export function startAgent(config: AgentConfig, log: Logger): Agent {
  const failure = Promise.withResolvers<never>();
  const stopping = new AbortController();
  const ca = readGatewayCa(config.gateway.ca);
  const db = openDatabase(config.dataDir);
  const store = openJobStore(db);
  const conversations = openConversationStore(db);
  const tasks = openTaskStore(db);
  const modelServer = openModelServer(config.lmStudio);
  // The parts below tell each other through the link, which is opened last, when all of them can take what it brings.
  let opened: Link | undefined;
  const link = (): Link => {
    if (!opened) throw new Error("the link is not open yet");
    return opened;
  };

  const model = watchModel(modelServer, log.getChild("model"), () => {
    jobs.wake();
    reporter.changed();
  });
  const slots = () => config.slots || model.info()?.parallel || DEFAULT_SLOTS;
  const report = (): AgentReport => {
    const info = model.info();
    return {
      ...jobs.counts(),
      slots: slots(),
      modelReady: info !== undefined,
      ...(info ? { model: info.model } : {}),
    };
  };
  const reporter = openReporter({ link, report, ready: model.looked });
  const jobs = openActiveJobs({
    store,
    run: {
      modelServer,
      conversations,
      contextTokens: () => model.info()?.contextTokens,
      log: log.getChild("job"),
    },
    slots,
    tasksPerUser: config.tasksPerUser,
    link,
    log: log.getChild("job"),
    onChange: () => reporter.changed(),
    onFailure: (error) => failure.reject(error),
  });
  const callable = { conversations: openConversations(conversations, jobs), tasks };
  const acceptor = openOrderAcceptor({ store, link, onFailure: (error) => failure.reject(error) });

  opened = openLink({
    url: config.gateway.url,
    ca,
    greeting: {
      agentId: config.id,
      key: config.key,
      instance: setting(db, "instance", () => Bun.randomUUIDv7()),
    },
    log: log.getChild("link"),
    handlers: {
      onOrder(id, order) {
        try {
          jobs.take(order);
          acceptor.taken(id);
        } catch (error) {
          failure.reject(error);
        }
      },
      onCaughtUp: () => jobs.resume(),
      onCall(call) {
        answerCall(call, callable, stopping.signal)
          .then((answer) => link().gateway.answer.mutate(answer, { signal: link().requestSignal() }))
          .catch((error: unknown) => log.warn("没能回复网关的查询", { path: call.path, error }));
      },
      onConnected() {
        jobs.offerAgain();
        reporter.changed();
      },
    },
  });
  jobs.takeUp();
  const resuming = setTimeout(() => jobs.resume(), RESUME_AFTER_MS);

  const readiness = (): Readiness => {
    const up = link().connected();
    const name = model.info()?.model;
    return {
      link: { up, ...(up ? {} : { reason: link().rejection()?.message ?? "还没有连上网关" }) },
      model: name === undefined ? { up: false, reason: model.trouble() ?? "" } : { up: true, name },
    };
  };
  const admin = serveAdmin({ ...config.admin, readiness });
  log.info("智能体已启动", { agentId: config.id, admin: `${config.admin.host}:${admin.port}` });

  return {
    adminPort: admin.port,
    failed: failure.promise,
    async stop() {
      log.info("智能体正在停止");
      stopping.abort();
      clearTimeout(resuming);
      // The link last, but without waiting: with a gateway that is away, what the others have asked of it has no answer.
      await Promise.all([model.stop(), acceptor.stop(), reporter.stop(), jobs.stop(), link().close()]);
      await admin.close();
      db.close();
      log.info("智能体已停止");
    },
  };
}
