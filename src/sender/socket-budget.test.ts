import { expect, test } from "vitest";

import { createSocketBudget } from "./socket-budget.ts";

const forever = new AbortController().signal;

test("those over the bound wait in order, and a freed slot goes to the first of them", async () => {
  const budget = createSocketBudget(2);
  const order: number[] = [];
  await budget.take(forever);
  await budget.take(forever);
  const third = budget.take(forever).then(() => order.push(3));
  const fourth = budget.take(forever).then(() => order.push(4));
  budget.release();
  await third;
  expect(order).toEqual([3]);
  budget.release();
  await fourth;
  expect(order).toEqual([3, 4]);
});

test("who gives up leaves the queue and takes no slot", async () => {
  const budget = createSocketBudget(1);
  await budget.take(forever);
  const impatient = new AbortController();
  const given = budget.take(impatient.signal);
  const next = budget.take(forever);
  impatient.abort();
  await expect(given).rejects.toMatchObject({ failure: "aborted" });
  budget.release();
  await next;
  budget.release();
  await budget.take(forever);
});
