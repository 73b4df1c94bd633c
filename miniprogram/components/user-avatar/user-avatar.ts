import { avatarLook } from "../../utils/account/avatar-look";

/**
 * A person's picture; without one, the first letter of the name on a soft colour.
 *
 * - `look`: see `AvatarLook`
 * - `size` in rpx
 */
Component({
  properties: {
    look: { type: Object, value: avatarLook({}) },
    size: { type: Number, value: 80 },
  },
  /** A picture that could not be drawn. */
  data: { broken: "" },
  methods: {
    onImageError() {
      this.setData({ broken: this.data.look.image });
    },
  },
});
