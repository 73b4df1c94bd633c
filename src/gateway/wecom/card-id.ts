/** A card's task_id: which attempt of which task it shows. WeCom takes `[0-9A-Za-z_\-@]`, each once in an app (path/90236). */
export interface CardId {
  taskId: string;
  attempt: number;
  /** Which card of that attempt, from 1: one that could not be updated is followed by another. */
  copy: number;
}

export function cardIdOf({ taskId, attempt, copy }: CardId): string {
  return `${taskId.replace(".", "@")}_${attempt}-${copy}`;
}

/** Undefined for what is no card of ours. */
export function parseCardId(text: string): CardId | undefined {
  const [, agentId, hash, attempt, copy] =
    /^([A-Za-z0-9_-]{1,32})@([a-z0-9]{1,40})_(\d{1,9})-(\d{1,9})$/.exec(text) ?? [];
  if (agentId === undefined || hash === undefined) return undefined;
  return { taskId: `${agentId}.${hash}`, attempt: Number(attempt), copy: Number(copy) };
}
