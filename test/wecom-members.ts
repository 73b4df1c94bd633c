import type { WecomApiStandIn } from "../dev/wecom-api.ts";
import type { CallbackSender } from "../dev/wecom-callback.ts";
import { CORP } from "./system.ts";
import { until } from "./until.ts";

/** Members of the company who ask by WeCom. */
export interface WecomMembers {
  /** Resolves when the gateway has said that it has the message. @throws when it does not take it */
  ask(member: string, text: string): Promise<void>;
  /** Resolves with the messages to this member that repeat the text, as the model does in its answer. */
  answersTo(member: string, text: string): Promise<string[]>;
}

export function wecomMembers(options: {
  callbacks: CallbackSender;
  api: WecomApiStandIn;
  answerTimeoutMs: number;
}): WecomMembers {
  const { callbacks, api, answerTimeoutMs } = options;
  return {
    async ask(member, text) {
      const { delivered, tries } = await callbacks.sendText(member, text);
      if (!delivered) throw new Error(`the gateway did not take the message: ${tries.join(", ")}`);
    },
    async answersTo(member, text) {
      const answers = () =>
        api.list(member).flatMap(({ content }) => (content.includes(text) ? [content] : []));
      await until(`${member} has an answer`, () => answers().length > 0, answerTimeoutMs);
      return answers();
    },
  };
}

/** What an administrator fills in from WeCom's console, and where the stand-in is instead of WeCom. */
export function wecomSettings(api: WecomApiStandIn): Record<string, string> {
  return {
    "wecom.corp_id": CORP.corpId,
    "wecom.agent_id": CORP.agentId,
    "wecom.secret": CORP.secret,
    "wecom.token": CORP.token,
    "wecom.aes_key": CORP.aesKey,
    "wecom.api_base": api.url,
  };
}

/** The words of the agent's `init` that the gateway's has printed, for the administrator to copy. */
export function agentInitWords(printed: string): string[] {
  const [, words] = /claw-agent (init --gateway .*)/.exec(printed) ?? [];
  if (words === undefined) throw new Error(`no command for the agent in:\n${printed}`);
  return words.trim().split(" ");
}
