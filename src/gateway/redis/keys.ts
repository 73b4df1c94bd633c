/**
 * Every Redis key and channel of the gateway. What one script touches carries one hash tag (`{…}`), so that it also
 * works on a Cluster. Each key has a lifetime or a trim; it is named beside the key and set by whoever writes it.
 */

/** How long a finished job can still be read, resumed and recognised when it is sent again. */
export const JOB_TTL_SECONDS = 7 * 24 * 3600;
/** How long a user's feed can be resumed after the last thing that happened. */
export const FEED_TTL_SECONDS = 7 * 24 * 3600;
/** Entries kept of a user's feed. */
export const FEED_MAX_ENTRIES = 1_000;
/** WeCom repeats a callback within seconds; a day also covers an operator replaying one. */
export const SEEN_TTL_SECONDS = 24 * 3600;

/** What belongs to one agent: its queue, its jobs and their events. One script writes across them. */
export const agentKeys = (agentId: string) => {
  const base = `claw:{agent:${agentId}}`;
  return {
    /** stream: orders not yet on the agent's disk; an entry goes when the agent has it. Also the wake-up channel. */
    orders: `${base}:orders`,
    /** stream: changes of job status not yet told to feeds and channels; an entry goes when it is. Also the channel. */
    changes: `${base}:changes`,
    /** counter: which link of the agent is the newest. Kept for ever: it must never go back. */
    epoch: `${base}:epoch`,
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
    /** string: which gateway turns changes into feed entries and channel messages; a lease */
    changesLease: `${base}:changes-lease`,
  };
};

export const userKeys = (userId: string) => {
  const base = `claw:{user:${userId}}`;
  return {
    /** hash: the person. Kept. */
    record: `${base}:record`,
    /** stream: what happened to the user's jobs; FEED_MAX_ENTRIES, FEED_TTL_SECONDS. Also the channel. */
    feed: `${base}:feed`,
    /** string: how far the feed has told of a job; FEED_TTL_SECONDS */
    told: (jobId: string) => `${base}:told:${jobId}`,
    /** string: the conversation that a channel without conversations of its own goes on with. Kept. */
    conversation: (channel: string) => `${base}:conversation:${channel}`,
    /** sorted set: jobs not yet ended, by creation time (ms); JOB_TTL_SECONDS */
    openJobs: `${base}:open-jobs`,
  };
};

/** string: the user id that an outside identity belongs to. Kept. */
export const identityKey = (channel: string, outsideId: string) => `claw:identity:${channel}:${outsideId}`;

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
  /** sorted set: job ids whose sender is told "正在思考" at that time (ms); gone when told or answered */
  thinking: "claw:{wecom}:thinking",
} as const;
