/**
 * The seam between what decides about deliveries and what opens connections: one request out, one
 * result back, never a rejection. A simulation replaces the `Sender`.
 */

/**
 * Why no whole HTTP response came back. Closed and stable: stored with the attempt, shown to users.
 */
export type SendErrorCode =
  /** The name has no address, or its name servers did not answer. */
  | "dns"
  /** Nothing listens on that port: the connection was refused. */
  | "refused"
  /** No route to the address, or the network is down. */
  | "unreachable"
  /** The certificate is not valid for the name, or no common TLS version or cipher. */
  | "tls"
  /** A deadline passed: while connecting, before the answer, or in the middle of it. */
  | "timeout"
  /** The name or literal leads to an address that deliveries may not reach. */
  | "address_denied"
  /** The response headers exceed 16 KiB. */
  | "too_large"
  /** The receiver closed the connection before its answer was complete. */
  | "reset"
  /** The answer is not well-formed HTTP/1.1. */
  | "protocol"
  /** We stopped it ourselves, because the process is closing. */
  | "aborted"
  /** The stored URL cannot be requested. */
  | "invalid_url"
  /** A header of the request cannot be sent. */
  | "invalid_header"
  /** This machine had no socket to spare. */
  | "no_socket"
  /** The payload was expunged or its retention ended; nothing was sent. */
  | "payload_gone";

export interface SendRequest {
  /** As stored by `checkEndpointUrl`: absolute, without credentials or fragment. */
  url: string;
  /** Sent in this order and letter case; `host` and `content-length` are added. */
  headers: Record<string, string>;
  /** Sent as it is, always by POST. */
  body: Uint8Array;
  /** Total, over name lookup, connection, TLS, request, response headers and body. */
  timeoutMs: number;
}

export interface SendResponse {
  kind: "response";
  status: number;
  /** The response headers that decide about retries. */
  headers: { retryAfter?: string; webhookDelivery?: string };
  /** Lines of `name: value`, as received, at most 16 KiB in all. A value has no line break and no NUL. */
  responseHeaders: string;
  /** At most the first 16 KiB, never decompressed. */
  body: Buffer;
  /** The receiver sent more than `body` holds. */
  truncated: boolean;
  durationMs: number;
  /** Most of that time it waited for one of the connections that its origin may have. */
  crowded?: boolean;
}

export interface SendError {
  kind: "error";
  code: SendErrorCode;
  /** For people: what happened, with whom, after how long. */
  message: string;
  durationMs: number;
}

export type SendResult = SendResponse | SendError;

const OUR_OWN: ReadonlySet<SendErrorCode> = new Set(["aborted", "no_socket", "payload_gone"]);

/** False: it failed for a reason of ours, and says nothing about how the receiver is. */
export function tellsAboutReceiver(result: SendResult): boolean {
  return result.kind === "response" || !OUR_OWN.has(result.code);
}

export interface Sender {
  /** One POST. Never rejects: whatever a receiver or the network does is a `SendResult`. */
  send(request: SendRequest): Promise<SendResult>;
  /** Ends what is in flight as `aborted` and closes every socket. */
  close(): Promise<void>;
}
