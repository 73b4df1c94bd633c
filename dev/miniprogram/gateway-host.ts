import { GATEWAY_URL } from "../../miniprogram/config.ts";
import type { Settings } from "./runtime/settings.ts";

/** A port where nobody listens: without a gateway of our own, nothing may reach the real one. */
const NOBODY = "ws://127.0.0.1:9/";

/** Leads the mini-program's one address to the gateway at this one (`ws://…/trpc`); without one, nowhere. */
export function settingsWithGateway(url: string | undefined): Pick<Settings, "hosts"> {
  return { hosts: { [GATEWAY_URL]: url ?? NOBODY } };
}
