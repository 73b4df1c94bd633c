import type { Dialogs } from "../shell/dialogs.ts";
import { wxFunction } from "./call.ts";

const CONTRACT_NAME = "《小程序隐私保护指引》";

type Answer = { event: "agree" | "disagree" | "exposureAuthorization"; buttonId?: string };
type Handler = (resolve: (answer: Answer) => void, info: { referrer: string }) => void;

/** The privacy contract: some APIs wait until the person has agreed to it. */
export interface Privacy {
  /** Fails when the person does not agree. */
  require(referrer: string): Promise<void>;
  /** A button with open-type agreePrivacyAuthorization was pressed. */
  agree(): void;
  readonly functions: Readonly<Record<string, unknown>>;
}

export function openPrivacy(
  storageName: string,
  { dialogs, agreedBefore }: { dialogs: Dialogs; agreedBefore: boolean },
): Privacy {
  const key = `${storageName}.privacy`;
  let agreed = agreedBefore || localStorage.getItem(key) !== null;
  let handler: Handler | undefined;
  const agree = () => {
    agreed = true;
    localStorage.setItem(key, "agreed");
  };

  async function ask(referrer: string): Promise<void> {
    const asked = handler;
    if (!asked) {
      // Without a handler of its own, WeChat shows its popup.
      const content = `在使用该功能前，请阅读${CONTRACT_NAME}。`;
      const { confirm } = await dialogs.modal({
        title: "隐私保护提示",
        content,
        cancelText: "拒绝",
        confirmText: "同意",
      });
      if (confirm) agree();
      if (!confirm) throw new Error("privacy permission is not authorized");
      return;
    }
    await new Promise<void>((resolve, reject) => {
      asked(
        ({ event }) => {
          if (event === "exposureAuthorization") return;
          if (event === "agree") agree();
          if (event === "agree") resolve();
          else reject(new Error("privacy permission is not authorized"));
        },
        { referrer },
      );
    });
  }

  const require = async (referrer: string) => {
    if (!agreed) await ask(referrer);
  };
  return {
    require,
    agree,
    functions: {
      getPrivacySetting: wxFunction("getPrivacySetting", () => ({
        needAuthorization: !agreed,
        privacyContractName: CONTRACT_NAME,
      })),
      requirePrivacyAuthorize: wxFunction("requirePrivacyAuthorize", () =>
        require("requirePrivacyAuthorize"),
      ),
      onNeedPrivacyAuthorization: (next: Handler) => {
        handler = next;
      },
      openPrivacyContract: wxFunction("openPrivacyContract", async () => {
        const content = "这里在微信中会打开隐私保护指引全文。";
        await dialogs.modal({ title: CONTRACT_NAME, content, showCancel: false });
      }),
    },
  };
}
