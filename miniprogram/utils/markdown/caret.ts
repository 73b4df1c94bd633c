import type { Block, CodeBlock, RichBlock } from "./markdown-blocks";
import type { RichNode } from "./rich-nodes";

/** Blinks where the app's styles have its keyframes; else it stands still. */
const CARET: RichNode = {
  name: "span",
  attrs: {
    style:
      "display:inline-block;width:.4em;height:1em;margin-left:.15em;vertical-align:-.15em;border-radius:.1em;background:var(--primary);animation:caret 1s ease-in-out infinite",
  },
};

/** The same blocks with a caret where the text goes on. */
export function withCaret(blocks: readonly Block[]): readonly Block[] {
  const last = blocks.at(-1);
  if (last?.kind === "rich") return [...blocks.slice(0, -1), { ...last, nodes: [...last.nodes, CARET] }];
  if (last?.kind === "code") return [...blocks.slice(0, -1), inCode(last)];
  const alone: RichBlock = {
    kind: "rich",
    level: 0,
    nodes: [CARET],
    links: [],
    indent: 0,
    quote: 0,
    marker: "",
  };
  return [...blocks, alone];
}

/** Text is all that a code may hold. */
function inCode(code: CodeBlock): CodeBlock {
  return { ...code, parts: [...code.parts.slice(0, -1), `${code.parts.at(-1) ?? ""}▍`] };
}
