import { tickingPage } from "../../behaviors/ticking-page";
import type { Claw } from "../../utils/claw";
import { errorText, refusalReason } from "../../utils/error-text";
import { copyOfAnswer } from "../../utils/screen/clipboard";
import { dataDiff } from "../../utils/screen/data-diff";
import { goToTab } from "../../utils/screen/go";
import { pieces } from "../../utils/screen/pieces";
import { buzz, complain, say } from "../../utils/screen/say";
import { cancelTask, retryTask } from "../../utils/tasks/task-actions";
import { taskDetailData, type TaskDetailData } from "../../utils/tasks/task-detail-data";
import { isOpen } from "../../utils/tasks/task-text";
import { openTaskWatch, type TaskWatch } from "../../utils/tasks/task-watch";

/** One setData holds so much of a prompt: a character may be three bytes, and 64 KB are too many. */
const PROMPT_PIECE = 16_384;

const { claw } = getApp<{ claw: Claw }>();

interface Shown extends Partial<TaskDetailData> {
  /** `missing`: there is no such task, or it is somebody else's. */
  state: "loading" | "ready" | "error" | "missing";
  problem: string;
  promptOpen: boolean;
  /** `at`: its place, for `wx:key`. */
  promptPieces: readonly { readonly at: number; readonly text: string }[];
  /** Which earlier attempts are unfolded, by their number. */
  unfolded: Readonly<Record<number, boolean>>;
  retrying: boolean;
}
const START: Shown = {
  state: "loading",
  problem: "",
  promptOpen: false,
  promptPieces: [],
  unfolded: {},
  retrying: false,
};
interface TextView {
  update(text: string, options: { streaming: boolean }): void;
}

tickingPage({
  data: START,
  taskId: "",
  watch: undefined as TaskWatch | undefined,
  stops: [] as (() => void)[],
  cancelling: false,

  onLoad(query: Record<string, string | undefined>): void {
    this.taskId = decodeURIComponent(query["id"] ?? "");
    const { task, job } = claw.api;
    const watch = openTaskWatch({
      id: this.taskId,
      get: task.get,
      events: job.events,
      listen: claw.listen,
      changed: () => this.draw(),
      grown: () => this.drawResult(),
    });
    this.watch = watch;
    this.stops = [
      watch.close,
      claw.onGap(() => this.load()),
      claw.agents.watch(() => this.agentsChanged()),
      claw.connection.watch((state) => {
        if (state === "online" && this.data.state === "error") this.load();
      }),
    ];
    this.load();
  },
  onShow(): void {
    this.draw();
  },
  onUnload(): void {
    for (const stop of this.stops) stop();
    this.watch = undefined;
  },
  async onPullDownRefresh(): Promise<void> {
    await this.loadNow();
    wx.stopPullDownRefresh({ fail: () => undefined });
  },

  load(): void {
    this.loadNow().catch(complain);
  },
  async loadNow(): Promise<void> {
    try {
      await this.watch?.load();
    } catch (error) {
      this.showProblem(error);
    }
  },
  showProblem(error: unknown): void {
    const problem = errorText(error);
    if (refusalReason(error) === "not-found") this.setData({ state: "missing", problem });
    else if (this.watch?.detail) say(problem);
    else if (this.watch) this.setData({ state: "error", problem });
  },
  loadAgain(): void {
    this.setData({ state: "loading", problem: "" });
    claw.reconnect();
    this.load();
  },
  /** An agent that is back has the rest of what was cached. */
  agentsChanged(): void {
    if (this.watch?.cut && this.agentOnline()) this.load();
    this.draw();
  },
  agentOnline(): boolean | undefined {
    const agentId = this.watch?.detail?.agentId;
    return claw.agents.value.find(({ id }) => id === agentId)?.online;
  },

  draw(): void {
    const { watch, cancelling } = this;
    if (!watch?.detail) return;
    const { detail, result, cut } = watch;
    const state = { detail, result, cut, cancelling, agentOnline: this.agentOnline() };
    const patch = dataDiff<Shown>(this.data, { ...taskDetailData(state, Date.now()), state: "ready" });
    if (Object.keys(patch).length > 0) this.setData(patch);
    if (patch.attempts) this.drawAttempts();
  },
  drawResult(): void {
    this.draw();
    const { result = "", detail } = this.watch ?? {};
    if (!detail || !this.data.hasResult) return;
    this.textView("result")?.update(result, { streaming: isOpen(detail.status) });
  },
  textView(id: string): TextView | null {
    return this.selectComponent(`#${id}`) as unknown as TextView | null;
  },

  togglePrompt(): void {
    const { promptLong, promptOpen, promptPieces } = this.data;
    if (!promptLong) return;
    this.setData({ promptOpen: !promptOpen });
    if (promptOpen || promptPieces.length > 0) return;
    const { prompt = "" } = this.watch?.detail ?? {};
    for (const [at, text] of pieces(prompt, PROMPT_PIECE).entries())
      this.setData({ [`promptPieces[${at}]`]: { at, text } });
  },
  toggleAttempt(event: WechatMiniprogram.TouchEvent): void {
    const number = Number(event.currentTarget.dataset["number"]);
    this.setData({ [`unfolded.${number}`]: !this.data.unfolded[number] });
    this.drawAttempts();
  },
  /** The texts of the unfolded ones. */
  drawAttempts(): void {
    for (const { number, hasResult } of this.data.attempts ?? []) {
      if (!hasResult || !this.data.unfolded[number]) continue;
      const { result = "" } = this.watch?.detail?.history.find((one) => one.number === number) ?? {};
      this.textView(`attempt-${number}`)?.update(result, { streaming: false });
    }
  },

  async cancel(): Promise<void> {
    if (this.cancelling) return;
    const mark = (on: boolean): void => {
      this.cancelling = on;
      this.draw();
    };
    mark(await cancelTask(claw.api.task, this.taskId, () => mark(true)));
  },
  async retry(): Promise<void> {
    if (this.data.retrying) return;
    this.setData({ retrying: true });
    const task = await retryTask(claw.api.task, this.taskId);
    this.cancelling = false;
    if (task) this.watch?.take(task);
    this.setData({ retrying: false });
  },
  copy(): void {
    const { result = "" } = this.watch ?? {};
    if (result === "") return;
    buzz();
    wx.setClipboardData({
      data: copyOfAnswer(result),
      success: () => say("已复制"),
      fail: () => say("没有复制成功"),
    });
  },
  backToList(): void {
    goToTab("/pages/task/task");
  },
});
