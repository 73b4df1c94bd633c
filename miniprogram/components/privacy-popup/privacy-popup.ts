import { watching } from "../../behaviors/watching";
import { openPrivacy, type PrivacySystem } from "../../utils/app/privacy";
import { say } from "../../utils/screen/say";

const AGREE_BUTTON = "agree-privacy";

// One for all pages: WeChat tells only its last listener.
const privacy = openPrivacy(wx as unknown as PrivacySystem);

const onTop = new WeakSet<object>();

/** Asks for consent to the privacy contract, on the page on top only. Every page has one, at the end of its root view. */
Component({
  behaviors: [watching],
  /** `contract`: its name while this one asks about it, else "". */
  data: { contract: "" },
  lifetimes: {
    attached() {
      this.watchCell(privacy.question, () => this.update());
    },
  },
  pageLifetimes: {
    show() {
      onTop.add(this);
      this.update();
    },
    hide() {
      onTop.delete(this);
      this.update();
    },
  },
  methods: {
    update() {
      const contract = (onTop.has(this) && privacy.question.value) || "";
      if (contract !== this.data.contract) this.setData({ contract });
    },
    agree() {
      privacy.agree(AGREE_BUTTON);
    },
    refuse() {
      privacy.refuse();
    },
    openContract() {
      wx.openPrivacyContract({ fail: () => say("暂时打不开，请稍后再试") });
    },
    /** Keeps the page below from scrolling. */
    stay() {},
  },
});
