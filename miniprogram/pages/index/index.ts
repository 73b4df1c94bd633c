import { tickingPage } from "../../behaviors/ticking-page";
import type { Claw } from "../../utils/claw";
import type { ConnectionState } from "../../utils/connection/connection-state";
import { errorText, refusalReason } from "../../utils/error-text";
import { readHome, writeHome } from "../../utils/home/home-cache";
import { type HomeData, homeData } from "../../utils/home/home-data";
import { openRecentConversations, type RecentConversations } from "../../utils/home/recent-conversations";
import { dataDiff } from "../../utils/screen/data-diff";
import { go, goToTab } from "../../utils/screen/go";
import { openStorage } from "../../utils/storage";
import { openTaskPages, type TaskPages } from "../../utils/tasks/task-pages";

const CONVERSATIONS = 5;
/** As many open tasks as a gateway allows by default, and more. */
const PAGE_SIZE = 50;
const DRAW_MS = 80;
/** A turn makes several changes in a row. */
const RELOAD_MS = 600;
const TASK_TAB = 1;
/** Why nobody is signed in stands above, once. */
const SIGNED_OUT_NOTE = "登录后就能看到";
const AWAY_NOTE = "会话保存在智能体上，它恢复连接后就能看到";
const SUGGESTIONS: readonly string[] = [
  "你能帮我做什么？",
  "给我一份周报模板",
  "列一份出差准备清单",
  "帮我写一封请假邮件",
];

const { claw } = getApp<{ claw: Claw }>();
const storage = openStorage(wx);

interface Shown extends Partial<HomeData> {
  suggestions: readonly string[];
  /** Why the conversations are not there, or not new. */
  conversationsNote: string;
  tasksNote: string;
}
const cache = readHome(storage, claw.user.value?.id);
/** In the data from the beginning: the first frame needs neither the network nor a setData. */
const KNOWN = {
  user: claw.user.value,
  agents: claw.agents.value,
  offline: false,
  tasks: cache?.tasks,
  conversations: cache?.conversations,
};
const START: Shown = {
  suggestions: SUGGESTIONS,
  conversationsNote: "",
  tasksNote: "",
  ...homeData(KNOWN, Date.now()),
};

interface Live {
  readonly tasks: TaskPages;
  readonly recent: RecentConversations;
}

