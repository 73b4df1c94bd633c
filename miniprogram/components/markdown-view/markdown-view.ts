import { type BlockPatches, openBlockPatches, SECTION_BLOCKS } from "../../utils/markdown/block-patches";
import { withCaret } from "../../utils/markdown/caret";
import { chooseLink } from "../../utils/markdown/choose-link";
import { blockText } from "../../utils/markdown/markdown-blocks";
import { type MarkdownStream, openMarkdown } from "../../utils/markdown/markdown-stream";
import { copyToClipboard } from "../../utils/screen/clipboard";

interface Section {
  show(patch: Record<string, unknown>): void;
}
interface Own {
  markdown: MarkdownStream;
  patches: BlockPatches;
  sections: Section[];
  /** By section: what came for it before WeChat had made it. */
  waiting: Map<number, Record<string, unknown>[]>;
}
type BlockEvent = WechatMiniprogram.CustomEvent<{ index: number }, object, { at: number }>;

/**
 * Markdown as it is read, also while it is still being written: of a growing text only what changes goes to the view.
 * Give it the whole text by `update(text, { streaming })`, each time when there is more; `streaming`: and more may come.
 */
Component({
  data: { sections: [] as { at: number }[] },
  lifetimes: {
    created() {
      const own = this as unknown as Own;
      own.markdown = openMarkdown();
      own.patches = openBlockPatches();
      own.sections = [];
      own.waiting = new Map();
    },
  },
  methods: {
    update(text: string, { streaming }: { streaming: boolean }) {
      const { markdown, patches } = this as unknown as Own;
      const from = markdown.update(text, streaming);
      const { blocks } = markdown;
      // The last one may have lost its caret.
      const first = Math.max(0, Math.min(from, blocks.length - 1) - 1);
      for (const { section, patch } of patches.next(streaming ? withCaret(blocks) : blocks, first))
        this.showIn(section, patch);
    },
    showIn(at: number, patch: Record<string, unknown>) {
      const { sections, waiting } = this as unknown as Own;
      const before = waiting.get(at);
      if (before) before.push(patch);
      else if (sections[at]) sections[at].show(patch);
      else {
        waiting.set(at, [patch]);
        const made = () => this.showWaiting(at);
        // It is there at once, or when the page has it.
        this.setData({ [`sections[${at}]`]: { at } }, made);
        made();
      }
    },
    showWaiting(at: number) {
      const { sections, waiting } = this as unknown as Own;
      const patches = waiting.get(at);
      if (!patches) return;
      // A look through all that is shown: once for each.
      const section = this.selectComponent(`#section-${at}`) as unknown as Section | null;
      if (!section) return;
      sections[at] = section;
      waiting.delete(at);
      for (const patch of patches) section.show(patch);
    },
    blockOf({ currentTarget, detail }: BlockEvent) {
      const index = currentTarget.dataset.at * SECTION_BLOCKS + detail.index;
      return (this as unknown as Own).markdown.blocks[index];
    },
    copyCode(event: BlockEvent) {
      const block = this.blockOf(event);
      if (block?.kind === "code") copyToClipboard(blockText(block));
    },
    openLinks(event: BlockEvent) {
      const block = this.blockOf(event);
      if (block && "links" in block) chooseLink(block.links);
    },
  },
});
