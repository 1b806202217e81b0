/**
 * The judge: given what was accepted, what arrived, what was recorded and when faults cut in, says
 * what must hold (`docs/proofs.md`). Pure, so that it can itself be tested with forged ledgers.
 */
import { type Check, check } from "./experiment.ts";

/** A 202, as the load generator wrote it down. */
export interface Accepted {
  messageId: string;
  /** SHA-256 of the payload that was sent, hex. */
  hash: string;
  at: number;
}

/** A request, as the receiver wrote it down. */
export interface Receipt {
  messageId: string;
  hash: string;
  at: number;
  /** The signature is right for the endpoint's secret and the received bytes. */
  signed: boolean;
  /** What it was answered with. */
  status: number;
  /** Where it came from. */
  from: string;
}

/** A stored attempt, as anybody can read it. */
export interface RecordedAttempt {
  messageId: string;
  succeeded: boolean;
  /** A receiver answered it. */
  answered: boolean;
  /** No further one follows by itself. */
  last: boolean;
  attemptedAt: number;
  durationMs: number;
}

/** When a fault was at work: what was in flight then may be sent again. */
export interface Cut {
  from: number;
  to: number;
}

export interface Evidence {
  accepted: readonly Accepted[];
  receipts: readonly Receipt[];
  attempts: readonly RecordedAttempt[];
  /** Ids of messages that anybody can read. */
  stored: ReadonlySet<string>;
  /** Ids of messages that are still owed to an endpoint. */
  owed: readonly string[];
  cuts: readonly Cut[];
}

export interface Verdict {
  counts: Record<string, number>;
  checks: Check[];
}

/** Between a socket and our note of it lies a busy event loop. */
const NOTE_MS = 1_000;
/**
 * An attempt is stored with its beginning by one clock and its length by another, and between the two
 * readings lies whatever else a busy node does: up to 40 ms were seen.
 */
const CLOCKS_MS = 1_000;
const SHOWN_IDS_MAX = 3;

interface Story {
  receipts: Receipt[];
  attempts: RecordedAttempt[];
}

function tellStories(evidence: Evidence): Map<string, Story> {
  const stories = new Map<string, Story>();
  const storyOf = (messageId: string): Story => {
    const story = stories.get(messageId) ?? { receipts: [], attempts: [] };
    stories.set(messageId, story);
    return story;
  };
  for (const receipt of evidence.receipts) storyOf(receipt.messageId).receipts.push(receipt);
  for (const attempt of evidence.attempts) storyOf(attempt.messageId).attempts.push(attempt);
  for (const { receipts, attempts } of stories.values()) {
    receipts.sort((a, b) => a.at - b.at);
    attempts.sort((a, b) => a.attemptedAt - b.attemptedAt);
  }
  return stories;
}

interface Matched {
  /** No stored attempt tells of them. */
  unrecorded: Receipt[];
  /** Their attempts failed, so that the next one is due. */
  failed: Set<Receipt>;
  /** Answered attempts that no receipt tells of. */
  invented: number;
}

function match({ receipts, attempts }: Story): Matched {
  const unrecorded = [...receipts];
  const failed = new Set<Receipt>();
  let invented = 0;
  for (const attempt of attempts) {
    if (!attempt.answered) continue;
    const from = attempt.attemptedAt - CLOCKS_MS;
    const to = attempt.attemptedAt + attempt.durationMs + CLOCKS_MS;
    const distance = ({ at }: Receipt): number => Math.abs(at - attempt.attemptedAt);
    // A request that a fault cut may lie as near as the clocks allow: the attempt is of the nearest one.
    const [found] = unrecorded
      .filter(({ at }) => at >= from && at <= to)
      .sort((a, b) => distance(a) - distance(b));
    if (found === undefined) {
      invented += 1;
      continue;
    }
    unrecorded.splice(unrecorded.indexOf(found), 1);
    if (!attempt.succeeded) failed.add(found);
  }
  return { unrecorded, failed, invented };
}

/** Whether a fault was at work at some time between the two. */
function isCut(cuts: readonly Cut[], from: number, to: number): boolean {
  return cuts.some((cut) => cut.from <= to && cut.to + NOTE_MS >= from);
}

