/**
 * Every Redis key and channel of the gateway. What one script touches carries one hash tag (`{…}`), so that it also
 * works on a Cluster. Each key has a lifetime or a trim; it is named beside the key and set by whoever writes it.
 */

/** How long a finished job can still be read, resumed and recognised when it is sent again. */
export const JOB_TTL_SECONDS = 7 * 24 * 3600;
/** How long an agent that was away may take to hear that two users are one person. */
export const JOIN_ORDER_TTL_SECONDS = 180 * 24 * 3600;
/** How long the orders of an agent are kept that is no longer configured; not before a join is too old. */
export const ORDERS_TTL_SECONDS = JOIN_ORDER_TTL_SECONDS;
/** How long a user's feed can be resumed after the last thing that happened. */
export const FEED_TTL_SECONDS = 7 * 24 * 3600;
/** Entries kept of a user's feed. */
export const FEED_MAX_ENTRIES = 1_000;
/** How long a task is kept after its last change; lists forget it as long after its creation. */
export const TASK_TTL_SECONDS = 30 * 24 * 3600;
/** WeCom repeats a callback within seconds; a day also covers an operator replaying one. */
export const SEEN_TTL_SECONDS = 24 * 3600;
/** How long WeCom lets a card be updated after it was sent or a button was pressed (path/94888). */
export const CARD_CODE_TTL_SECONDS = 72 * 3600;

/** What belongs to one agent: its queue, its jobs and their events. One script writes across them. */
export const agentKeys = (agentId: string) => {
  const base = `claw:{agent:${agentId}}`;
  return {
    /**
     * stream: orders not yet on the agent's disk; an entry goes when the agent has it, or waited for it too long: a job's,
     * when that expires; to cancel one, with the job's record; a join, JOIN_ORDER_TTL_SECONDS. All: ORDERS_TTL_SECONDS
     * after the last sweep. Also the wake-up channel.
     */
    orders: `${base}:orders`,
    /** stream: changes of job status not yet told to feeds and channels; an entry goes when it is. Also the channel. */
    changes: `${base}:changes`,
    /** counter: which link of the agent is the newest. Kept for ever: it must never go back. */
    epoch: `${base}:epoch`,
    /**
     * hash: which instance of the agent has the newest link (`linked`), and which has the jobs that were delivered
     * (`served`). Kept, as the epoch.
     */
    instance: `${base}:instance`,
    /** hash: the open link and the agent's report; expires unless the gateway that holds the link renews it. */
    link: `${base}:link`,
    /** channel: calls of the agent's own procedures */
    calls: `${base}:calls`,
    /** channel: their answers */
    answers: `${base}:answers`,
    /** channel: a newer link took over */
    superseded: `${base}:superseded`,
    /** hash: a job; JOB_TTL_SECONDS */
    job: (jobId: string) => `${base}:job:${jobId}`,
    /** stream: a job's events in batches, an entry's id is `<number of its last event>-0`; JOB_TTL_SECONDS. Also the channel. */
    events: (jobId: string) => `${base}:events:${jobId}`,
    /**
     * sorted set: jobs that the agent has, by its last sign of life of them (ms); a turn's is its last change of status. A
     * job goes when it has ended, all of them JOB_TTL_SECONDS after the last sign.
     */
    lifeSigns: `${base}:life-signs`,
    /** string: when the agent was last seen online (ms), by the sweep; JOB_TTL_SECONDS */
    lastSeen: `${base}:last-seen`,
    /** channel: its presence has changed */
    presence: `${base}:presence`,
    /** string: which gateway turns changes into feed entries and channel messages; a lease */
    changesLease: `${base}:changes-lease`,
  };
};

export const userKeys = (userId: string) => {
  const base = `claw:{user:${userId}}`;
  return {
    /** hash: the person, with name and avatar. Kept. */
    record: `${base}:record`,
    /** string: the user whom this one has joined (both are one person). Kept. */
    alias: `${base}:alias`,
    /** set: ids of the devices signed in; those that are gone are taken out when the list is read. Kept. */
    devices: `${base}:devices`,
    /** stream: what happened to the user's jobs, conversations and record; FEED_MAX_ENTRIES, FEED_TTL_SECONDS. Also the channel. */
    feed: `${base}:feed`,
    /** string: how far the feed has told of a job; FEED_TTL_SECONDS */
    told: (jobId: string) => `${base}:told:${jobId}`,
    /** string: the conversation that a channel without conversations of its own goes on with. Kept. */
    conversation: (channel: string) => `${base}:conversation:${channel}`,
    /** sorted set: jobs not yet ended, by creation time (ms); JOB_TTL_SECONDS */
    openJobs: `${base}:open-jobs`,
    /** string: the agent that a message or task with this idempotency key (its hash) went to; JOB_TTL_SECONDS */
    sentTo: (hash: string) => `${base}:sent-to:${hash}`,
    /** hash: a task; TASK_TTL_SECONDS */
    task: (taskId: string) => `${base}:task:${taskId}`,
    /** counter: the number of the newest task. Kept. */
    taskNumber: `${base}:task-number`,
    /** sorted set: tasks by their number; TASK_TTL_SECONDS, as the two below */
    taskNumbers: `${base}:task-numbers`,
    /** sorted set: tasks by creation time (ms), no two at the same one */
    tasks: `${base}:tasks`,
    /** sorted set: the same, of one status */
    tasksIn: (status: string) => `${base}:tasks:${status}`,
  };
};

