/** What came of an attempt, in few words: for rows; the server's own sentence is beside it. */

const WORDS: Record<string, string> = {
  timeout: "Timed out",
  refused: "Connection refused",
  reset: "Connection reset",
  unreachable: "Unreachable",
  no_socket: "No socket left",
  dns: "Name not found",
  tls: "TLS failed",
  address_denied: "Address not allowed",
  too_large: "Headers too large",
  invalid_url: "URL cannot be requested",
  payload_gone: "Payload gone",
};

export interface AttemptOutcome {
  responseStatusCode: number;
  errorCode: string | null;
}

/** `503`, `Timed out`, `Connection refused`. */
export function outcomeWords({ responseStatusCode, errorCode }: AttemptOutcome): string {
  if (responseStatusCode > 0) return String(responseStatusCode);
  if (errorCode === null) return "No answer";
  return WORDS[errorCode] ?? errorCode.replaceAll("_", " ");
}
