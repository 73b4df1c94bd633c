import type { User } from "../../../src/contract/user";
import { watching } from "../../behaviors/watching";
import type { Claw } from "../../utils/claw";
import { isInWecom } from "../../utils/connection/device";
import { errorText } from "../../utils/error-text";

const { claw } = getApp<{ claw: Claw }>();

const CODE = /^\d{6}$/;

/** `member`: inside WeCom, where one is the member already. */
type State = "unknown" | "bound" | "unbound" | "member";

const FIRST: {
  state: State;
  /** The form is. */
  open: boolean;
  code: string;
  ready: boolean;
  busy: boolean;
  done: boolean;
  problem: string;
} = { state: "unknown", open: false, code: "", ready: false, busy: false, done: false, problem: "" };

/** Makes one person of this user and a WeCom member, by the code that the member has been given. */
Component({
  behaviors: [watching],
  data: FIRST,
  lifetimes: {
    attached() {
      const isMember = isInWecom(wx);
      this.watchCell(claw.user, (user) => {
        const state = isMember ? "member" : stateOf(user);
        if (state !== this.data.state) this.setData({ state });
      });
    },
  },
  methods: {
    toggle() {
      this.setData({ open: !this.data.open, code: "", ready: false, problem: "" });
    },
    onInput(event: WechatMiniprogram.CustomEvent<{ value: string }>) {
      const code = event.detail.value;
      this.setData({ code, ready: CODE.test(code), problem: "" });
    },
    async bind() {
      if (!this.data.ready || this.data.busy) return;
      this.setData({ busy: true, problem: "" });
      try {
        claw.setUser(await claw.api.me.bind.mutate({ code: this.data.code }));
        this.setData({ busy: false, done: true });
      } catch (error) {
        this.setData({ busy: false, problem: errorText(error) });
      }
    },
  },
});

function stateOf(user: User | undefined): State {
  if (!user) return "unknown";
  return user.bound === true ? "bound" : "unbound";
}
