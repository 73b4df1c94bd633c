import { type Cell, openCell } from "../cell";

type Answer = { event: "agree"; buttonId: string } | { event: "exposureAuthorization" | "disagree" };

/** Of `wx`, whose published types say less than this. */
export interface PrivacySystem {
  canIUse(name: string): boolean;
  getPrivacySetting(options: {
    success: (setting: { needAuthorization: boolean; privacyContractName: string }) => void;
  }): void;
  onNeedPrivacyAuthorization(listener: (resolve: (answer: Answer) => void) => void): void;
}

/** Whether people agree to the mini-program's privacy contract, which WeChat keeps. */
export interface Privacy {
  /** What to ask about: the contract's name; undefined while there is nothing to ask. */
  readonly question: Cell<string | undefined>;
  /** WeChat has seen the button with this id pressed, and lets on whatever has waited for it. */
  agree(buttonId: string): void;
  /** What has waited fails; the next thing that needs consent asks again. Nothing else is affected. */
  refuse(): void;
}

const CONTRACT_NAME = "《用户隐私保护指引》";

/** Asks at the first start, and whenever something needs consent that was not given. Once for the whole app. */
export function openPrivacy(wx: PrivacySystem): Privacy {
  const question = openCell<string | undefined>(undefined);
  const waiting = new Set<(answer: Answer) => void>();
  let contractName = CONTRACT_NAME;

  function end(answer: Answer): void {
    question.set(undefined);
    for (const resolve of waiting) resolve(answer);
    waiting.clear();
  }

  // WeCom's own client may not have it; nothing asks for consent there.
  if (wx.canIUse("getPrivacySetting")) {
    wx.getPrivacySetting({
      success(setting) {
        contractName = setting.privacyContractName || CONTRACT_NAME;
        if (setting.needAuthorization) question.set(contractName);
      },
    });
    wx.onNeedPrivacyAuthorization((resolve) => {
      waiting.add(resolve);
      question.set(contractName);
      resolve({ event: "exposureAuthorization" });
    });
  }
  return {
    question,
    agree: (buttonId) => end({ event: "agree", buttonId }),
    refuse: () => end({ event: "disagree" }),
  };
}
