import { describe, expect, test } from "vitest";
import { checkParameters, type CommandCapability, type SentQuantity } from "./capabilities.ts";

const CHARGE: CommandCapability = {
  parameters: {
    target: { units: ["percent"], min: 0, max: 100, default: 100 },
    power: { units: ["kw"], min: 0.1, max: 5, default: 5 },
  },
  executions: ["immediate"],
};

function check(
  sent: Record<string, SentQuantity>,
  capability = CHARGE,
): ReturnType<typeof checkParameters> {
  return checkParameters("charge", capability, new Map(Object.entries(sent)));
}

const percent = (value: number): SentQuantity => ({ value, unit: "percent" });
const kw = (value: number): SentQuantity => ({ value, unit: "kw" });

describe("checkParameters", () => {
  test("what is supported comes back in canonical order, and only that", () => {
    const result = check({ power: kw(5), target: percent(0) });
    expect(JSON.stringify(result)).toBe(
      '{"ok":true,"parameters":{"target":{"value":0,"unit":"percent"},"power":{"value":5,"unit":"kw"}}}',
    );
    expect(check({})).toEqual({ ok: true, parameters: {} });
  });

  test.for([101, -1, 100.000001, Number.NaN, Infinity, -Infinity])("target %d", (value) => {
    const result = check({ target: percent(value) });
    expect(result).toMatchObject({
      ok: false,
      problems: [{ code: "PARAMETER_OUT_OF_RANGE", details: { min: 0, max: 100 } }],
    });
  });

  test.for(["%", "Percent", "", "kw"])("a target in %j", (unit) => {
    expect(check({ target: { value: 50, unit } })).toMatchObject({
      ok: false,
      problems: [{ code: "UNSUPPORTED_UNIT", details: { supportedUnits: ["percent"] } }],
    });
  });

  test.for(["reserve", "boost", "toString"])("the parameter %s", (name) => {
    expect(check({ [name]: percent(50) })).toMatchObject({
      ok: false,
      problems: [
        { code: "UNSUPPORTED_PARAMETER", details: { supportedParameters: CHARGE.parameters } },
      ],
    });
  });

  test("a command without parameters says so", () => {
    const result = check({ power: kw(1) }, { parameters: {}, executions: ["immediate"] });
    expect(result).toMatchObject({
      problems: [{ message: expect.stringContaining("takes no parameters") as unknown }],
    });
  });

  test("all problems are found at once", () => {
    const result = check({ target: percent(200), power: percent(1), reserve: percent(1) });
    if (result.ok) throw new Error("Nothing of it is supported.");
    expect(result.problems.map(({ code }) => code)).toEqual([
      "PARAMETER_OUT_OF_RANGE",
      "UNSUPPORTED_UNIT",
      "UNSUPPORTED_PARAMETER",
    ]);
  });
});
