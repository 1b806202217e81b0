/**
 * Pages of deliveries, whose keys have two parts: an iterator is `msg_….ep_…`, or `msg_…` when every
 * delivery of that message was passed.
 */
import type { UnixMs } from "../../core/types.ts";
import type { KeyRange } from "../../storage/key-range.ts";
import type { DeliveryKey } from "../../storage/log/read-deliveries.ts";
import { type PageQuery, readPage } from "../pagination.ts";

const BEFORE_EVERY_ENDPOINT = "";
const AFTER_EVERY_ENDPOINT = "~";

export interface DeliveryPage {
  /** Of the messages to walk; the iterator's own is among them. */
  range: KeyRange;
  /** Exclusive. */
  lower: DeliveryKey;
  upper: DeliveryKey;
  limit: number;
  reversed: boolean;
  from: string | null;
}

/** @throws 422 */
export function readDeliveryPage(query: PageQuery, now: UnixMs): DeliveryPage {
  const { iterator } = query;
  const [message, endpointId] = iterator === undefined ? [] : splitAt(iterator);
  const { limit, reversed, range } = readPage(
    { ...query, ...(message !== undefined && { iterator: message }) },
    { prefix: "msg_", defaultOrder: "descending", now },
  );
  const lower = { messageId: range.lower, endpointId: AFTER_EVERY_ENDPOINT };
  const upper = { messageId: range.upper, endpointId: BEFORE_EVERY_ENDPOINT };
  const page = { range: { ...range }, lower, upper, limit, reversed };
  if (iterator === undefined || message === undefined) return { ...page, from: null };
  const messageId = message.replace(/^-/, "");
  if (endpointId !== undefined) {
    // Bounds of the walk are exclusive: ids are of one length, so these are right beside the message.
    if (range.ascending && range.lower === messageId) {
      page.range.lower = messageId.slice(0, -1);
      lower.endpointId = endpointId;
    }
    if (!range.ascending && range.upper === messageId) {
      page.range.upper = `${messageId}!`;
      upper.endpointId = endpointId;
    }
  }
  return { ...page, from: iterator.replace(/^-/, "") };
}

function splitAt(iterator: string): [string, string | undefined] {
  const [message = "", endpointId] = iterator.split(".", 2);
  return /^ep_[0-9A-Za-z]{27}$/.test(endpointId ?? "")
    ? [message, endpointId]
    : [iterator, undefined];
}
