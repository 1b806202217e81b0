/** Why attempts fail, in words: what happened, and what usually helps. */

export interface Cause {
  title: string;
  advice: string;
}

const SENDING: Record<string, Cause> = {
  dns: {
    title: "Its name cannot be resolved",
    advice: "Check the host name in the endpoint's URL, and that its name servers answer.",
  },
  refused: {
    title: "Nothing listens there",
    advice: "The machine answers, the port is closed: start the receiver, or correct the port.",
  },
  unreachable: {
    title: "No route to it",
    advice: "The network between here and the receiver is down, or a firewall is in between.",
  },
  tls: {
    title: "Its certificate is not accepted",
    advice: "Renew the certificate, send its whole chain, and see that it names this host.",
  },
  timeout: {
    title: "It does not answer in time",
    advice: "Answer 2xx at once and do the work afterwards. Is the receiver overloaded?",
  },
  address_denied: {
    title: "Its address may not be reached",
    advice:
      "The name leads to a private or reserved address; the operator allows such ones by AMPS_EGRESS_ALLOW.",
  },
  too_large: {
    title: "Its response headers are too large",
    advice: "Only 16 KiB of headers are read: send fewer cookies and the like.",
  },
  reset: {
    title: "It closes the connection",
    advice: "The receiver, or a proxy before it, ends connections before it has answered.",
  },
  protocol: {
    title: "Its answer is not proper HTTP",
    advice: "Is it an HTTP server that listens on this port?",
  },
  aborted: {
    title: "Stopped by this server",
    advice: "The server was closing. What was owed is sent again by itself.",
  },
  invalid_url: {
    title: "Its URL cannot be requested",
    advice: "Correct the endpoint's URL.",
  },
  invalid_header: {
    title: "One of its headers cannot be sent",
    advice: "Correct the endpoint's custom headers.",
  },
  no_socket: {
    title: "This server had no socket to spare",
    advice: "Raise the limit of open files of the server (ulimit -n), or add a node.",
  },
  payload_gone: {
    title: "The body was gone before it was sent",
    advice: "It was expunged, or its retention ended: such messages cannot be sent any more.",
  },
};

const STATUS_NAMES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const STATUS_ADVICE: Record<number, string> = {
  401: "It wants credentials: give them in the endpoint's custom headers, or check the signature's secret.",
  403: "It refuses the request: check the signature's secret, or the firewall before it.",
  404: "There is nothing at this path: correct the endpoint's URL.",
  405: "It does not take POST at this path: correct the endpoint's URL.",
  410: "It says that it is gone for good, and is disabled at the first such answer.",
  413: "The body is too large for it: raise the limit of the receiver or its proxy.",
  429: "It is asked too often: give the endpoint a rate limit.",
};

function adviceFor(status: number): string {
  const known = STATUS_ADVICE[status];
  if (known !== undefined) return known;
  if (status < 300) return "";
  if (status < 400) return "Redirects are not followed: give the endpoint its final URL.";
  if (status < 500) return "The receiver refuses the request: its log should say why.";
  return "The receiver, or a proxy before it, is broken: its log should say why.";
}

/** @param cause `timeout`, `http_503` */
export function causeInWords(cause: string): Cause {
  const status = Number(/^http_(\d+)$/.exec(cause)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) {
    return SENDING[cause] ?? { title: `It fails: ${cause}`, advice: "Look at its last attempt." };
  }
  const name = STATUS_NAMES[status];
  return {
    title: name === undefined ? `It answers ${status}` : `It answers ${status} ${name}`,
    advice: adviceFor(status),
  };
}
