import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";

/**
 * Has Bun's tracing channels say whether anybody listens, as Node's do (`hasSubscribers`, Node 22). Bun 1.4 leaves that
 * open, and ioredis then describes each command, arguments and all, for nobody: a twentieth of the gateway's time.
 */
export function leaveUntraced(): void {
  const prototype: object = Object.getPrototypeOf(tracingChannel("claw"));
  if ("hasSubscribers" in prototype) return;
  Object.defineProperty(prototype, "hasSubscribers", {
    get(this: TracingChannel): boolean {
      const { start, end, asyncStart, asyncEnd, error } = this;
      return [start, end, asyncStart, asyncEnd, error].some((channel) => channel.hasSubscribers);
    },
  });
}
