import type { User } from "../../../src/contract/user";
import { MAX_SHOWN_AVATAR_CHARS } from "./profile-image";

const TONES = 3;

/** A person as `user-avatar` shows them, ready to be drawn. */
export interface AvatarLook {
  /** A data URL; "" when there is none, or it is too large for a setData. */
  readonly image: string;
  /** What stands there without a picture: the first character of the name; "" without that, too. */
  readonly initial: string;
  /** Which of the soft colours it has, from 0: always the same one for a name. */
  readonly tone: number;
  readonly label: string;
}

export function avatarLook({ name = "", avatar = "" }: Pick<User, "name" | "avatar">): AvatarLook {
  return {
    image: avatar.length > MAX_SHOWN_AVATAR_CHARS ? "" : avatar,
    initial: (Array.from(name.trim())[0] ?? "").toUpperCase(),
    tone: toneOf(name),
    label: name === "" ? "头像" : `${name}的头像`,
  };
}

function toneOf(name: string): number {
  let sum = 0;
  for (const character of name) sum += character.codePointAt(0) ?? 0;
  return sum % TONES;
}
