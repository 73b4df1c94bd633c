import { type BuiltIn, type Host, stringOf } from "./built-in.ts";
import { HOVER_PROPERTIES, showPress } from "./hover.ts";
import { formAround } from "./form.ts";

/** What a button's open-type asks of WeChat. */
export interface OpenTypes {
  /** The person picks a picture; the answer is the path of a temporary file. */
  chooseAvatar(): Promise<string>;
  agreePrivacy(buttonId: string): void;
}

/** Open types that are only shown here: what they open is WeChat's. */
const SHOWN_ONLY = /^(share|contact|feedback|openSetting|launchApp)?$/;

export function button(openTypes: OpenTypes, refuse: (text: string) => void): BuiltIn {
  return {
    properties: {
      ...HOVER_PROPERTIES,
      hoverClass: { type: String, value: "mp-button-hover" },
      size: { type: String, value: "default" },
      type: { type: String, value: "default" },
      plain: Boolean,
      disabled: Boolean,
      loading: Boolean,
      formType: String,
      openType: String,
      lang: String,
    },
    events: [
      "chooseavatar",
      "agreeprivacyauthorization",
      "getphonenumber",
      "contact",
      "opensetting",
      "error",
    ],
    attach(host) {
      const { element, data } = host;
      const native = element as HTMLButtonElement;
      native.type = "button";
      showPress(host);
      native.addEventListener("click", () => press(host, openTypes, refuse));
      return () => {
        native.disabled = Boolean(data["disabled"]);
        element.dataset["type"] = stringOf(data["type"]);
        element.dataset["size"] = stringOf(data["size"]);
        element.toggleAttribute("data-plain", Boolean(data["plain"]));
        element.toggleAttribute("data-loading", Boolean(data["loading"]));
      };
    },
  };
}

function press(host: Host, openTypes: OpenTypes, refuse: (text: string) => void): void {
  const { data, trigger, component } = host;
  const openType = stringOf(data["openType"]);
  if (openType === "chooseAvatar") {
    openTypes.chooseAvatar().then(
      (avatarUrl) => trigger("chooseavatar", { avatarUrl }),
      () => undefined,
    );
  } else if (openType.split("|").includes("agreePrivacyAuthorization")) {
    openTypes.agreePrivacy(component.id);
    trigger("agreeprivacyauthorization", { errMsg: "agreePrivacyAuthorization:ok" });
  } else if (!SHOWN_ONLY.test(openType)) {
    refuse(`<button open-type="${openType}"> is not there`);
  }
  const formType = stringOf(data["formType"]);
  if (formType === "submit") formAround(component)?.submit();
  if (formType === "reset") formAround(component)?.reset();
}
