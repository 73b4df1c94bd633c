import type { CodeSource, Settings } from "../settings.ts";
import { wxFunction } from "./call.ts";

/** Answers wx.login and wx.qy.login. */
export function accountFunctions(settings: Settings): Readonly<Record<string, unknown>> {
  const { storageName, loginCode = ownCode(storageName), environment, memberCode } = settings;
  const functions: Record<string, unknown> = {
    login: wxFunction("login", async () => ({ code: await codeFrom(loginCode) })),
    checkSession: wxFunction("checkSession", () => undefined),
  };
  // Outside of WeCom there is no wx.qy at all.
  if (environment === "wxwork") {
    functions["qy"] = {
      login: wxFunction("qy.login", async () => {
        if (memberCode === undefined) throw new Error("no member");
        return { code: await codeFrom(memberCode) };
      }),
    };
  }
  return functions;
}

function codeFrom(source: CodeSource): string | Promise<string> {
  return typeof source === "string" ? source : source();
}

/** Each browser profile is a user of its own. */
function ownCode(storageName: string): string {
  const key = `${storageName}.user`;
  const known = localStorage.getItem(key);
  if (known !== null) return known;
  const made = `user-${Math.random().toString(36).slice(2, 10)}`;
  localStorage.setItem(key, made);
  return made;
}
