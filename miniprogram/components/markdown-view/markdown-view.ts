import { type BlockPatches, openBlockPatches, type ShownBlock } from "../../utils/block-patches";
import { chooseLink } from "../../utils/choose-link";
import { copyToClipboard } from "../../utils/clipboard";
import { blockText } from "../../utils/markdown-blocks";
import { type MarkdownStream, openMarkdown } from "../../utils/markdown-stream";
import { withCaret } from "../../utils/caret";

interface Own {
  markdown: MarkdownStream;
  patches: BlockPatches;
}
type BlockTap = WechatMiniprogram.BaseEvent<object, { index: number }>;

/**
 * Markdown as it is read, also while it is still being written: of a growing text only what changes goes to the view.
 * Give it the whole text: as `text`, or by `update(text, { streaming: true })` each time when there is more.
 */
Component({
  properties: { text: { type: String, value: "" } },
  data: { blocks: [] as ShownBlock[] },
  observers: {
    text(text: string) {
      if (text !== "") this.update(text);
    },
  },
  lifetimes: {
    created() {
      const own = this as unknown as Own;
      own.markdown = openMarkdown();
      own.patches = openBlockPatches("blocks");
    },
  },
  methods: {
    update(text: string, { streaming = false }: { streaming?: boolean } = {}) {
      const { markdown, patches } = this as unknown as Own;
      const from = markdown.update(text, streaming);
      const { blocks } = markdown;
      // The last one may have lost its caret.
      const first = Math.max(0, Math.min(from, blocks.length - 1) - 1);
      for (const patch of patches.next(streaming ? withCaret(blocks) : blocks, first)) this.setData(patch);
    },
    copyCode(event: BlockTap) {
      const block = (this as unknown as Own).markdown.blocks[event.currentTarget.dataset.index];
      if (block?.kind !== "code") return;
      copyToClipboard(blockText(block));
    },
    openLinks(event: BlockTap) {
      const block = (this as unknown as Own).markdown.blocks[event.currentTarget.dataset.index];
      if (block && "links" in block) chooseLink(block.links);
    },
  },
});
