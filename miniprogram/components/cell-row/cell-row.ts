/**
 * A line of a list of settings.
 *
 * - `title`, `value` (at the end of the line)
 * - `arrow`: it leads somewhere; event `press`
 * - `last`: no line below
 */
Component({
  properties: {
    title: { type: String, value: "" },
    value: { type: String, value: "" },
    arrow: { type: Boolean, value: false },
    last: { type: Boolean, value: false },
  },
  methods: {
    onTap() {
      if (this.data.arrow) this.triggerEvent("press");
    },
  },
});
