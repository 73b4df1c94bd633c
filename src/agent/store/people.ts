import type { Database } from "bun:sqlite";

/** Users who have bound their accounts are one person: everything belongs to one of their ids. */
export interface People {
  /** The id that counts for a user: their own, unless they are the same person as another one. */
  personOf(userId: string): string;
  /** From now on the user `from` is `to`: their conversations are `to`'s, as are jobs that still name `from`. Repeatable. */
  join(from: string, to: string): void;
}

export function openPeople(db: Database): People {
  const known = db.query<{ person: string }, [string]>("SELECT person FROM alias WHERE user_id = ?");
  const moveConversations = db.query("UPDATE conversation SET user_id = ? WHERE user_id = ?");
  const moveAliases = db.query("UPDATE alias SET person = ? WHERE person = ?");
  const setAlias = db.query("INSERT OR REPLACE INTO alias (user_id, person) VALUES (?, ?)");
  const personOf = (userId: string) => known.get(userId)?.person ?? userId;

  const join = db.transaction((from: string, to: string) => {
    // One step always leads to the person, however many accounts were bound one after the other.
    const person = personOf(to);
    if (person === from) return;
    moveConversations.run(person, from);
    moveAliases.run(person, from);
    setAlias.run(from, person);
  });
  return { personOf, join };
}
