/** Times as people say them; the exact ones on hover. */
import type { ReactNode } from "react";
import {
  formatCountdown,
  formatFull,
  formatRelative,
  formatShort,
  formatSpan,
} from "../lib/format.ts";
import { useNow } from "../lib/now.ts";

const toMs = (at: string | number): number => (typeof at === "number" ? at : Date.parse(at));

export function RelativeTime({ at }: { at: string | number }): ReactNode {
  const now = useNow();
  const ms = toMs(at);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={formatFull(ms)}
      className="whitespace-nowrap"
    >
      {formatRelative(ms, now)}
    </time>
  );
}

/** How long it has been so: `for 3 h`. */
export function Elapsed({ since }: { since: string | number }): ReactNode {
  const now = useNow();
  const ms = toMs(since);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={formatFull(ms)}
      className="whitespace-nowrap"
    >
      for {formatSpan(Math.max(0, now - ms))}
    </time>
  );
}

/** Day and time; for logs. */
export function Timestamp({ at }: { at: string | number }): ReactNode {
  const ms = toMs(at);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={formatFull(ms)}
      className="whitespace-nowrap tabular-nums"
    >
      {formatShort(ms)}
    </time>
  );
}

/** What is left until `at`; `past` once it is there. */
export function Countdown({
  at,
  past = "now",
  lead = "",
}: {
  at: string | number;
  past?: ReactNode;
  /** Before what is left: "in ". */
  lead?: string;
}): ReactNode {
  const now = useNow();
  const ms = toMs(at);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={formatFull(ms)}
      className="whitespace-nowrap tabular-nums"
    >
      {ms <= now ? past : lead + formatCountdown(ms - now)}
    </time>
  );
}
