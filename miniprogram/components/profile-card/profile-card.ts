import type { MAX_NAME_CHARS as NameLimit, User } from "../../../src/contract/user";
import { watching } from "../../behaviors/watching";
import { avatarLook } from "../../utils/account/avatar-look";
import { type Change, changeUser } from "../../utils/account/change-user";
import { readProfileImage } from "../../utils/account/profile-image";
import type { Claw } from "../../utils/claw";
import { errorText } from "../../utils/error-text";

// The mini-program takes only types from the contract; this one does not compile when the limit has changed.
const MAX_NAME_CHARS: typeof NameLimit = 24;

const { claw } = getApp<{ claw: Claw }>();

/** Who one is: the picture and the name, both to be changed by a tap. */
Component({
  behaviors: [watching],
  data: {
    look: avatarLook({}),
    savedName: "",
    name: "",
    saving: false,
    problem: "",
    maxNameChars: MAX_NAME_CHARS,
  },
  lifetimes: {
    attached() {
      this.watchCell(claw.user, (user) => this.show(user));
    },
  },
  methods: {
    show(user: Partial<User> = {}) {
      const look = avatarLook(user);
      const { name = "" } = user;
      if (name === this.data.savedName && JSON.stringify(look) === JSON.stringify(this.data.look)) return;
      this.setData({ look, savedName: name, name });
    },
    async onAvatar(event: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
      await this.save(async () => ({ avatar: await readProfileImage(wx, event.detail.avatarUrl) }));
    },
    async onName(event: WechatMiniprogram.CustomEvent<{ value: string }>) {
      const { value } = event.detail;
      const name = value.trim();
      const before = this.data.savedName;
      // “Done” on the keyboard also takes the focus away: the second event finds nothing new, or the name on its way.
      if (value === this.data.name || (this.data.saving && name === this.data.name)) return;
      // What the field shows must be in the data first: setting the data to what it holds changes no field.
      this.setData({ name: value, problem: "" });
      this.setData({ name: name === "" ? before : name });
      if (name === "" && before !== "") this.setData({ problem: "昵称不能为空" });
      else if (name !== before) await this.save(async () => ({ name }));
    },
    async save(make: () => Promise<Change>) {
      this.setData({ saving: true, problem: "" });
      try {
        const change = await make();
        await changeUser(claw, change, () => claw.api.me.setProfile.mutate(change));
        this.setData({ saving: false });
      } catch (error) {
        this.setData({ saving: false, problem: errorText(error), name: this.data.savedName });
      }
    },
  },
});
