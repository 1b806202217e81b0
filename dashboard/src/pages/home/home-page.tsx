/** The first page: is everything delivered, and if not, what is wrong. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { keys } from "../../api/keys.ts";
import { useRefetchInterval } from "../../api/live.ts";
import { useLiveRefresh } from "../../api/live-refresh.ts";
import type { ApplicationStatistics } from "../../api/generated/paths.ts";
import { OutcomeChart } from "../../components/outcome-chart.tsx";
import { formatCount, formatDuration, formatPlural, formatShare } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { buttonClass } from "../../ui/button.tsx";
import { Card, Figure, Figures } from "../../ui/card.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { FirstEvent } from "./first-event.tsx";
import { firstMessageQuery, totalQuery } from "./home-queries.ts";
import { RecentFailures } from "./recent-failures.tsx";

const ms = (value: number | null): string => (value === null ? "–" : formatDuration(value));

function Totals({ total }: { total: ApplicationStatistics }): ReactNode {
  const { attempts, successes, failures, p50Ms, p95Ms, waiting, waitingMore } = total;
  return (
    <Figures>
      <Figure
        label="Success, 24 hours"
        value={formatShare(successes, attempts)}
        hint={failures === 0 ? "nothing failed" : `${formatCount(failures)} attempts failed`}
      />
      <Figure label="Attempts, 24 hours" value={formatCount(attempts)} />
      <Figure label="Answer time p50" value={ms(p50Ms)} />
      <Figure label="Answer time p95" value={ms(p95Ms)} />
      <Figure
        label="Waiting"
        value={`${formatCount(waiting)}${waitingMore ? "+" : ""}`}
        hint={
          total.oldestWaitingAt === null ? (
            "nothing is owed"
          ) : (
            <>
              oldest from <RelativeTime at={total.oldestWaitingAt} />
            </>
          )
        }
      />
    </Figures>
  );
}

function Trouble({ total }: { total: ApplicationStatistics }): ReactNode {
  const { failing, disabled } = total;
  if (failing === 0 && disabled === 0) return null;
  const parts = [
    ...(failing > 0 ? [`${formatPlural(failing, "endpoint")} failing`] : []),
    ...(disabled > 0 ? [`${formatPlural(disabled, "endpoint")} off`] : []),
  ];
  return (
    <Notice
      tone={failing > 0 ? "warn" : "plain"}
      title={parts.join(", ")}
      actions={
        <Link
          to="/endpoints"
          search={failing > 0 ? { health: "failing" } : {}}
          className={buttonClass("plain", "small")}
        >
          Look at {failing + disabled === 1 ? "it" : "them"}
        </Link>
      }
    >
      {failing > 0
        ? "Failed deliveries are tried again by themselves; nothing is lost."
        : "Nothing is sent to what is off; what waits is kept."}
    </Notice>
  );
}

function Overview({ total }: { total: ApplicationStatistics }): ReactNode {
  return (
    <>
      <Trouble total={total} />
      <Totals total={total} />
      <Card title="Attempts" description="The last 24 hours, by the hour">
        <OutcomeChart statistics={total} />
      </Card>
      <RecentFailures />
    </>
  );
}

export function HomePage(): ReactNode {
  const appId = useAppId();
  const refetchInterval = useRefetchInterval();
  const total = useQuery({ ...totalQuery(appId), refetchInterval });
  const first = useQuery({ ...firstMessageQuery(appId), refetchInterval });
  useLiveRefresh(keys.app(appId));
  const { data } = total;
  const isEmpty = first.data === null || data?.endpoints === 0;
  if (data === undefined && total.error !== null) throw total.error;
  return (
    <Page title="Overview">
      {data === undefined || first.data === undefined ? (
        <Skeleton className="h-72" />
      ) : isEmpty ? (
        <FirstEvent hasEndpoint={data.endpoints > 0} />
      ) : (
        <Overview total={data} />
      )}
    </Page>
  );
}
