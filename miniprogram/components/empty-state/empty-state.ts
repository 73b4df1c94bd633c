/**
 * What stands where there is nothing to show: why, and what to do about it.
 *
 * - `icon`: `task`, `chat`, `offline` or `error`
 * - `title`, `note`: one line, and one or two more
 * - `action`: the text of its button; none without it. Event `action` when it is pressed
 */
Component({
  properties: {
    icon: { type: String, value: "task" },
    title: { type: String, value: "" },
    note: { type: String, value: "" },
    action: { type: String, value: "" },
  },
  methods: {
    press() {
      this.triggerEvent("action");
    },
  },
});