tickingPage({
  data: START,
  live: undefined as Live | undefined,
  stops: [] as (() => void)[],
  visible: false,
  drawTimer: 0,
  reloadTimer: 0,
  badge: -1,

  onLoad(): void {
    const { api, listen } = claw;
    const tasks = openTaskPages({
      list: api.task.list,
      listen,
      changed: () => this.drawSoon(),
      pageSize: PAGE_SIZE,
    });
    const recent = openRecentConversations({
      query: () => api.chat.conversations.query(),
      listen,
      known: cache?.conversations,
      count: CONVERSATIONS,
      changed: () => this.conversationsChanged(),
    });
    this.stops = [
      tasks.close,
      recent.close,
      claw.user.watch(() => this.drawSoon()),
      claw.agents.watch(() => this.drawSoon()),
      claw.onGap(() => this.reload()),
      claw.connection.watch((state) => this.connectionIs(state)),
    ];
    this.live = { tasks, recent };
    this.draw();
    this.reload();
  },
  onShow(): void {
    this.visible = true;
    this.badge = -1;
    this.draw();
    if (this.live?.recent.stale) this.reloadSoon();
  },
  onHide(): void {
    this.visible = false;
    this.stopTimers();
    this.keep();
  },
  onUnload(): void {
    this.stopTimers();
    this.keep();
    for (const stop of this.stops) stop();
    this.live = undefined;
  },
  stopTimers(): void {
    clearTimeout(this.drawTimer);
    clearTimeout(this.reloadTimer);
    this.drawTimer = 0;
    this.reloadTimer = 0;
  },
  async onPullDownRefresh(): Promise<void> {
    claw.reconnect();
    await Promise.all([this.loadTasks(), this.loadConversations()]);
    wx.stopPullDownRefresh({ fail: () => undefined });
  },

  reload(): void {
    // They tell of their errors themselves.
    Promise.all([this.loadTasks(), this.loadConversations()]).catch(() => undefined);
  },
  reloadSoon(): void {
    if (this.reloadTimer !== 0) return;
    this.reloadTimer = setTimeout(() => {
      this.reloadTimer = 0;
      this.loadConversations().catch(() => undefined);
    }, RELOAD_MS);
  },
  async loadTasks(): Promise<void> {
    try {
      await this.live?.tasks.refresh("open");
      if (this.live) this.show({ tasksNote: "" });
    } catch (error) {
      if (this.live) this.show({ tasksNote: this.reason(error) });
    }
  },
  async loadConversations(): Promise<void> {
    try {
      await this.live?.recent.load();
      if (this.live) this.show({ conversationsNote: "" });
    } catch (error) {
      const away = ["agent-offline", "agent-timeout"].includes(refusalReason(error) ?? "");
      if (this.live) this.show({ conversationsNote: away ? AWAY_NOTE : this.reason(error) });
    }
  },
  reason(error: unknown): string {
    return claw.trouble.value === undefined ? errorText(error) : SIGNED_OUT_NOTE;
  },
  conversationsChanged(): void {
    this.drawSoon();
    if (this.visible && this.live?.recent.stale) this.reloadSoon();
  },
  /** What did not come while there was no connection. */
  connectionIs(state: ConnectionState): void {
    const { tasksNote, conversationsNote } = this.data;
    if (state === "online" && `${tasksNote}${conversationsNote}` !== "") this.reload();
    this.drawSoon();
  },

  drawSoon(): void {
    if (this.live && this.drawTimer === 0) this.drawTimer = setTimeout(() => this.draw(), DRAW_MS);
  },
  draw(): void {
    clearTimeout(this.drawTimer);
    this.drawTimer = 0;
    if (!this.live) return;
    const { tasks, recent } = this.live;
    const open = tasks.begun("open") ? tasks.tasks("open") : cache?.tasks;
    const { user, agents, connection } = claw;
    const offline = connection.value === "offline";
    const conversations = recent.list;
    const known = { user: user.value, agents: agents.value, offline, tasks: open, conversations };
    this.show(homeData(known, Date.now()));
    if (open) this.showBadge(open.length);
  },
  show(shown: Partial<Shown>): void {
    const patch = dataDiff<Shown>(this.data, shown);
    if (Object.keys(patch).length > 0) this.setData(patch);
  },
  showBadge(count: number): void {
    if (count === this.badge) return;
    this.badge = count;
    // Refused while a page without tabs is on top; the next time this page is shown it is done again.
    const fail = (): void => {
      this.badge = -1;
    };
    if (count === 0) wx.removeTabBarBadge({ index: TASK_TAB, fail });
    else wx.setTabBarBadge({ index: TASK_TAB, text: count > 99 ? "99+" : String(count), fail });
  },
  keep(): void {
    const user = claw.user.value;
    if (!this.live || !user) return;
    const { tasks, recent } = this.live;
    const open = tasks.begun("open") ? tasks.tasks("open") : cache?.tasks;
    // What is not known yet is not kept as nothing.
    if (!open || !recent.list) return;
    writeHome(storage, { userId: user.id, conversations: recent.list, tasks: open });
  },

  ask(): void {
    go("/pages/chat/chat?focus=1");
  },
  suggest(event: WechatMiniprogram.TouchEvent): void {
    go(`/pages/chat/chat?text=${encodeURIComponent(String(event.currentTarget.dataset["text"]))}`);
  },
  openConversation({ detail: { id } }: WechatMiniprogram.CustomEvent<{ id: string }>): void {
    go(`/pages/chat/chat?id=${id}`);
  },
  openTask({ detail: { id } }: WechatMiniprogram.CustomEvent<{ id: string }>): void {
    go(`/pages/task-detail/task-detail?id=${id}`);
  },
  newTask(): void {
    go("/pages/task-new/task-new");
  },
  allTasks(): void {
    goToTab("/pages/task/task");
  },
  toUser(): void {
    goToTab("/pages/user/user");
  },
});
