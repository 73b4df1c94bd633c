import { expect, test } from "bun:test";
import { openPrivacy, type PrivacySystem } from "./privacy";

type Listener = Parameters<PrivacySystem["onNeedPrivacyAuthorization"]>[0];

function wechat(options: { needAuthorization: boolean; name?: string; can?: boolean }) {
  let need: Listener | undefined;
  const answers: unknown[] = [];
  const wx: PrivacySystem = {
    canIUse: () => options.can ?? true,
    getPrivacySetting: ({ success }) =>
      success({
        needAuthorization: options.needAuthorization,
        privacyContractName: options.name ?? "《智控未来隐私保护指引》",
      }),
    onNeedPrivacyAuthorization: (listener) => {
      need = listener;
    },
  };
  const use = (feature: string) => need?.((answer) => answers.push([feature, answer]));
  return { wx, use, answers, isListening: () => need !== undefined };
}

test("asks at the first start, by the contract's name, and not again after consent", () => {
  const first = wechat({ needAuthorization: true });
  const privacy = openPrivacy(first.wx);
  expect(privacy.question.value).toBe("《智控未来隐私保护指引》");
  privacy.agree("button");
  expect(privacy.question.value).toBeUndefined();
  expect(openPrivacy(wechat({ needAuthorization: false }).wx).question.value).toBeUndefined();
});

test("whatever waits for consent is answered once, all of it together", () => {
  const { wx, use, answers } = wechat({ needAuthorization: false, name: "" });
  const privacy = openPrivacy(wx);
  use("avatar");
  use("copy");
  expect(privacy.question.value).toBe("《用户隐私保护指引》");
  expect(answers.splice(0)).toEqual([
    ["avatar", { event: "exposureAuthorization" }],
    ["copy", { event: "exposureAuthorization" }],
  ]);
  privacy.agree("button");
  privacy.agree("button");
  expect(answers).toEqual([
    ["avatar", { event: "agree", buttonId: "button" }],
    ["copy", { event: "agree", buttonId: "button" }],
  ]);
});

test("refused, the next thing that needs consent asks again", () => {
  const { wx, use, answers } = wechat({ needAuthorization: true });
  const privacy = openPrivacy(wx);
  privacy.refuse();
  expect(privacy.question.value).toBeUndefined();
  use("avatar");
  expect(privacy.question.value).toBe("《智控未来隐私保护指引》");
  privacy.refuse();
  expect(answers.at(-1)).toEqual(["avatar", { event: "disagree" }]);
});

test("a client without the privacy functions is left alone", () => {
  const { wx, isListening } = wechat({ needAuthorization: true, can: false });
  expect(openPrivacy(wx).question.value).toBeUndefined();
  expect(isListening()).toBe(false);
});
