import type { ReplyEvent } from "../contract/reply-event.ts";

/** A change of phase is told after this at the latest. */
const LOOK_EVERY_MS = 1_000;
/** People are promised a word every five seconds; a timer may be late. */
const TELL_EVERY_MS = 4_000;

/** Says now and then where a running task is, so that nobody takes a long one for a dead one. */
export interface TaskProgress {
  /** The request is with the model server, which has not said anything yet. */
  asking(): void;
  /** The model is being loaded: so much of it, in percent. */
  loading(percent: number): void;
  /** There is no model server to ask. */
  serverAway(): void;
  /** What the model says of the task's answer. */
  heard(event: ReplyEvent): void;
  stop(): void;
}

type Phase = "asking" | "loading" | "away" | "thinking" | "writing";

export interface ProgressPace {
  lookEveryMs: number;
  tellEveryMs: number;
}

export function openTaskProgress(
  emit: (event: ReplyEvent) => void,
  { lookEveryMs, tellEveryMs }: ProgressPace = { lookEveryMs: LOOK_EVERY_MS, tellEveryMs: TELL_EVERY_MS },
): TaskProgress {
  let phase: Phase = "asking";
  let waitingSince = performance.now();
  let workingSince = waitingSince;
  let percent = 0;
  let chars = 0;
  let toldAt = waitingSince;
  let toldPhase: Phase = phase;
  const timer = setInterval(look, lookEveryMs);

  function look(): void {
    const now = performance.now();
    if (phase === toldPhase && now - toldAt < tellEveryMs) return;
    toldAt = now;
    toldPhase = phase;
    const known = phase === "loading" ? { percent } : {};
    emit({ t: "progress", note: note(now), ...known });
  }

  function note(now: number): string {
    const waited = `已等 ${duration(now - waitingSince)}`;
    const spent = `已用 ${duration(now - workingSince)}`;
    if (phase === "asking") return `等待模型响应，${waited}`;
    if (phase === "loading") return `等待模型加载 ${percent}%，${waited}`;
    if (phase === "away") return `模型服务暂时不可用，恢复后会自动继续，${waited}`;
    if (phase === "thinking") return `正在思考，${spent}，约 ${chars} 字`;
    return `正在生成，${spent}，约 ${chars} 字`;
  }

  const works = () => phase === "thinking" || phase === "writing";

  function wait(next: "asking" | "loading" | "away"): void {
    if (works()) waitingSince = performance.now();
    phase = next;
  }

  /** The work begins with the first word: what was waited for before is no part of it. */
  function hear(next: "thinking" | "writing", text: string): void {
    if (!works()) workingSince = performance.now();
    if (phase !== next) chars = 0;
    // Not its length: an emoji has two units.
    chars += Array.from(text).length;
    phase = next;
  }

  return {
    asking: () => wait("asking"),
    serverAway: () => wait("away"),
    loading(loaded) {
      percent = Math.round(loaded);
      wait("loading");
    },
    heard(event) {
      if (event.t === "delta") hear("writing", event.text);
      if (event.t === "reasoning") hear("thinking", event.text);
    },
    stop: () => clearInterval(timer),
  };
}

/** “40 秒”, “3 分 20 秒”, “1 小时 5 分”. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} 秒`;
  if (minutes < 60) return `${minutes} 分 ${seconds % 60} 秒`;
  return `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
}
