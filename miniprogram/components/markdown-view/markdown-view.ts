import { type BlockPatches, openBlockPatches, type ShownBlock } from "../../utils/markdown/block-patches";
import { withCaret } from "../../utils/markdown/caret";
import { chooseLink } from "../../utils/markdown/choose-link";
import { blockText } from "../../utils/markdown/markdown-blocks";
import { type MarkdownStream, openMarkdown } from "../../utils/markdown/markdown-stream";
import { copyToClipboard } from "../../utils/screen/clipboard";

interface Own {
  markdown: MarkdownStream;
  patches: BlockPatches;
}
type BlockTap = WechatMiniprogram.BaseEvent<object, { index: number }>;

/**
 * Markdown as it is read, also while it is still being written: of a growing text only what changes goes to the view.
 * Give it the whole text by `update(text, { streaming })`, each time when there is more; `streaming`: and more may come.
 */
Component({
  data: { blocks: [] as ShownBlock[] },
  lifetimes: {
    created() {
      const own = this as unknown as Own;
      own.markdown = openMarkdown();
      own.patches = openBlockPatches("blocks");
    },
  },
  methods: {
    update(text: string, { streaming }: { streaming: boolean }) {
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
