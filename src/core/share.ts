/**
 * Who may take one more of something that all share (attempts under way, rows in memory, bytes in
 * memory), so that whoever comes next finds room.
 *
 * An environment may take all but a sixteenth. Within that an application may take eight times what is
 * left free, and an endpoint a thirty-second part of what its application may still take. So a lone
 * application gets eight ninths, n hungry ones 8 / (1 + 8n) each, and something always stays free
 * (dynamic thresholds: Choudhury and Hahne, 1998). Endpoints that have none may go further, so that
 * those that hold many cannot shut out the others of their own application.
 *
 * Rejected: a fixed part for each, which either leaves a lone tenant's machine idle or lets the first
 * few take everything.
 */

const ENVIRONMENT_PART = 15 / 16;
const APPLICATION_TIMES_FREE = 8;
const NEWCOMERS_TIMES_FREE = 16;
const ENDPOINT_PART = 1 / 32;

/** How many more an environment may take; not above 0: none. */
export function environmentRoom(capacity: number, used: number, byEnvironment: number): number {
  return Math.min(capacity - used, capacity * ENVIRONMENT_PART - byEnvironment);
}

/** How many more an application of that environment may take; not above 0: none. */
export function applicationRoom(roomOfEnvironment: number, byApplication: number): number {
  return APPLICATION_TIMES_FREE * roomOfEnvironment - byApplication;
}

/** Whether an endpoint of that application that has none may take one. */
export function hasNewcomerRoom(roomOfEnvironment: number, byApplication: number): boolean {
  return NEWCOMERS_TIMES_FREE * roomOfEnvironment > byApplication;
}

/** How many more an endpoint of that application may take; 0: none. */
export function endpointRoom(
  roomOfEnvironment: number,
  byApplication: number,
  byEndpoint: number,
): number {
  const ofApplication = applicationRoom(roomOfEnvironment, byApplication);
  const room = Math.max(0, ofApplication * ENDPOINT_PART - byEndpoint);
  if (byEndpoint > 0 || !hasNewcomerRoom(roomOfEnvironment, byApplication)) return room;
  return Math.max(1, room);
}
