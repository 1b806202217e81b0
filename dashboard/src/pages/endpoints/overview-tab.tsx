/** How an endpoint does over time. */
import type { ReactNode } from "react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useRefetchInterval } from "../../api/live.ts";
import { isPortal, may } from "../../api/caller.ts";
import type { EndpointOut, EndpointStatistics } from "../../api/generated/paths.ts";
import { OutcomeChart } from "../../components/outcome-chart.tsx";
import { cx } from "../../lib/cx.ts";
import { formatCount, formatDuration, formatPlural, formatShare } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { Card, Facts, Figure, Figures } from "../../ui/card.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { statisticsQuery } from "./endpoint-queries.ts";
import { type Span, SPANS } from "./endpoint-search.ts";

const route = getRouteApi("/shell/endpoints/$endpointId");

const SPAN_LABELS: Record<Span, string> = { hour: "1 hour", day: "24 hours", month: "28 days" };

function SpanChoice({ value }: { value: Span }): ReactNode {
  const navigate = useNavigate({ from: "/endpoints/$endpointId" });
  return (
    <div
      role="group"
      aria-label="Time span"
      className="flex rounded-lg border border-line bg-sunken p-0.5"
    >
      {SPANS.map((span) => (
        <button
          key={span}
          type="button"
          aria-pressed={span === value}
          onClick={() =>
            void navigate({
              search: (kept) => ({ ...kept, span: span === "day" ? undefined : span }),
              replace: true,
            })
          }
          className={cx(
            "h-6 rounded-md px-2.5 text-xs font-medium",
            span === value ? "bg-surface shadow-card" : "text-muted hover:text-ink",
          )}
        >
          {SPAN_LABELS[span]}
        </button>
      ))}
    </div>
  );
}

const ms = (value: number | null): string => (value === null ? "–" : formatDuration(value));

function StatisticsFigures({ statistics }: { statistics: EndpointStatistics }): ReactNode {
  const { attempts, successes, failures, p50Ms, p95Ms } = statistics;
  const { waiting, waitingMore, oldestWaitingAt } = statistics;
  return (
    <Figures>
      <Figure
        label="Success"
        value={formatShare(successes, attempts)}
        hint={failures === 0 ? "nothing failed" : `${formatCount(failures)} failed`}
      />
      <Figure label="Attempts" value={formatCount(attempts)} />
      <Figure label="Answer time p50" value={ms(p50Ms)} />
      <Figure label="Answer time p95" value={ms(p95Ms)} />
      <Figure
        label="Waiting"
        value={`${formatCount(waiting)}${waitingMore ? "+" : ""}`}
        hint={
          oldestWaitingAt === null ? (
            "nothing is owed"
          ) : (
            <>
              oldest from <RelativeTime at={oldestWaitingAt} />
            </>
          )
        }
      />
    </Figures>
  );
}

function EndpointFacts({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const { id, uid, eventTypes, throttleRate, retrySchedule, createdAt } = endpoint;
  return (
    <Card title="Details">
      <Facts
        rows={[
          ["Id", <CopyId key="id" id={id} />],
          ...(uid === null ? [] : ([["Uid", <CopyId key="uid" id={uid} />]] as const)),
          [
            "Events",
            eventTypes === null ? (
              "All"
            ) : (
              <span key="events" className="font-mono text-xs">
                {eventTypes.join(", ")}
              </span>
            ),
          ],
          [
            "Rate limit",
            throttleRate === null ? "None" : `${formatCount(throttleRate)} per second`,
          ],
          [
            "Retries",
            retrySchedule === null ? "The server's schedule" : `after ${retrySchedule.join(", ")}`,
          ],
          ["Added", <RelativeTime key="at" at={createdAt} />],
        ]}
      />
    </Card>
  );
}

function NothingYet({ endpoint, onSend }: OverviewTabProps): ReactNode {
  return (
    <EmptyState
      icon={Send}
      title="Nothing was sent to it yet"
      action={
        <div className="flex flex-wrap justify-center gap-2">
          {!isPortal && (
            <Button tone="primary" disabled={endpoint.disabled} onClick={onSend}>
              Send an example
            </Button>
          )}
          {may("ViewEndpointSecret") && (
            <Link
              from="/endpoints/$endpointId"
              to="/endpoints/$endpointId"
              search={(kept) => ({ ...kept, tab: "signing" as const })}
              className={buttonClass()}
            >
              See how to verify it
            </Link>
          )}
        </div>
      }
    >
      {isPortal
        ? "What happens to it is told here as soon as the first event comes."
        : "Send one of the catalogue's examples and see at once what the receiver answers."}
    </EmptyState>
  );
}

interface OverviewTabProps {
  endpoint: EndpointOut;
  onSend: () => void;
}

export function OverviewTab({ endpoint, onSend }: OverviewTabProps): ReactNode {
  const appId = useAppId();
  const { span = "day" } = route.useSearch();
  const refetchInterval = useRefetchInterval();
  const { data, error } = useQuery({
    ...statisticsQuery(appId, endpoint.id, span),
    refetchInterval,
    placeholderData: keepPreviousData,
  });
  if (data === undefined) {
    if (error !== null) throw error;
    return <Skeleton className="h-72" />;
  }
  const quiet = data.attempts === 0;
  return (
    <div className="flex flex-col gap-5">
      {quiet && data.waiting === 0 && span === "day" ? (
        <NothingYet endpoint={endpoint} onSend={onSend} />
      ) : (
        <>
          <StatisticsFigures statistics={data} />
          <Card
            title="Attempts"
            description={`${formatPlural(data.attempts, "attempt")} in ${SPAN_LABELS[span]}`}
            actions={<SpanChoice value={span} />}
          >
            <OutcomeChart statistics={data} />
          </Card>
        </>
      )}
      <EndpointFacts endpoint={endpoint} />
    </div>
  );
}
