import { initialOf, toneOf } from "../../utils/avatar-look";
import { MAX_SHOWN_AVATAR_CHARS } from "../../utils/profile-image";

interface Shown {
  name?: string;
  avatar?: string;
}

/** A person's picture; without one, the first letter of the name on a soft colour. `size` is in rpx. */
Component({
  properties: {
    user: { type: Object, value: {} },
    size: { type: Number, value: 80 },
  },
  data: { image: "", initial: "", tone: 0, label: "头像" },
  observers: {
    user(user: Shown | null) {
      const name = user?.name ?? "";
      const image = user?.avatar ?? "";
      this.setData({
        image: image.length > MAX_SHOWN_AVATAR_CHARS ? "" : image,
        initial: initialOf(name),
        tone: toneOf(name),
        label: name === "" ? "头像" : `${name}的头像`,
      });
    },
  },
  methods: {
    onImageError() {
      this.setData({ image: "" });
    },
  },
});
