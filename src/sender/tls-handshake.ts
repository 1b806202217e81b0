/**
 * TLS on a connected socket: 1.2 or newer, certificate and SNI by the name in the URL, never by the
 * address. `rejectUnauthorized` is off only because Node destroys the socket before the certificate
 * can be read for a message such as "expired on 2026-11-20": the verdict (`authorized`, which
 * includes the name) is checked here before the socket is handed out, so no byte of a request
 * leaves before.
 */
import { type Socket, isIP } from "node:net";
import { type TLSSocket, connect } from "node:tls";

import { ConnectFailure, abortReason } from "./connect-failure.ts";
import { codeOf } from "./describe-failure.ts";
import { ignoreError } from "./pinned-socket.ts";

/** A certificate may list thousands of names. */
const SHOWN_NAMES_LENGTH_MAX = 200;

export interface TlsTarget {
  host: string;
  /** Certificates to trust instead of the built-in ones, PEM. */
  ca?: string;
}

const NO_COMMON_VERSION = "it offers no TLS 1.2 or newer";
const NOT_TLS = "it does not speak TLS on this port";

const HANDSHAKE_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ERR_SSL_WRONG_VERSION_NUMBER", NOT_TLS],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", NOT_TLS],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", NO_COMMON_VERSION],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", NO_COMMON_VERSION],
  ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "no common TLS version or cipher"],
  ["ECONNRESET", "it closed the connection"],
]);

const SELF_SIGNED = new Set(["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"]);

function day(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString().slice(0, 10);
}

function describeHandshake(error: unknown, host: string): ConnectFailure {
  const code = codeOf(error);
  const detail = HANDSHAKE_ERRORS.get(code) ?? (code === "" ? "it closed the connection" : code);
  const message = `TLS handshake with ${host} failed: ${detail}.`;
  return new ConnectFailure("tls", message, { cause: error });
}

function describeCertificate(socket: TLSSocket, host: string): ConnectFailure {
  // Typed as an Error, but Node sets the error's code, a string, when there is one.
  const code = String(socket.authorizationError);
  const { valid_from: from, valid_to: to, subjectaltname } = socket.getPeerCertificate();
  let message = `Certificate of ${host} cannot be trusted (${code}).`;
  if (code === "CERT_HAS_EXPIRED") message = `Certificate of ${host} expired on ${day(to)}.`;
  else if (code === "CERT_NOT_YET_VALID") {
    message = `Certificate of ${host} is not valid before ${day(from)}.`;
  } else if (SELF_SIGNED.has(code)) message = `Certificate of ${host} is self-signed.`;
  else if (code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE") {
    message = `Certificate of ${host} comes without the intermediate certificates of its issuer.`;
  } else if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = (subjectaltname ?? "no name").slice(0, SHOWN_NAMES_LENGTH_MAX);
    message = `Certificate is not valid for ${host}; it names ${names}.`;
  }
  return new ConnectFailure("tls", message);
}

/** Resolves with the secured socket; rejects with a `ConnectFailure` after destroying it. */
export function secure(raw: Socket, target: TlsTarget, signal: AbortSignal): Promise<TLSSocket> {
  const { host, ca } = target;
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: raw,
      host,
      servername: isIP(host) === 0 ? host : "",
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
    });
    const fail = (failure: ConnectFailure): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      raw.destroy();
      reject(failure);
    };
    const onAbort = (): void => fail(abortReason(signal));
    const onClose = (): void => fail(describeHandshake(new Error("closed"), host));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", ignoreError);
    socket.once("error", (error) => fail(describeHandshake(error, host)));
    socket.once("close", onClose);
    socket.once("secureConnect", () => {
      if (!socket.authorized) return fail(describeCertificate(socket, host));
      signal.removeEventListener("abort", onAbort);
      socket.off("close", onClose);
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
}
