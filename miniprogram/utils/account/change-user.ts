import type { Profile, User } from "../../../src/contract/user";
import type { Claw } from "../claw";

/** What of a user a person can change by themselves. */
export type Change = Profile & Pick<User, "agentId">;

/**
 * Shows a change at once and asks the gateway for it by `call`; refused or not answered, what was before comes back.
 * @throws what the call throws
 */
export async function changeUser(
  claw: Pick<Claw, "user" | "setUser">,
  change: Change,
  call: () => Promise<User>,
): Promise<void> {
  const before = claw.user.value;
  if (before) claw.setUser({ ...before, ...dropUndefined(change) });
  try {
    claw.setUser(await call());
  } catch (error) {
    const now = claw.user.value;
    if (before && now?.id === before.id) claw.setUser(undone(now, before, change));
    throw error;
  }
}

/** Only what this change has changed: something else may have come in the meantime. */
function undone(now: User, before: User, change: Change): User {
  const { name, avatar, agentId } = before;
  const past = { name, avatar, agentId };
  const keys = Object.keys(past) as (keyof typeof past)[];
  const user = { ...now };
  for (const key of keys.filter((key) => change[key] !== undefined && now[key] === change[key])) {
    const value = past[key];
    if (value === undefined) delete user[key];
    else user[key] = value;
  }
  return user;
}

function dropUndefined(change: Change): Partial<Pick<User, "name" | "avatar" | "agentId">> {
  const { name, avatar, agentId } = change;
  return {
    ...(name === undefined ? {} : { name }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(agentId === undefined ? {} : { agentId }),
  };
}
