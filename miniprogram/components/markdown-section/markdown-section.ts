import type { ShownBlock } from "../../utils/markdown/block-patches";

type BlockTap = WechatMiniprogram.BaseEvent<object, { index: number }>;

/**
 * A few blocks of a markdown-view: where one of them changes, WeChat looks through these, and not through all of a long
 * text. It is given them by `show(patch)`, a setData. Events: `copy` {index} for a code, `links` {index} for the block
 * with them.
 */
Component({
  properties: {
    /** Nothing is above it. */
    first: { type: Boolean, value: false },
  },
  data: { blocks: [] as ShownBlock[] },
  methods: {
    show(patch: Record<string, unknown>) {
      this.setData(patch);
    },
    copyCode(event: BlockTap) {
      this.triggerEvent("copy", { index: event.currentTarget.dataset.index });
    },
    openLinks(event: BlockTap) {
      this.triggerEvent("links", { index: event.currentTarget.dataset.index });
    },
  },
});
