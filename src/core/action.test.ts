import { describe, expect, test } from "vitest";
import { ACTION_STATES, changeState, COMMANDS, isCommand, isTerminal } from "./action.ts";

const ALLOWED = new Set([
  "scheduled → acknowledged",
  "scheduled → cancelled",
  "acknowledged → completed",
  "acknowledged → failed",
]);

describe("changeState", () => {
  const pairs = ACTION_STATES.flatMap((from) => ACTION_STATES.map((to) => ({ from, to })));

  test.for(pairs)("$from → $to", ({ from, to }) => {
    const allowed = ALLOWED.has(`${from} → ${to}`);
    const change = changeState(from, to);
    expect(change.ok).toBe(allowed);
    if (change.ok) expect(change.state).toBe(to);
    else expect(change.reason).toBe("action.transition");
  });

  test("every state can be reached but the first two", () => {
    const reached = pairs.filter(({ from, to }) => changeState(from, to).ok).map(({ to }) => to);
    expect(new Set(reached)).toEqual(new Set(["acknowledged", "completed", "failed", "cancelled"]));
  });

  test("a terminal state is one without a way out", () => {
    expect(ACTION_STATES.filter(isTerminal)).toEqual(["completed", "failed", "cancelled"]);
  });
});

test("only the six commands are commands, and no property of an object", () => {
  expect(COMMANDS.every(isCommand)).toBe(true);
  expect(["Charge", "auto", "", "constructor", "__proto__"].some(isCommand)).toBe(false);
});
