import type { TaskCard } from "../../utils/tasks/task-text";

const NO_CARD: TaskCard = {
  id: "",
  number: "",
  title: "",
  status: "",
  tone: "quiet",
  live: false,
  note: "",
  percent: -1,
  time: "",
  detail: "",
  action: "",
};

/**
 * One task of a list. Events `open`, `cancel` and `retry` with `{ id }`.
 *
 * - `card`: see `TaskCard`
 * - `compact`: title, status and progress only, and no buttons
 */
Component({
  properties: {
    card: { type: Object, value: NO_CARD },
    compact: { type: Boolean, value: false },
  },
  methods: {
    open() {
      this.triggerEvent("open", { id: this.data.card.id });
    },
    act() {
      const { id, action } = this.data.card;
      if (action === "cancel" || action === "retry") this.triggerEvent(action, { id });
    },
  },
});
