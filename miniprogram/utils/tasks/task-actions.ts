import type { TRPCClient } from "@trpc/client";
import type { CancelOutcome, Task } from "../../../src/contract/task";
import type { UserRouter } from "../../../src/contract/user-api";
import { confirmDanger } from "../screen/confirm-danger";
import { buzz, complain, say } from "../screen/say";

type Tasks = Pick<TRPCClient<UserRouter>["task"], "cancel" | "retry">;

const OUTCOMES: Readonly<Record<CancelOutcome, string>> = {
  cancelled: "已取消",
  cancelling: "正在取消…",
  done: "任务已经完成了",
  failed: "任务已经结束了",
};

/** Asks the person, then the gateway. `asked` is called between the two; resolves to whether the end is on its way. */
export async function cancelTask(tasks: Tasks, id: string, asked: () => void): Promise<boolean> {
  buzz();
  const isSure = await confirmDanger({
    title: "取消这个任务？",
    content: "已经生成的内容会保留，\n之后也可以重试。",
    confirmText: "取消任务",
    cancelText: "再等等",
  });
  if (!isSure) return false;
  asked();
  try {
    const outcome = await tasks.cancel.mutate({ id });
    say(OUTCOMES[outcome]);
    return outcome === "cancelling";
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Begins another attempt; undefined when the gateway would not, and the person has been told why. */
export async function retryTask(tasks: Tasks, id: string): Promise<Task | undefined> {
  buzz();
  try {
    const task = await tasks.retry.mutate({ id });
    say("已重新提交");
    return task;
  } catch (error) {
    complain(error);
    return undefined;
  }
}
