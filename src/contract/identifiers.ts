import * as v from "valibot";

/**
 * An agent's id, from the gateway's `agents` setting. It is part of job and conversation ids (before the dot),
 * so that whoever holds such an id knows the agent without looking it up.
 */
export const AgentId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,32}$/, "智能体编号只能用字母、数字、- 和 _，最长 32 位"),
);

/** Opaque to clients: `<agent id>.<hash>`. The same user and idempotency key always give the same job id. */
export const JobId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,32}\.[a-z0-9]{1,40}$/, "任务编号不正确"));

/** Opaque to clients: `<agent id>.<hash>`. */
export const ConversationId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,32}\.[a-z0-9]{1,40}$/, "会话编号不正确"),
);

/** Opaque to clients: `<agent id>.<hash>`. To the agent it is a conversation that holds the task's attempts. */
export const TaskId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,32}\.[a-z0-9]{1,40}$/, "任务编号不正确"));

export const UserId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/));

/** One sign-in of a user. */
export const DeviceId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/, "设备编号不正确"));

/** Chosen by the client, unique per message it sends: sending the same one again never makes a second job. */
export const IdempotencyKey = v.pipe(
  v.string(),
  v.minLength(1, "幂等键不能为空"),
  v.maxLength(200, "幂等键最长 200 个字"),
);

/** Where a subscription goes on after a break; clients give back the last id they saw. */
export const EventId = v.pipe(v.string(), v.regex(/^\d{1,16}-\d{1,16}$/, "lastEventId 不正确"));

/** The agent that a job or conversation id names. */
export function agentOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}