/**
 * hash: a device that is signed in; it expires when the device was not seen for as long as a session lasts. Of one that its
 * owner has signed out `removed` (when, in ms) is kept for a year.
 */
export const deviceKey = (deviceId: string) => `claw:{device:${deviceId}}`;

/** channel: a device was signed out, or a user has joined another */
export const sessionsChannel = "claw:sessions";

/** Making one person of two users. */
export const bindingKeys = {
  /** hash: whose code this is, and who has used it; as long as a code is valid */
  code: (code: string) => `claw:{binding}:code:${code}`,
  /** string: a user's newest code; as long as a code is valid */
  newest: (userId: string) => `claw:{binding}:newest:${userId}`,
  /** sorted set: when a user was given codes (ms); an hour */
  given: (userId: string) => `claw:{binding}:given:${userId}`,
  /** counter: a user's wrong codes; as long as one is locked out */
  wrong: (userId: string) => `claw:{binding}:wrong:${userId}`,
  /** counter: everybody's wrong codes; as long as one is locked out */
  wrongOfAll: "claw:{binding}:wrong-of-all",
  /** sorted set: `<from> <to>` of joins not yet finished, by when they began (ms); gone when finished */
  joins: "claw:{binding}:joins",
  /** string: which gateway finishes joins; a lease */
  lease: "claw:{binding}:lease",
} as const;

/** string: the user id that an outside identity belongs to. Kept. */
export const identityKey = (channel: string, outsideId: string) => `claw:identity:${channel}:${outsideId}`;

/** What belongs to all tasks together. */
export const taskKeys = {
  /** sorted set: attempts (JSON) that are recorded and perhaps not yet queued, by when (ms); gone when they surely are */
  unqueued: "claw:{tasks}:unqueued",
  /** string: which gateway looks for what waits or is silent for too long; a lease */
  sweepLease: "claw:{tasks}:sweep-lease",
} as const;

/** What belongs to the WeCom app. */
export const wecomKeys = {
  /** stream: callbacks accepted and not yet handled. Also the wake-up channel. */
  inbox: "claw:{wecom}:inbox",
  /** string: a callback that was accepted; SEEN_TTL_SECONDS */
  seen: (id: string) => `claw:{wecom}:seen:${id}`,
  /** string: which gateway handles the inbox and sends; a lease */
  lease: "claw:{wecom}:lease",
  /** string: access_token; lives as long as WeCom says */
  token: "claw:{wecom}:token",
  /** string: one gateway at a time fetches a token; a lease */
  tokenLease: "claw:{wecom}:token-lease",
  /** list: a member's messages to be sent, in order; gone when sent */
  outbox: (member: string) => `claw:{wecom}:outbox:${member}`,
  /** sorted set: members with messages to be sent, by when to try next (ms). Also the wake-up channel. */
  due: "claw:{wecom}:due",
  /** string: a message that was put into the outbox, so that it never is again; JOB_TTL_SECONDS */
  sent: (messageId: string) => `claw:{wecom}:sent:${messageId}`,
  /** sorted set: when a member was last sent something (ms); an hour */
  pace: (member: string) => `claw:{wecom}:pace:${member}`,
  /** sorted set: how a repeated text to a member was marked (number), by when last (ms); as long as WeCom's duplicate check */
  said: (member: string, hash: string) => `claw:{wecom}:said:${member}:${hash}`,
  /** string: no sending until it expires (WeCom asked for a pause) */
  hold: "claw:{wecom}:hold",
  /** string: what an administrator must mend (JSON); goes with the next success */
  problem: "claw:{wecom}:problem",
  /** stream: messages given up, with the reason; trimmed to 1,000 */
  dead: "claw:{wecom}:dead",
  /** hash: `code`, the newest response_code of a card (its task_id), and `spent`, the last one used; CARD_CODE_TTL_SECONDS */
  card: (cardId: string) => `claw:{wecom}:card:${cardId}`,
  /** string: what a message was taken to mean, so that it means the same when it is handled again; SEEN_TTL_SECONDS */
  meant: (dedupeId: string) => `claw:{wecom}:meant:${dedupeId}`,
  /** sorted set: job ids whose sender is told "正在思考" at that time (ms); gone when told or answered */
  thinking: "claw:{wecom}:thinking",
} as const;
