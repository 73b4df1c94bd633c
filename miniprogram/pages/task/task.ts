import { tickingPage } from "../../behaviors/ticking-page";
import type { Claw } from "../../utils/claw";
import type { ConnectionState } from "../../utils/connection/connection-state";
import { errorText } from "../../utils/error-text";
import { go } from "../../utils/screen/go";
import { listPatches } from "../../utils/screen/list-patch";
import { cancelTask, retryTask } from "../../utils/tasks/task-actions";
import { FILTER_CHIPS, type FilterChip } from "../../utils/tasks/task-filters";
import type { TaskFilter } from "../../utils/tasks/task-list";
import { openTaskPages, type TaskPages } from "../../utils/tasks/task-pages";
import { type TaskCard, taskCard } from "../../utils/tasks/task-text";

const PAGE_SIZE = 20;
/** Fewer do not fill a screen, and what cannot be scrolled never reaches its bottom. */
const ENOUGH_ROWS = 10;
/** Progress of many tasks at once comes in one setData. */
const DRAW_MS = 80;

const { claw } = getApp<{ claw: Claw }>();

interface Shown {
  chips: readonly FilterChip[];
  filter: TaskFilter;
  rows: readonly TaskCard[];
  /** `loading` before anything is known, `error` when that failed. */
  state: "loading" | "ready" | "error";
  problem: string;
  emptyTitle: string;
  emptyNote: string;
  more: boolean;
  /** Why the next page did not come. */
  moreProblem: string;
}
const START: Shown = {
  chips: FILTER_CHIPS,
  filter: "all",
  rows: [],
  state: "loading",
  problem: "",
  emptyTitle: FILTER_CHIPS[0]?.emptyTitle ?? "",
  emptyNote: FILTER_CHIPS[0]?.emptyNote ?? "",
  more: false,
  moreProblem: "",
};

interface Live {
  readonly pages: TaskPages;
  /** Whose end has been asked for: task ids. */
  readonly cancelling: Set<string>;
  readonly stops: readonly (() => void)[];
}
type OfTask = WechatMiniprogram.CustomEvent<{ id: string }>;

tickingPage({
  data: START,
  live: undefined as Live | undefined,
  drawTimer: 0,

  onLoad(): void {
    const pages = openTaskPages({
      list: claw.api.task.list,
      listen: claw.listen,
      changed: () => this.drawSoon(),
      pageSize: PAGE_SIZE,
    });
    const stops = [
      pages.close,
      claw.onGap(() => this.watchOver(pages.refresh(this.data.filter))),
      claw.connection.watch((state) => this.connectionIs(state)),
    ];
    this.live = { pages, cancelling: new Set(), stops };
    this.load();
  },
  onShow(): void {
    this.draw();
  },
  onUnload(): void {
    clearTimeout(this.drawTimer);
    for (const stop of this.live?.stops ?? []) stop();
    this.live = undefined;
  },
  onPullDownRefresh(): void {
    const refreshed = this.live?.pages.refresh(this.data.filter).finally(() => {
      wx.stopPullDownRefresh({ fail: () => undefined });
    });
    this.watchOver(refreshed);
  },
  onReachBottom(): void {
    if (this.data.more && this.data.moreProblem === "") this.load();
  },

  /** The filter's first page, or its next; and on, until the screen is full. */
  load(): void {
    const { filter } = this.data;
    this.watchOver(this.live?.pages.load(filter).then(() => this.fill()));
  },
  fill(): void {
    const { filter } = this.data;
    if (!this.live?.pages.more(filter)) return;
    if (!this.live.pages.begun(filter) || this.live.pages.tasks(filter).length < ENOUGH_ROWS) this.load();
  },
  watchOver(reading: Promise<void> | undefined): void {
    const { filter } = this.data;
    reading?.catch((error: unknown) => {
      if (!this.live || filter !== this.data.filter) return;
      const problem = errorText(error);
      const begun = this.live.pages.begun(filter);
      this.setData(begun ? { moreProblem: problem } : { state: "error", problem });
    });
  },
  loadAgain(): void {
    const { state } = this.data;
    this.setData({ moreProblem: "", state: state === "error" ? "loading" : state });
    claw.reconnect();
    this.load();
  },
  connectionIs(state: ConnectionState): void {
    if (state === "online" && this.data.state === "error") this.load();
  },

  choose(event: WechatMiniprogram.TouchEvent): void {
    const chip = FILTER_CHIPS.find(({ key }) => key === event.currentTarget.dataset["key"]);
    if (!chip || chip.key === this.data.filter) return;
    this.setData({ filter: chip.key, state: "loading", moreProblem: "" });
    this.draw();
    wx.pageScrollTo({ scrollTop: 0, duration: 0, fail: () => undefined });
    this.fill();
  },
  openTask({ detail: { id } }: OfTask): void {
    go(`/pages/task-detail/task-detail?id=${id}`);
  },
  newTask(): void {
    go("/pages/task-new/task-new");
  },
  async cancel({ detail: { id } }: OfTask): Promise<void> {
    const cancelling = this.live?.cancelling;
    const mark = (): void => {
      cancelling?.add(id);
      this.draw();
    };
    if (!(await cancelTask(claw.api.task, id, mark))) cancelling?.delete(id);
    this.draw();
  },
  async retry({ detail: { id } }: OfTask): Promise<void> {
    const task = await retryTask(claw.api.task, id);
    if (!task) return;
    this.live?.cancelling.delete(id);
    this.live?.pages.take(task);
  },

  drawSoon(): void {
    if (this.drawTimer === 0) this.drawTimer = setTimeout(() => this.draw(), DRAW_MS);
  },
  draw(): void {
    clearTimeout(this.drawTimer);
    this.drawTimer = 0;
    if (!this.live) return;
    const { pages, cancelling } = this.live;
    const { filter, rows } = this.data;
    const now = Date.now();
    const cards = pages.tasks(filter).map((task) => taskCard(task, now, cancelling.has(task.id)));
    const [first = {}, ...others] = listPatches("rows", rows, cards);
    const patch = { ...first, ...this.frame(pages.begun(filter), pages.more(filter)) };
    if (Object.keys(patch).length > 0) this.setData(patch);
    for (const other of others) this.setData(other);
  },
  /** What has changed around the rows. */
  frame(begun: boolean, more: boolean): Partial<Shown> {
    const { data } = this;
    const { emptyTitle = "", emptyNote = "" } = FILTER_CHIPS.find(({ key }) => key === data.filter) ?? {};
    return {
      ...(begun && data.state !== "ready" && { state: "ready" }),
      ...(more !== data.more && { more }),
      ...(emptyTitle !== data.emptyTitle && { emptyTitle, emptyNote }),
    };
  },
});
