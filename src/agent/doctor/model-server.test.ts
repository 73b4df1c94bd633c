import { expect, test } from "bun:test";
import type { Level } from "../../doctor/finding.ts";
import type { ListedModel } from "../lm-studio/model-list.ts";
import { judgeModels, modelServerCheck } from "./model-server.ts";

const model = (id: string, differs: Partial<ListedModel> = {}): ListedModel => ({
  id,
  key: id,
  loaded: true,
  contextTokens: 16_384,
  parallel: 4,
  ...differs,
});
const SMALL = model("small", { contextTokens: 4_096 });
const ON_DISK = model("on-disk", { loaded: false, contextTokens: undefined, parallel: undefined });

test.each<[string, ListedModel[], string, number, Record<string, Level>]>([
  [
    "one, loaded",
    [model("m"), ON_DISK],
    "",
    0,
    { model: "ok", "model.context": "ok", "model.parallel": "ok" },
  ],
  ["none", [], "", 0, { model: "failed" }],
  ["none loaded", [ON_DISK], "", 0, { model: "warning" }],
  ["the configured one not loaded", [model("m"), ON_DISK], "on-disk", 0, { model: "warning" }],
  ["the configured one unknown", [model("m"), ON_DISK], "other", 0, { model: "failed" }],
  [
    "the configured one unknown, with a server that has but one",
    [model("m")],
    "other",
    0,
    { model: "warning" },
  ],
  [
    "two loaded, and none chosen",
    [model("m"), model("n")],
    "",
    0,
    { model: "warning", "model.context": "ok", "model.parallel": "ok" },
  ],
  [
    "two loaded, and one chosen",
    [model("m"), SMALL],
    "small",
    0,
    { model: "ok", "model.context": "warning", "model.parallel": "ok" },
  ],
  [
    "more slots than it serves",
    [model("m")],
    "",
    8,
    { model: "ok", "model.context": "ok", "model.parallel": "warning" },
  ],
  [
    "a server that says little",
    [model("m", { contextTokens: undefined, parallel: undefined })],
    "",
    2,
    { model: "ok", "model.context": "ok", "model.parallel": "ok" },
  ],
])("models: %s", (_, models, configured, slots, levels) => {
  const found = judgeModels(models, configured, slots).map(({ check, level }) => [check, level]);
  expect(Object.fromEntries(found)).toEqual(levels);
});

test("a server that never answers", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const config = { baseUrl: `http://127.0.0.1:${silent.port}`, model: "", apiKey: "" };
  const check = modelServerCheck({ config, slots: 0, timeoutMs: 100 });
  const [finding] = await check.run(new AbortController().signal);
  silent.stop(true);
  expect(finding).toMatchObject({ check: "model-server", level: "failed" });
});
