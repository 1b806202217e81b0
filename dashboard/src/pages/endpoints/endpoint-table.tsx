import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import type { EndpointStatistics } from "../../api/generated/paths.ts";
import { EndpointHealthBadge, HealthSince } from "../../components/endpoint-health.tsx";
import { EndpointName } from "../../components/endpoint-name.tsx";
import { formatCount, formatDuration, formatShare, formatSpan } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { BarSparkline } from "../../ui/sparkline.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import type { EndpointRow } from "./endpoint-queries.ts";

function barsOf({ series }: EndpointStatistics) {
  return series.map(({ startsAt, successes, failures }) => ({
    good: successes,
    bad: failures,
    title: `${new Date(startsAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}: ${successes} succeeded, ${failures} failed`,
  }));
}

function Success({ statistics }: { statistics: EndpointStatistics | undefined }): ReactNode {
  if (statistics === undefined) return <span className="text-faint">–</span>;
  const { successes, failures, attempts } = statistics;
  return (
    <span className="flex items-center gap-3">
      <span className="w-16">{formatShare(successes, attempts)}</span>
      <span className="max-sm:hidden">
        <BarSparkline
          bars={barsOf(statistics)}
          label={`Last 24 hours: ${successes} attempts succeeded, ${failures} failed`}
        />
      </span>
    </span>
  );
}

function Waiting({ statistics }: { statistics: EndpointStatistics | undefined }): ReactNode {
  const now = useNow();
  if (statistics === undefined || statistics.waiting === 0)
    return <span className="text-faint">0</span>;
  const { waiting, waitingMore, oldestWaitingAt } = statistics;
  const count = `${formatCount(waiting)}${waitingMore ? "+" : ""}`;
  if (oldestWaitingAt === null) return count;
  const age = Math.max(0, now - Date.parse(oldestWaitingAt));
  return (
    <span className="flex flex-col">
      {count}
      <span className="text-2xs text-faint">for {formatSpan(age)}</span>
    </span>
  );
}

function Row({ row }: { row: EndpointRow }): ReactNode {
  const { endpoint, statistics } = row;
  const { eventTypes } = endpoint;
  return (
    <Tr className="relative">
      <Td className="max-w-0 min-w-44 sm:w-2/5">
        <Link
          to="/endpoints/$endpointId"
          params={{ endpointId: endpoint.id }}
          // The whole row is the link.
          className="block after:absolute after:inset-0"
        >
          <EndpointName endpoint={endpoint} />
        </Link>
      </Td>
      <Td>
        <span className="flex flex-wrap items-center gap-x-2">
          <EndpointHealthBadge endpoint={endpoint} statistics={statistics} />
          <HealthSince endpoint={endpoint} statistics={statistics} />
        </span>
      </Td>
      <Td>
        <Success statistics={statistics} />
      </Td>
      <Td className="whitespace-nowrap max-md:hidden">
        {statistics === undefined || statistics.p95Ms === null ? (
          <span className="text-faint">–</span>
        ) : (
          formatDuration(statistics.p95Ms)
        )}
      </Td>
      <Td className="whitespace-nowrap max-md:hidden">
        <Waiting statistics={statistics} />
      </Td>
      <Td className="text-muted max-lg:hidden">
        {eventTypes === null ? (
          "All"
        ) : (
          <span title={eventTypes.join(", ")}>{eventTypes.length}</span>
        )}
      </Td>
    </Tr>
  );
}

export function EndpointTable({ rows }: { rows: readonly EndpointRow[] }): ReactNode {
  return (
    <Table label="Endpoints">
      <TableHead>
        <Th>Endpoint</Th>
        <Th>Health</Th>
        <Th>Success</Th>
        <Th className="max-md:hidden">p95</Th>
        <Th className="max-md:hidden">Waiting</Th>
        <Th className="max-lg:hidden">Events</Th>
      </TableHead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.endpoint.id} row={row} />
        ))}
      </tbody>
    </Table>
  );
}
