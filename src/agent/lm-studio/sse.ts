import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ModelFailure } from "./errors.ts";

/** A chunk of an answer has a few hundred characters; one this long is not an answer. */
const MAX_EVENT_CHARS = 1024 * 1024;

/**
 * The server-sent events in the bytes, together as they arrive. An event that the end cuts off is dropped, as the
 * standard says: whether the answer was complete is told by what came before.
 *
 * @throws ModelFailure when an event is too long.
 */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly EventSourceMessage[]> {
  let events: EventSourceMessage[] = [];
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: (event) => events.push(event),
    onError: ({ type }) => {
      tooLong ||= type === "max-buffer-size-exceeded";
    },
  });
  const decoder = new TextDecoder();
  for await (const piece of bytes) {
    // A character may begin in one piece and end in the next.
    parser.feed(decoder.decode(piece, { stream: true }));
    if (tooLong) throw new ModelFailure("model-error", "模型服务的数据格式异常（单个事件过长），已中止");
    if (events.length === 0) continue;
    yield events;
    events = [];
  }
}
