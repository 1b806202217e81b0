/** What an attempt came to, in one word of a closed set: by HTTP status, or by what kept an answer away. */

export const OUTCOME_CLASSES = [
  "1xx",
  "2xx",
  "3xx",
  "4xx",
  "5xx",
  "timeout",
  "connection",
  "tls",
  "dns",
  "address",
  "other",
] as const;
export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];

/** Of the columns of the attempt that `alias` names. */
export function outcomeClassOf(alias: string): string {
  return `CASE WHEN ${alias}.response_status BETWEEN 100 AND 599
      THEN ${alias}.response_status / 100 || 'xx'
    WHEN ${alias}.error_code IN ('timeout', 'tls', 'dns') THEN ${alias}.error_code
    WHEN ${alias}.error_code IN ('refused', 'unreachable', 'reset', 'no_socket') THEN 'connection'
    WHEN ${alias}.error_code = 'address_denied' THEN 'address' ELSE 'other' END`;
}
