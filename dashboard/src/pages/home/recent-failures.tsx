/** What failed lately, and where. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { MessageAttemptOut } from "../../api/generated/paths.ts";
import { useRefetchInterval } from "../../api/live.ts";
import { AttemptBadge, outcomeOf } from "../../components/attempt-outcome.tsx";
import { shortUrl } from "../../components/endpoint-name.tsx";
import { useAppId } from "../../router/place.ts";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import { Countdown, RelativeTime } from "../../ui/time.tsx";
import { failuresQuery } from "./home-queries.ts";

function FailureRow({ attempt }: { attempt: MessageAttemptOut }): ReactNode {
  const { endpointId, url, msg, msgId, timestamp, nextAttempt } = attempt;
  return (
    <Tr className="relative">
      <Td>
        <AttemptBadge attempt={attempt} />
      </Td>
      <Td className="font-mono text-xs">
        <Link
          to="/endpoints/$endpointId"
          params={{ endpointId }}
          search={{ tab: "deliveries" }}
          className="after:absolute after:inset-0"
        >
          {msg?.eventType ?? msgId}
        </Link>
      </Td>
      <Td className="max-w-0 truncate text-muted max-sm:hidden" title={outcomeOf(attempt)}>
        {outcomeOf(attempt)}
      </Td>
      <Td className="max-w-0 truncate font-mono text-xs text-muted max-md:hidden" title={url}>
        {shortUrl(url)}
      </Td>
      <Td className="whitespace-nowrap text-muted max-lg:hidden">
        {nextAttempt !== null && (
          <>
            in <Countdown at={nextAttempt} past="a moment" />
          </>
        )}
      </Td>
      <Td className="text-right text-muted">
        <RelativeTime at={timestamp} />
      </Td>
    </Tr>
  );
}

export function RecentFailures(): ReactNode {
  const appId = useAppId();
  const refetchInterval = useRefetchInterval();
  const { data, error } = useQuery({ ...failuresQuery(appId), refetchInterval });
  if (data === undefined) {
    return error === null ? <SkeletonRows rows={4} label="Loading failures" /> : null;
  }
  return (
    <section aria-labelledby="failures" className="flex flex-col gap-2">
      <h2 id="failures" className="text-base font-semibold">
        Failed lately
      </h2>
      {data.length === 0 ? (
        <p className="flex items-center gap-2 rounded-xl border border-line bg-surface p-5 text-sm text-muted">
          <CircleCheck className="size-4 text-good" aria-hidden />
          No attempt has failed.
        </p>
      ) : (
        <Table label="Failed lately">
          <TableHead>
            <Th>Outcome</Th>
            <Th>Event</Th>
            <Th className="w-1/4 max-sm:hidden">Answer</Th>
            <Th className="w-1/4 max-md:hidden">Sent to</Th>
            <Th className="max-lg:hidden">Next attempt</Th>
            <Th className="text-right">When</Th>
          </TableHead>
          <tbody>
            {data.map((attempt) => (
              <FailureRow key={attempt.id} attempt={attempt} />
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
