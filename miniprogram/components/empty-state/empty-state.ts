/**
 * What stands where there is nothing to show: why, and what to do about it.
 *
 * - `icon`: `task`, `chat`, `agent`, `offline` or `error`
 * - `title`, `note`: one line, and one or two more
 * - `action`: the text of its button; none without it. Event `action` when it is pressed
 * - `busy`: the button has been pressed and works
 */
Component({
  properties: {
    icon: { type: String, value: "task" },
    title: { type: String, value: "" },
    note: { type: String, value: "" },
    action: { type: String, value: "" },
    busy: { type: Boolean, value: false },
  },
  methods: {
    press() {
      if (!this.data.busy) this.triggerEvent("action");
    },
  },
});
