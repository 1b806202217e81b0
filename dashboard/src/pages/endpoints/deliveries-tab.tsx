/** The attempts to this endpoint, newest first; each opens to what the receiver said. */
import { type ReactNode, useState } from "react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ChevronRight, Inbox } from "lucide-react";
import { api } from "../../api/client.ts";
import type { EndpointOut, MessageAttemptOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { useRefetchInterval } from "../../api/live.ts";
import { AttemptBadge, outcomeOf } from "../../components/attempt-outcome.tsx";
import { cx } from "../../lib/cx.ts";
import { formatDuration } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { Facts } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Select } from "../../ui/input.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import { Countdown, Timestamp } from "../../ui/time.tsx";
import { ATTEMPT_FILTERS, type AttemptFilter } from "./endpoint-search.ts";

const route = getRouteApi("/shell/endpoints/$endpointId");
const PAGE = 50;

const WORDS: Record<AttemptFilter, string> = {
  success: "Succeeded",
  retrying: "Failed, tried again",
  failed: "Failed for good",
};
const STATUS_OF = { success: 0, retrying: 3, failed: 2 } as const;

function useAttempts(endpointId: string, outcome: AttemptFilter | undefined) {
  const appId = useAppId();
  return useInfiniteQuery({
    queryKey: [...keys.endpoint(appId, endpointId), "attempts", outcome ?? "any"],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}", {
        path: { app_id: appId, endpoint_id: endpointId },
        query: {
          limit: PAGE,
          iterator: pageParam,
          with_msg: true,
          expanded_statuses: true,
          status: outcome === undefined ? undefined : STATUS_OF[outcome],
        },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ done, iterator }) => (done ? undefined : (iterator ?? undefined)),
    refetchInterval: useRefetchInterval(),
  });
}

function AttemptDetail({ attempt }: { attempt: MessageAttemptOut }): ReactNode {
  const { id, msgId, url, response, responseTruncated, errorMessage, triggerType } = attempt;
  return (
    <div className="flex flex-col gap-3 py-2">
      <Facts
        rows={[
          ["Message", <CopyId key="message" id={msgId} />],
          ["Attempt", <CopyId key="attempt" id={id} />],
          [
            "Sent to",
            <span key="url" className="font-mono text-xs">
              {url}
            </span>,
          ],
          ["Why", triggerType === 1 ? "Sent by hand" : "By schedule"],
          ...(errorMessage === null ? [] : ([["What went wrong", errorMessage]] as const)),
        ]}
      />
      {response !== "" && response !== errorMessage && (
        <div>
          <p className="mb-1 text-xs text-muted">
            What the receiver answered{responseTruncated && ", the first 16 KiB"}
          </p>
          <CodeBlock text={response} label="the answer" wrap />
        </div>
      )}
    </div>
  );
}

function AttemptRow({ attempt }: { attempt: MessageAttemptOut }): ReactNode {
  const [open, setOpen] = useState(false);
  const { msg, responseDurationMs, timestamp, nextAttempt } = attempt;
  const eventType = msg?.eventType ?? attempt.msgId;
  return (
    <>
      <Tr className="relative">
        <Td className="w-8 pr-0">
          <button
            type="button"
            aria-expanded={open}
            aria-label={`${eventType}, ${outcomeOf(attempt)}: details`}
            onClick={() => setOpen(!open)}
            // The whole row opens it.
            className="flex text-faint after:absolute after:inset-0"
          >
            <ChevronRight
              className={cx("size-4 transition-transform", open && "rotate-90")}
              aria-hidden
            />
          </button>
        </Td>
        <Td>
          <AttemptBadge attempt={attempt} />
        </Td>
        <Td className="font-mono text-xs">{eventType}</Td>
        <Td className="max-w-0 min-w-24 truncate text-muted sm:w-1/4" title={outcomeOf(attempt)}>
          {outcomeOf(attempt)}
        </Td>
        <Td className="text-right text-muted max-md:hidden">
          {formatDuration(responseDurationMs)}
        </Td>
        <Td className="text-muted max-md:hidden">
          {nextAttempt === null ? "" : <Countdown at={nextAttempt} past="now" />}
        </Td>
        <Td className="text-muted">
          <Timestamp at={timestamp} />
        </Td>
      </Tr>
      {open && (
        <tr className="border-b border-line bg-ground last:border-0">
          <td colSpan={7} className="px-4">
            <AttemptDetail attempt={attempt} />
          </td>
        </tr>
      )}
    </>
  );
}

function AttemptTable({ attempts }: { attempts: readonly MessageAttemptOut[] }): ReactNode {
  return (
    <Table label="Attempts">
      <TableHead>
        <Th>
          <span className="sr-only">Details</span>
        </Th>
        <Th>Outcome</Th>
        <Th>Event</Th>
        <Th>Answer</Th>
        <Th className="text-right max-md:hidden">Took</Th>
        <Th className="max-md:hidden">Next attempt</Th>
        <Th>When</Th>
      </TableHead>
      <tbody>
        {attempts.map((attempt) => (
          <AttemptRow key={attempt.id} attempt={attempt} />
        ))}
      </tbody>
    </Table>
  );
}

function OutcomeSelect({ outcome }: { outcome: AttemptFilter | undefined }): ReactNode {
  const navigate = useNavigate({ from: "/endpoints/$endpointId" });
  return (
    <div>
      <Select
        aria-label="Outcome"
        value={outcome ?? ""}
        onChange={({ target }) => {
          const next = ATTEMPT_FILTERS.find((one) => one === target.value);
          void navigate({ search: (kept) => ({ ...kept, outcome: next }), replace: true });
        }}
      >
        <option value="">Any outcome</option>
        {ATTEMPT_FILTERS.map((one) => (
          <option key={one} value={one}>
            {WORDS[one]}
          </option>
        ))}
      </Select>
    </div>
  );
}

export function DeliveriesTab({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const { outcome } = route.useSearch();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useAttempts(
    endpoint.id,
    outcome,
  );
  if (data === undefined && error !== null) throw error;
  const attempts = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <div className="flex flex-col gap-4">
      <OutcomeSelect outcome={outcome} />
      {data === undefined && <SkeletonRows label="Loading attempts" />}
      {data !== undefined && attempts.length === 0 && (
        <EmptyState
          icon={Inbox}
          title={outcome === undefined ? "No attempt yet" : "No such attempt"}
        >
          {outcome === undefined
            ? "Each attempt to deliver an event is listed here, with what the receiver answered."
            : "Nothing of the last 90 days ended this way."}
        </EmptyState>
      )}
      {attempts.length > 0 && (
        <div>
          <AttemptTable attempts={attempts} />
          <LoadMore
            hasMore={hasNextPage}
            busy={isFetchingNextPage}
            onMore={() => void fetchNextPage()}
            end="That is all of the last 90 days."
          />
        </div>
      )}
    </div>
  );
}
