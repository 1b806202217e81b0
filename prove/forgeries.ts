/**
 * The control of the judge itself: each forgery changes a ledger that held in one way that a real
 * fault could, and the judge must find it.
 */
import { check, type Check } from "./experiment.ts";
import { type Evidence, judge } from "./oracle.ts";

interface Forgery {
  name: string;
  forge: (evidence: Evidence) => Evidence;
}

const DAY_MS = 86_400_000;

const FORGERIES: readonly Forgery[] = [
  {
    name: "an acceptance that never happened",
    forge: (evidence) => ({
      ...evidence,
      accepted: [...evidence.accepted, { messageId: "msg_forged", hash: "", at: 0 }],
    }),
  },
  {
    name: "an altered payload",
    forge: (evidence) => {
      const [first, ...others] = evidence.accepted;
      return first === undefined
        ? evidence
        : { ...evidence, accepted: [{ ...first, hash: "00" }, ...others] };
    },
  },
  {
    name: "a request that nobody recorded, with no fault near",
    forge: (evidence) => {
      const [first] = evidence.receipts;
      if (first === undefined) return evidence;
      // Long after the last fault: no cut explains it. (A call with an argument for each of 270,000 fails.)
      const last = evidence.receipts.reduce((latest, { at }) => Math.max(latest, at), first.at);
      const at = last + DAY_MS;
      return { ...evidence, receipts: [...evidence.receipts, { ...first, at }] };
    },
  },
  {
    name: "a success that is recorded twice",
    forge: (evidence) => {
      const found = evidence.attempts.find(({ succeeded }) => succeeded);
      return found === undefined
        ? evidence
        : { ...evidence, attempts: [...evidence.attempts, found] };
    },
  },
  {
    name: "a bad signature",
    forge: (evidence) => ({
      ...evidence,
      receipts: evidence.receipts.map((receipt, index) =>
        index === 0 ? { ...receipt, signed: false } : receipt,
      ),
    }),
  },
  {
    name: "a delivery that stays owed",
    forge: (evidence) => ({ ...evidence, owed: ["msg_forged"] }),
  },
];

/** One check per run: all forgeries are found in the evidence of that very run. */
export function tryForgeries(evidence: Evidence): Check {
  const missed = FORGERIES.filter(({ forge }) =>
    judge(forge(evidence)).checks.every((each) => each.holds),
  );
  const found = `${FORGERIES.length - missed.length} of ${FORGERIES.length} found`;
  const names = missed.map(({ name }) => name).join("; ");
  return check(
    "forged ledgers are found out",
    missed.length === 0,
    missed.length === 0 ? found : `${found}; missed: ${names}`,
  );
}
