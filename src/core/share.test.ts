import { describe, expect, test } from "vitest";
import { applicationRoom, endpointRoom, environmentRoom } from "./share.ts";

const CAPACITY = 4_096;

/** Takes one after the other in turns until nobody may take more; what each endpoint has then. */
function saturate(environments: number, applications: number, endpoints: number): number[][][] {
  const taken = Array.from({ length: environments }, () =>
    Array.from({ length: applications }, () => Array.from({ length: endpoints }, () => 0)),
  );
  const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);
  let used = 0;
  for (let before = -1; before !== used;) {
    before = used;
    for (const environment of taken) {
      let byEnvironment = sum(environment.map(sum));
      for (const application of environment) {
        let byApplication = sum(application);
        for (const [index, byEndpoint] of application.entries()) {
          const room = environmentRoom(CAPACITY, used, byEnvironment);
          if (room <= 0) continue;
          if (endpointRoom(room, byApplication, byEndpoint) <= 0) continue;
          application[index] = byEndpoint + 1;
          byApplication += 1;
          byEnvironment += 1;
          used += 1;
        }
      }
    }
  }
  return taken;
}

const total = (taken: number[][][]): number => taken.flat(2).reduce((all, one) => all + one, 0);

describe("shares", () => {
  test("a lone application takes five sixths of everything, over its endpoints", () => {
    const taken = saturate(1, 1, 1_000);
    expect(total(taken)).toBeGreaterThan(CAPACITY * 0.8);
    expect(total(taken)).toBeLessThan((CAPACITY * 15) / 16);
  });

  test.each([
    [1, 1, 1],
    [1, 1, 64],
    [1, 1, 900],
    [1, 3, 100],
    [1, 40, 10],
    [2, 1, 900],
    [2, 5, 200],
    [2, 30, 3],
  ])(
    "%i environments of %i applications of %i endpoints, all hungry: equal, and a newcomer finds room",
    (environments, applications, endpoints) => {
      const taken = saturate(environments, applications, endpoints);
      const all = taken.flat(2);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
      // A new application in a hungry environment.
      const used = total(taken);
      const ofFirst = total(taken.slice(0, 1));
      const room = environmentRoom(CAPACITY, used, ofFirst);
      expect(endpointRoom(room, 0, 0)).toBeGreaterThan(0);
      // A new endpoint in a hungry application.
      const ofApplication = taken[0]?.[0]?.reduce((sum, one) => sum + one, 0) ?? 0;
      expect(endpointRoom(room, ofApplication, 0)).toBeGreaterThan(0);
    },
  );

  test("one environment leaves a sixteenth to the other, whatever its applications do", () => {
    const ofFirst = total(saturate(1, 400, 64));
    expect(ofFirst).toBeLessThanOrEqual((CAPACITY * 15) / 16);
    expect(environmentRoom(CAPACITY, ofFirst, 0)).toBeGreaterThanOrEqual(CAPACITY / 16);
  });

  test("an application that has what it may has nothing left to take", () => {
    const room = environmentRoom(CAPACITY, 0, 0);
    const most = (room * 8) / 9;
    const then = environmentRoom(CAPACITY, most, most);
    expect(applicationRoom(then, most)).toBeCloseTo(0);
  });
});
