import { themedPage } from "../../behaviors/themed-page";
import { agentCard, chosenAgent } from "../../utils/account/agent-text";
import { type Drafts, openDrafts } from "../../utils/chat/drafts";
import type { MessageAction } from "../../utils/chat/message-look";
import { shareThread, unshareThread } from "../../utils/chat/shared-threads";
import { openThread } from "../../utils/chat/thread";
import { threadPorts } from "../../utils/chat/thread-ports";
import type { Thread, ThreadState } from "../../utils/chat/thread-state";
import type { Claw } from "../../utils/claw";
import { newThreadId, threadToOpen } from "../../utils/outbox/new-thread";
import { listPatches } from "../../utils/screen/list-patch";
import { buzz, complain } from "../../utils/screen/say";
import { openStickToBottom } from "../../utils/screen/stick-to-bottom";
import { openStorage } from "../../utils/storage";
import { type Shown, START, START_OF_THREAD } from "./chat-data";
import { scrollPlace, scrollViewHeight } from "./scroll-place";

const { claw } = getApp<{ claw: Claw }>();

/** A draft is kept when there is a moment's rest. */
const KEEP_AFTER_MS = 400;
const NEW_TITLE = "新会话";
const SOME_TITLE = "会话";
/** Farther down than any list is long, in px. */
const FAR_DOWN = 10_000_000;

interface Composer {
  setText(text: string): void;
}
interface Drawer {
  show(): void;
  titleOf(id: string): string | undefined;
}

