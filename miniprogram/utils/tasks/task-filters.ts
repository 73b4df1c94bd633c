import type { TaskFilter } from "./task-list";

export interface FilterChip {
  readonly key: TaskFilter;
  readonly text: string;
  /** What stands where it finds nothing. */
  readonly emptyTitle: string;
  readonly emptyNote: string;
}

export const FILTER_CHIPS: readonly FilterChip[] = [
  {
    key: "all",
    text: "全部",
    emptyTitle: "还没有任务",
    emptyNote: "要花时间的事可以交给智能体慢慢做，做完会留在这里",
  },
  {
    key: "open",
    text: "进行中",
    emptyTitle: "没有进行中的任务",
    emptyNote: "排队和等待执行的任务也会在这里",
  },
  { key: "done", text: "已完成", emptyTitle: "还没有完成的任务", emptyNote: "" },
  { key: "failed", text: "失败", emptyTitle: "没有失败的任务", emptyNote: "" },
  { key: "cancelled", text: "已取消", emptyTitle: "没有取消的任务", emptyNote: "" },
];
