import { expect, test } from "bun:test";
import { withHooks } from "./page-hooks";

test("a hook comes before what the page does itself, with the same page; what was given and returned stays", () => {
  const calls: unknown[] = [];
  const options = {
    data: { count: 1 },
    onLoad(query: object, more: number) {
      calls.push(["own", this === page, query, more]);
      return "loaded";
    },
    onUnload: () => calls.push("own end"),
  };
  const hooked = withHooks(options, {
    onLoad: (one) => calls.push(["hook", one === (page as unknown)]),
    onShow: () => calls.push("hook shows"),
  });
  const page: typeof options & { onShow?: () => unknown } = { ...hooked };
  expect(page.onLoad({ id: "1" }, 2)).toBe("loaded");
  page.onShow?.();
  page.onUnload();
  expect(calls).toEqual([["hook", true], ["own", true, { id: "1" }, 2], "hook shows", "own end"]);
  expect(page.data).toBe(options.data);
});
