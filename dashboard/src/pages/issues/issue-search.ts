/** What of these pages is in their address. */

export const STATES = ["open", "acknowledged", "resolved", "all"] as const;
export type StateFilter = (typeof STATES)[number];

export interface IssuesSearch {
  /** Absent: open. */
  state?: StateFilter | undefined;
  endpoint?: string | undefined;
}

export function readIssuesSearch(search: Record<string, unknown>): IssuesSearch {
  const { endpoint } = search;
  const state = STATES.find((one) => one === search["state"]);
  return {
    ...(state !== undefined && { state }),
    ...(typeof endpoint === "string" && { endpoint }),
  };
}

export interface IssueSearch {
  /** What sends what was missed; kept for a reload. */
  task?: string | undefined;
}

export function readIssueSearch({ task }: Record<string, unknown>): IssueSearch {
  return typeof task === "string" ? { task } : {};
}
