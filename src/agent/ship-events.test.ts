import { expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { openGatewayDouble, refusedWith } from "../../test/agent-parts.ts";
import { newJob } from "../../test/gateway-parts.ts";
import { until } from "../../test/until.ts";
import { MAX_PUSH_EVENTS } from "../contract/link-api.ts";
import { isTerminal, type ReplyEvent } from "../contract/reply-event.ts";
import { openBell } from "./bell.ts";
import type { JobLog } from "./job-log.ts";
import { shipEvents } from "./ship-events.ts";

const delta = (n: number): ReplyEvent => ({ t: "delta", text: `${n};` });
const DONE: ReplyEvent = { t: "done", text: "完" };

/** Ships a log that is kept in memory only. */
function shipment(events: ReplyEvent[] = [], from = 0) {
  const gateway = openGatewayDouble();
  const job = newJob();
  const added = openBell();
  const stop = new AbortController();
  const log: JobLog = {
    job,
    writer: () => ({ id: "this process", first: 0 }),
    next: () => events.length,
    ended: () => events.some(isTerminal),
    begin: () => expect.unreachable(),
    add(event) {
      events.push(event);
      added.ring();
    },
    read: (first, limit) => events.slice(first, first + limit),
    moveTo: () => expect.unreachable(),
    forget() {},
    flush() {},
  };
  let closings = 0;
  const outcome = () =>
    shipEvents({
      log,
      from,
      link: gateway.link,
      added,
      logger: getLogger(["claw", "test"]),
      signal: stop.signal,
      onClosed: () => closings++,
    });
  return { gateway, job, log, events, outcome, stop: () => stop.abort(), closings: () => closings };
}

test("one push at a time; what comes meanwhile goes with the next", async () => {
  const { gateway, job, log, events, outcome } = shipment([{ t: "started" }]);
  const gate = Promise.withResolvers<undefined>();
  let waits = true;
  gateway.onPush = () => {
    if (!waits) return undefined;
    waits = false;
    return gate.promise as never;
  };
  const shipped = outcome();
  await until("the first push", () => gateway.pushes.length === 1);
  for (let n = 0; n < 100; n++) log.add(delta(n));
  log.add(DONE);
  gate.resolve(undefined);
  expect(await shipped).toBe("settled");
  expect(gateway.pushes).toHaveLength(2);
  expect(gateway.mostAtOnce(job.id)).toBe(1);
  expect(gateway.events(job.id)).toEqual(events);
});

test("no push is larger than the gateway takes", async () => {
  const { gateway, job, events, outcome } = shipment([
    ...Array.from({ length: 1_300 }, (_, n) => delta(n)),
    DONE,
  ]);
  expect(await outcome()).toBe("settled");
  expect(Math.max(...gateway.pushes.map((push) => push.events.length))).toBe(MAX_PUSH_EVENTS);
  expect(gateway.events(job.id)).toEqual(events);
});

test("a gateway that has lost some is sent them again, from where it says", async () => {
  const { gateway, job, log, events, outcome } = shipment([{ t: "started" }, delta(1), delta(2)]);
  const shipped = outcome();
  await until("the first three", () => gateway.events(job.id).length === 3);
  gateway.forget(job.id, 1);
  log.add(DONE);
  expect(await shipped).toBe("settled");
  expect(gateway.events(job.id)).toEqual(events);
});

test("begins where it is told, as when an end is offered again", async () => {
  const { gateway, job, events, outcome } = shipment([{ t: "started" }, delta(1), DONE], 2);
  expect(await outcome()).toBe("settled");
  expect(gateway.pushes[0]?.from).toBe(2);
  // It had nothing: all of it is sent after all.
  expect(gateway.events(job.id)).toEqual(events);
});

test("tries again as long as there is no answer, and is stopped at once", async () => {
  const { gateway, job, events, outcome } = shipment([{ t: "started" }, DONE]);
  let failures = 3;
  gateway.onPush = () => (failures-- > 0 ? Promise.reject(new Error("no answer")) : undefined);
  expect(await outcome()).toBe("settled");
  expect(gateway.events(job.id)).toEqual(events);

  const hopeless = shipment([DONE]);
  hopeless.gateway.onPush = () => Promise.reject(new Error("no answer"));
  const shipped = hopeless.outcome();
  await until("some tries", () => hopeless.gateway.pushes.length > 1);
  hopeless.stop();
  expect(await shipped).toBe("stopped");

  const idle = shipment([]);
  const waiting = idle.outcome();
  idle.stop();
  expect(await waiting).toBe("stopped");
});

test("a job that the gateway has ended is settled once it has ended here, too", async () => {
  const { gateway, job, log, outcome, closings } = shipment([{ t: "started" }]);
  gateway.close(job.id);
  let settled = false;
  const shipped = outcome().then((how) => {
    settled = true;
    return how;
  });
  await until("it to be told", () => closings() === 1);
  log.add(delta(1));
  await Bun.sleep(20);
  expect(settled).toBe(false);
  log.add({ t: "cancelled" });
  expect(await shipped).toBe("settled");
  expect(closings()).toBe(1);
});

test("a gateway that does not know the job yet is asked again: it may just be writing it anew", async () => {
  const { gateway, job, events, outcome, closings } = shipment([{ t: "started" }, DONE]);
  let unknown = 3;
  gateway.onPush = () => (unknown-- > 0 ? Promise.reject(refusedWith("not-found")) : undefined);
  expect(await outcome()).toBe("settled");
  expect(gateway.events(job.id)).toEqual(events);
  expect(closings()).toBe(0);
});