/** `id`: the conversation; without it a new one. `text`: a question to send at once; opened from outside, to be sent by a tap. `focus=1`: begin to write. */
themedPage({
  data: START,
  thread: undefined as Thread | undefined,
  unwatchThread: undefined as (() => void) | undefined,
  drafts: undefined as Drafts | undefined,
  stick: openStickToBottom(),
  viewHeight: 0,
  typedText: "",
  linkedText: "",
  keepTimer: 0,
  title: "",
  ends: [] as (() => void)[],

  onLoad(query: Record<string, string | undefined>): void {
    const text = decodeURIComponent(query["text"] ?? "");
    this.drafts = openDrafts(openStorage(wx));
    this.openThread(decodeURIComponent(query["id"] ?? "") || threadToOpen(claw.outbox.messages.value, text));
    this.ends = [
      claw.agents.watch(() => this.lookAtAgent()),
      claw.connection.watch(() => this.lookAtAgent()),
      claw.removed.watch((removed) => {
        if (removed !== this.data.removed) this.setData({ removed });
      }),
      claw.user.watch((user) => {
        if ((user?.name ?? "") !== this.data.userName) this.setData({ userName: user?.name ?? "" });
        this.lookAtAgent();
      }),
    ];
    if (query["focus"] === "1") this.setData({ focus: true });
    if (text.trim() === "") return;
    // Opened by a link, or loaded again: nobody has pressed anything to send it.
    if (getCurrentPages().some((page) => page !== this)) this.thread?.send(text);
    else this.linkedText = text;
  },
  onReady(): void {
    // What is said before the page is on top may go to the one below.
    this.title = "";
    this.lookAtTitle();
    this.measure();
    this.restoreDraft();
    this.write(this.linkedText);
  },
  onHide(): void {
    this.keepDraft();
  },
  onUnload(): void {
    this.closeThread();
    for (const end of this.ends) end();
  },

  openThread(id: string): void {
    const thread = openThread(id, threadPorts(claw));
    this.thread = thread;
    this.stick = openStickToBottom();
    this.setData({ ...START_OF_THREAD, threadName: shareThread(thread) });
    this.unwatchThread = thread.state.watch((state) => this.takeThread(state));
    this.lookAtAgent();
    this.lookAtTitle();
  },
  closeThread(): void {
    this.keepDraft();
    this.unwatchThread?.();
    this.thread?.close();
    unshareThread(this.data.threadName);
  },
  switchTo(id: string): void {
    if (id === this.thread?.id || id === this.data.conversationId) return;
    this.closeThread();
    this.openThread(id);
    this.restoreDraft();
  },

  takeThread(state: ThreadState): void {
    const { messages, conversationId = "", history, reason, older, answering, stopping } = state;
    const flat = { conversationId, history, reason, older, answering, stopping };
    const changed = Object.entries(flat).filter(([key, value]) => this.data[key as keyof Shown] !== value);
    if (changed.length > 0) this.setData(Object.fromEntries(changed));
    const [first] = this.data.messages;
    const prepends = messages.length > this.data.messages.length && messages[0]?.key !== first?.key;
    if (first && prepends && !this.stick.sticks) this.keepPlace();
    else this.draw();
    if (conversationId !== "") this.lookAtTitle();
  },
  draw(): void {
    const { messages: before } = this.data;
    const messages = this.thread?.state.value.messages ?? [];
    // Rows that change their places go at once: two with one key would be one to the view.
    const isInPlace = before.every(({ key }, i) => key === messages[i]?.key);
    const patches = isInPlace ? listPatches("messages", before, messages) : [{ messages }];
    for (const patch of patches) this.setData(patch);
    if (patches.length > 0) this.grew();
  },

  /** What is read stays where it is when older messages come above it. Not every WebView does that by itself. */
  keepPlace(): void {
    scrollPlace(this, (before) => {
      this.draw();
      wx.nextTick(() =>
        scrollPlace(this, (after) => {
          const top = before.top + after.height - before.height;
          if (Math.abs(after.top - top) > 2) this.setData({ scrollTop: top });
        }),
      );
    });
  },

  scrolled(event: WechatMiniprogram.ScrollViewScroll): void {
    const { scrollTop, scrollHeight } = event.detail;
    this.stick.scrolled({ scrollTop, scrollHeight, viewHeight: this.viewHeight });
    if (this.stick.isFar !== this.data.far) this.setData({ far: this.stick.isFar });
  },
  grew(): void {
    if (this.stick.sticks) wx.nextTick(() => this.scrollDown());
  },
  toBottom(): void {
    this.stick.stick();
    this.scrollDown();
  },
  scrollDown(): void {
    // Each time another value: the same one would move nothing.
    this.setData({ far: false, scrollTop: FAR_DOWN + (this.data.scrollTop === FAR_DOWN ? 1 : 0) });
  },
  measure(): void {
    scrollViewHeight(this, (height) => {
      this.viewHeight = height;
      this.grew();
    });
  },
  keyboardMoved(event: WechatMiniprogram.CustomEvent<{ height: number }>): void {
    if (event.detail.height === this.data.keyboard) return;
    this.setData({ keyboard: event.detail.height }, () => this.measure());
  },

  lookAtAgent(): void {
    const { agents, user } = claw;
    const id = this.data.conversationId.split(".")[0];
    const agent = agents.value.find((one) => one.id === id) ?? chosenAgent(user.value, agents.value);
    const isConnected = claw.connection.value !== "offline";
    const { status, model } = agentCard(agent, Date.now(), !isConnected);
    const about = isConnected && model !== "" ? model : status;
    const agentText = agent === undefined ? "" : `${agent.id} · ${about}`;
    const agentOffline = isConnected && agent?.online === false;
    const agentAway = !isConnected || agentOffline;
    const { data } = this;
    if (agentText !== data.agentText || agentOffline !== data.agentOffline || agentAway !== data.agentAway)
      this.setData({ agentText, agentOffline, agentAway });
  },
  lookAtTitle(): void {
    const { conversationId, messages, history, older } = this.data;
    const known = this.drawer()?.titleOf(conversationId);
    const [first] = messages;
    const begun =
      first?.role === "user" ? (this.thread?.textOf(first.key).text.trim().slice(0, 20) ?? "") : "";
    const isWhole = history === "ready" && older === "none";
    const title = known || (isWhole && begun) || (conversationId === "" ? NEW_TITLE : SOME_TITLE);
    if (title === this.title) return;
    this.title = title;
    wx.setNavigationBarTitle({ title, fail: () => undefined });
  },

  send(event: WechatMiniprogram.CustomEvent<{ text: string }>): void {
    buzz();
    this.stick.stick();
    this.thread?.send(event.detail.text);
    this.keepDraft();
  },
  stop(): void {
    buzz();
    this.thread?.stop().catch(complain);
  },
  act(event: WechatMiniprogram.CustomEvent<{ action: MessageAction; key: string }>): void {
    const { action, key } = event.detail;
    if (action === "retry") this.thread?.retry(key);
    else if (action === "regenerate") {
      this.stick.stick();
      this.thread?.regenerate();
    } else if (action === "takeBack") this.write(this.thread?.takeBack(key) ?? "");
    else if (action === "edit") this.write(this.thread?.textOf(key).text ?? "");
  },
  choose(event: WechatMiniprogram.CustomEvent<{ text: string }>): void {
    this.write(event.detail.text);
  },
  /** Puts a text where it can be edited; what is typed there already stays. */
  write(text: string): void {
    if (text === "") return;
    const typed = this.typedText.trim();
    this.composer()?.setText(typed === "" || typed === text ? text : `${this.typedText}\n${text}`);
    this.setData({ focus: false }, () => this.setData({ focus: true }));
  },
  composer(): Composer | null {
    return this.selectComponent(".composer") as unknown as Composer | null;
  },

  typed(event: WechatMiniprogram.CustomEvent<{ text: string }>): void {
    this.typedText = event.detail.text;
    clearTimeout(this.keepTimer);
    this.keepTimer = setTimeout(() => this.keepDraft(), KEEP_AFTER_MS);
    this.grew();
  },
  draftKey(): string {
    return this.data.conversationId || "new";
  },
  keepDraft(): void {
    clearTimeout(this.keepTimer);
    this.drafts?.keep(this.draftKey(), this.typedText);
  },
  restoreDraft(): void {
    this.composer()?.setText(this.drafts?.of(this.draftKey()) ?? "");
  },

  loadOlder(): void {
    this.thread?.loadOlder();
  },
  reload(): void {
    this.thread?.refresh();
  },

  openDrawer(): void {
    this.drawer()?.show();
  },
  drawer(): Drawer | null {
    return this.selectComponent("#drawer") as unknown as Drawer | null;
  },
  create(): void {
    this.switchTo(newThreadId());
  },
  openConversation(event: WechatMiniprogram.CustomEvent<{ id: string }>): void {
    this.switchTo(event.detail.id);
  },
});
