/** What of a message's page is in its address. */

export const ATTEMPT_TABS = ["response", "request"] as const;
export type AttemptTab = (typeof ATTEMPT_TABS)[number];

export interface MessageSearch {
  /** Whose deliveries are shown; absent: the one that needs a look most. */
  endpoint?: string | undefined;
  /** Absent: the latest. */
  attempt?: string | undefined;
  /** Absent: response. */
  tab?: AttemptTab | undefined;
}

export function readMessageSearch(raw: Record<string, unknown>): MessageSearch {
  const { endpoint, attempt } = raw;
  const tab = ATTEMPT_TABS.find((one) => one === raw["tab"]);
  return {
    ...(typeof endpoint === "string" && { endpoint }),
    ...(typeof attempt === "string" && { attempt }),
    ...(tab !== undefined && { tab }),
  };
}
