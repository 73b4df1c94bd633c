import type { Block, RichBlock } from "./markdown-blocks";
import type { Run } from "./inline-runs";

const CARET: Run = { text: "", look: "caret" };
const ALONE: RichBlock = {
  kind: "rich",
  level: 0,
  runs: [CARET],
  links: [],
  indent: 0,
  quote: 0,
  marker: "",
};

/** The same blocks with a caret where the text goes on. */
export function withCaret(blocks: readonly Block[]): readonly Block[] {
  const last = blocks.at(-1);
  if (last?.kind !== "rich" && last?.kind !== "code") return [...blocks, ALONE];
  return [...blocks.slice(0, -1), { ...last, runs: [...last.runs, CARET] }];
}
