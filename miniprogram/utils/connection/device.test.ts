import { expect, test } from "bun:test";
import { deviceName } from "./device";

test.each([
  ["iPhone", "iPhone 15 Pro<iPhone16,1>", "iPhone 15 Pro"],
  ["HUAWEI", "ALN-AL00", "HUAWEI ALN-AL00"],
  ["Redmi", "Redmi K70", "Redmi K70"],
  ["", "", undefined],
  ["x".repeat(50), "y".repeat(50), `${"x".repeat(50)} ${"y".repeat(9)}`],
])("%s %s", (brand, model, name) => {
  expect(deviceName({ getDeviceInfo: () => ({ brand, model }) })).toBe(name);
});
