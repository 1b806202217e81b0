import { describe, expect, test } from "vitest";
import { faultOf, FAULTS, parseFault } from "./faults.ts";

describe("parseFault", () => {
  test("every name is read, alone and with its number", () => {
    for (const [name, fallback] of Object.entries(FAULTS)) {
      expect(parseFault(name)).toEqual({ name, number: fallback ?? 0 });
      const numbered = fallback === null ? undefined : { name, number: 7 };
      expect(parseFault(`${name}(7)`)).toEqual(numbered);
      expect(parseFault(`${name}_7`)).toEqual(numbered);
    }
  });

  test.for(["", "unknown", "late_ack(", "late_ack(-1)", "late_ack(1.5)", "Reject", "constructor"])(
    "%j is none",
    (text) => {
      expect(parseFault(text)).toBeUndefined();
    },
  );
});

describe("faultOf", () => {
  test.for([
    ["dev_1", "ok"],
    ["dev_1_reject", "reject"],
    ["dev_1_timeout_not_applied", "timeout_not_applied"],
    ["dev_1_timeout_applied", "timeout_applied"],
    ["dev_1_busy_then_ok_3", "busy_then_ok"],
    ["dev_1_ok", "ok"],
    ["reject", "ok"],
  ] as const)("%s: %s", ([deviceId, name]) => {
    expect(faultOf({ deviceId, config: {} }).name).toBe(name);
  });

  test("the configuration wins over the id", () => {
    const fault = faultOf({ deviceId: "dev_1_reject", config: { fault: "late_ack(9)" } });
    expect(fault).toEqual({ name: "late_ack", number: 9 });
  });
});