/** What happened to an event and when, from its first request on, with the faults before and after it. */
function timesOf({ receipts, attempts }: Story, cuts: readonly Cut[]): string {
  const origin = receipts[0]?.at ?? 0;
  const times = (what: string, all: readonly number[]): string =>
    all.length === 0
      ? `no ${what}`
      : `${what} at ${all.map((at) => Math.round(at - origin)).join(", ")} ms`;
  const requested = receipts.map(({ at }) => at);
  const attempted = attempts.map(({ attemptedAt }) => attemptedAt);
  const before = cuts.findLast(({ from }) => from <= origin);
  const after = cuts.find(({ from }) => from > origin);
  const faults = [before, after].flatMap((cut) => cut?.from ?? []);
  return `${times("requests", requested)}; ${times("attempts", attempted)}; ${times("faults", faults)}`;
}

function none(name: string, found: readonly string[], total: number): Check {
  const shown = found.slice(0, SHOWN_IDS_MAX).join(", ");
  const detail = found.length === 0 ? `0 of ${total}` : `${found.length} of ${total}: ${shown}`;
  return check(name, found.length === 0, detail);
}

export function judge(evidence: Evidence): Verdict {
  const { accepted, receipts, attempts, stored, owed, cuts } = evidence;
  const stories = tellStories(evidence);
  const hashes = new Map(accepted.map(({ messageId, hash }) => [messageId, hash]));
  const lost: string[] = [];
  for (const { messageId } of accepted) {
    const story = stories.get(messageId);
    const ended = story?.attempts.some(({ last, succeeded }) => last && !succeeded) === true;
    const delivered = story?.receipts.some(({ status }) => isSuccess(status)) === true;
    if (!delivered && !ended) lost.push(messageId);
  }
  const altered = receipts.filter(
    ({ messageId, hash }) => hashes.has(messageId) && hashes.get(messageId) !== hash,
  );
  const vanished = accepted.filter(({ messageId }) => !stored.has(messageId));
  const forged = receipts.filter(({ signed }) => !signed);
  const unexplained: string[] = [];
  const repeated: string[] = [];
  const recordedTwice: string[] = [];
  let cutRequests = 0;
  let duplicates = 0;
  let invented = 0;
  for (const [messageId, story] of stories) {
    const matched = match(story);
    invented += matched.invented;
    cutRequests += matched.unrecorded.length;
    for (const receipt of matched.unrecorded) {
      const next = story.receipts[story.receipts.indexOf(receipt) + 1];
      if (isCut(cuts, receipt.at, next?.at ?? Infinity)) continue;
      unexplained.push(`${messageId} (${timesOf(story, cuts)})`);
    }
    for (const [index, receipt] of story.receipts.entries()) {
      const before = story.receipts[index - 1];
      if (before === undefined || matched.failed.has(before)) continue;
      duplicates += 1;
      if (isCut(cuts, before.at, receipt.at)) continue;
      repeated.push(`${messageId} (${timesOf(story, cuts)})`);
    }
    const successes = story.attempts.filter(({ succeeded }) => succeeded).length;
    if (successes > 1) recordedTwice.push(messageId);
  }
  const arrived = new Set(receipts.map(({ messageId }) => messageId));
  const counts = {
    accepted: accepted.length,
    arrived: arrived.size,
    requests: receipts.length,
    duplicates,
    "cut requests": cutRequests,
    attempts: attempts.length,
    lost: lost.length,
  };
  const checks = [
    none("no accepted event is lost", lost, accepted.length),
    none("every accepted event can be read", ids(vanished), accepted.length),
    none("no payload is altered", ids(altered), receipts.length),
    none("every request is signed", ids(forged), receipts.length),
    none("every request has its attempt, or a fault cut it", unexplained, receipts.length),
    check("no attempt is invented", invented === 0, `${invented} of ${attempts.length}`),
    none("an event is sent again only after a failure or a fault", repeated, receipts.length),
    none("no event is recorded as delivered twice", recordedTwice, arrived.size),
    none("nothing stays owed", owed, accepted.length),
  ];
  return { counts, checks };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function ids(entries: readonly { messageId: string }[]): string[] {
  return entries.map(({ messageId }) => messageId);
}
