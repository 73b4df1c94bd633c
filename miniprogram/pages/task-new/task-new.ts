import type { MAX_TEXT_CHARS } from "../../../src/contract/job";
import type { MAX_TITLE_CHARS } from "../../../src/contract/task";
import { themedPage } from "../../behaviors/themed-page";
import { type AgentCard, agentCard, chosenAgent } from "../../utils/account/agent-text";
import type { Claw } from "../../utils/claw";
import { errorText, isUnanswered } from "../../utils/error-text";
import { newKey } from "../../utils/new-key";
import { dataDiff } from "../../utils/screen/data-diff";
import { halves } from "../../utils/screen/halves";
import { buzz, say } from "../../utils/screen/say";
import { openStorage } from "../../utils/storage";
import { type DraftText, openTaskDraft } from "../../utils/tasks/task-draft";

// The mini-program takes only types from the contract; these do not compile when a limit has changed.
const MAX_PROMPT: typeof MAX_TEXT_CHARS = 32_768;
const MAX_TITLE: typeof MAX_TITLE_CHARS = 60;
/** A setData of a whole prompt could be too large: it goes in two. */
const HALF = MAX_PROMPT / 2;
const KEEP_AFTER_MS = 400;
const NOT_TWICE = "不会重复创建";
const READY_NOTE = "提交后可以离开，做完后在任务列表里看结果";
const QUEUED_NOTE = "现在就可以提交，任务会排队，恢复后自动执行";
const OFFLINE_NOTE = "现在没有连接，写下的内容会保存在手机上，连上后再提交";

const { claw } = getApp<{ claw: Claw }>();

interface Shown {
  maxPrompt: number;
  maxTitle: number;
  /** What the fields begin with; what is typed stays in them. */
  title: string;
  promptHead: string;
  promptTail: string;
  count: number;
  /** There is something to hand over. */
  ready: boolean;
  /** There is something to throw away. */
  dirty: boolean;
  sending: boolean;
  problem: string;
  agent: AgentCard;
  /** What becomes of it once it is handed over. */
  handOverNote: string;
}
const START: Shown = {
  maxPrompt: MAX_PROMPT,
  maxTitle: MAX_TITLE,
  title: "",
  promptHead: "",
  promptTail: "",
  count: 0,
  ready: false,
  dirty: false,
  sending: false,
  problem: "",
  agent: agentCard(undefined, 0, false),
  handOverNote: "",
};
const EMPTY: DraftText = { title: "", prompt: "" };
type Typed = WechatMiniprogram.CustomEvent<{ value: string }>;

const openDraft = () => openTaskDraft(openStorage(wx), () => newKey("task"));

themedPage({
  data: START,
  draft: undefined as ReturnType<typeof openDraft> | undefined,
  text: EMPTY,
  stops: [] as (() => void)[],
  keepTimer: 0,
  gone: false,

  onLoad(): void {
    this.draft = openDraft();
    if (this.draft.text.prompt !== "" || this.draft.text.title !== "") this.fillIn(this.draft.text);
    const show = (): void => this.showAgent();
    this.stops = [claw.agents.watch(show), claw.user.watch(show), claw.connection.watch(show)];
  },
  onHide(): void {
    this.keep();
  },
  onUnload(): void {
    this.gone = true;
    this.keep();
    for (const stop of this.stops) stop();
  },

  showAgent(): void {
    const offline = claw.connection.value === "offline";
    const agent = agentCard(chosenAgent(claw.user.value, claw.agents.value), Date.now(), offline);
    const queued = agent.tone === "good" ? READY_NOTE : QUEUED_NOTE;
    const patch = dataDiff<Shown>(this.data, { agent, handOverNote: offline ? OFFLINE_NOTE : queued });
    if (Object.keys(patch).length > 0) this.setData(patch);
  },
  fillIn(text: DraftText): void {
    this.text = text;
    const [promptHead, promptTail] = halves(text.prompt, HALF);
    this.setData({ title: text.title, promptHead, promptTail: "", ...this.look() });
    if (promptTail !== "") this.setData({ promptTail });
  },
  look(): Pick<Shown, "count" | "ready" | "dirty"> {
    const { title, prompt } = this.text;
    return { count: prompt.length, ready: prompt.trim() !== "", dirty: title !== "" || prompt !== "" };
  },

  onTitle({ detail: { value } }: Typed): void {
    this.typed({ ...this.text, title: value });
  },
  onPrompt({ detail: { value } }: Typed): void {
    this.typed({ ...this.text, prompt: value });
  },
  typed(text: DraftText): void {
    this.text = text;
    const { data } = this;
    this.setData({ ...this.look(), ...(data.problem !== "" && { problem: "" }) });
    clearTimeout(this.keepTimer);
    this.keepTimer = setTimeout(() => this.keep(), KEEP_AFTER_MS);
  },
  keep(): void {
    clearTimeout(this.keepTimer);
    const { title, prompt } = this.draft?.text ?? EMPTY;
    if (title !== this.text.title || prompt !== this.text.prompt) this.draft?.write(this.text);
  },
  async clear(): Promise<void> {
    const { confirm } = await wx.showModal({ title: "清空已填写的内容？", confirmText: "清空" });
    if (!confirm) return;
    this.draft?.forget();
    // Setting what the data already hold changes no field: first what is in it.
    const [promptHead] = halves(this.text.prompt, HALF);
    this.setData({ title: this.text.title, promptHead });
    this.fillIn(EMPTY);
  },

  async submit(): Promise<void> {
    const { draft, data } = this;
    if (!draft || !data.ready || data.sending) return;
    buzz();
    this.keep();
    this.setData({ sending: true, problem: "" });
    try {
      const { id } = await claw.api.task.create.mutate(draft.toSend());
      draft.forget();
      this.text = draft.text;
      this.done(id);
    } catch (error) {
      const text = errorText(error);
      this.setData({ sending: false, problem: isUnanswered(error) ? `${text}，${NOT_TWICE}` : text });
    }
  },
  done(id: string): void {
    say("任务已提交");
    if (this.gone) return;
    const url = `/pages/task-detail/task-detail?id=${id}`;
    wx.redirectTo({ url, fail: () => this.setData({ sending: false }) });
  },
});
