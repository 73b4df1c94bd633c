/**
 * An order that an agent whose link is at the same gateway gets while Redis is still being told: the way through Redis is
 * a third of what a question takes until the model has it. It is a hint and nobody relies on it. The order itself follows,
 * by which alone the agent accepts; should Redis refuse it, whoever asked asks again by the same key, and it is the same
 * job. The agent's events come behind it: they go to Redis by the same connection.
 */
export function earlyOrder(json: string): string {
  return `${EARLY}${json}`;
}

/** The order, if the message is an early one. */
export function readEarlyOrder(message: string | null): string | undefined {
  return message?.startsWith(EARLY) ? message.slice(EARLY.length) : undefined;
}

/** No stream entry has such an id. */
const EARLY = "early ";
