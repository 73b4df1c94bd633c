import type { TextType } from "./api.ts";
import type { OutboxMessage } from "./outbox.ts";
import { splitUtf8 } from "./split.ts";

type TextMessage = OutboxMessage & { type: TextType };

/** The id of the first piece of such a message: with it, all of them are in the outbox. */
export const firstPieceId = (id: string) => `${id}:0`;

/**
 * A text of any length as messages that WeCom takes, in order, for `Outbox.addAll`. Made again with another length (its
 * message was handled again, and says what is so now), it adds nothing to the first.
 */
export function inPieces(message: TextMessage): OutboxMessage[] {
  const [first, ...more] = splitUtf8(message.content);
  if (first === undefined) return [];
  return [
    { ...message, id: firstPieceId(message.id), content: first },
    ...more.map((content, at): OutboxMessage => {
      const { member, type } = message;
      return { id: `${message.id}:${at + 1}`, member, type, content, continues: true };
    }),
  ];
}
