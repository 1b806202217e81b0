/** The system on one page: health in words, nodes, what waits, the database. Asked for every five seconds. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { SystemOut } from "../../api/generated/paths.ts";
import { readHealth } from "../../api/health.ts";
import { keys } from "../../api/keys.ts";
import { formatCount, formatCountdown, formatPlural } from "../../lib/format.ts";
import { Figure, Figures } from "../../ui/card.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { RelativeTime, Timestamp } from "../../ui/time.tsx";
import { DatabaseCard, ElsewhereCard, WaitingCard } from "./facts-cards.tsx";
import { HealthBadge, HealthCard, type Part } from "./health-card.tsx";
import { Nodes } from "./nodes-card.tsx";

/** The server remembers its own look for as long. */
const ASK_MS = 5_000;

function useSystem() {
  return useQuery({
    queryKey: keys.system(),
    queryFn: ({ signal }) => api.get("/api/v1/system", { signal }),
    refetchInterval: ASK_MS,
  });
}

/** Asked only when the system does not answer: health needs neither session nor database. */
function useHealth(enabled: boolean) {
  return useQuery({
    queryKey: [...keys.system(), "health"],
    queryFn: ({ signal }) => readHealth(signal),
    refetchInterval: ASK_MS,
    enabled,
  });
}

function TopFigures({ system }: { system: SystemOut }): ReactNode {
  const { waiting, oldestDue, nodes, retentionDays, uptimeSeconds, startedAt } = system;
  const overdue = Math.max(oldestDue.waiting ?? 0, oldestDue.backedOff ?? 0);
  return (
    <Figures>
      <Figure label="Deliveries owed" value={formatCount(waiting)} hint="estimated, all of them" />
      <Figure
        label="Oldest overdue"
        value={overdue === 0 ? "None" : formatCountdown(overdue * 1_000)}
        hint={overdue === 0 ? "everything is in time" : "of enabled endpoints"}
      />
      <Figure label="Nodes" value={nodes.length} hint="share the work" />
      <Figure
        label="This node up"
        value={formatCountdown(uptimeSeconds * 1_000)}
        hint={
          <>
            since <Timestamp at={startedAt} />
          </>
        }
      />
      <Figure
        label="Kept for"
        value={formatPlural(retentionDays, "day")}
        hint="messages and attempts"
      />
    </Figures>
  );
}

function Loading(): ReactNode {
  return (
    <>
      <Skeleton className="h-24" />
      <SkeletonRows label="Loading the system" rows={7} />
    </>
  );
}

function NoAnswer({ error, at }: { error: Error; at: number }): ReactNode {
  const { detail, advice } = inWords(error);
  return (
    <Notice tone="bad" title="The system does not answer as it should">
      {detail} {advice}{" "}
      {at > 0 && (
        <>
          What is shown below was so <RelativeTime at={at} />.
        </>
      )}
    </Notice>
  );
}

export function SystemPage(): ReactNode {
  const { data, error, dataUpdatedAt } = useSystem();
  const { data: health } = useHealth(error !== null);
  const parts: Part[] | undefined =
    error !== null && health !== undefined
      ? Object.entries(health).map(([part, { status, detail }]) => {
          return { part, status, detail: detail ?? "It is well." };
        })
      : data?.health.parts;
  return (
    <Page
      title="System"
      heading={
        <span className="flex flex-wrap items-center gap-3">
          System{" "}
          {data !== undefined && error === null && <HealthBadge status={data.health.status} />}
        </span>
      }
      description={
        data === undefined
          ? "Amps"
          : `Amps ${data.version}. Sandbox and live share what is shown here.`
      }
    >
      {error !== null && <NoAnswer error={error} at={dataUpdatedAt} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && <TopFigures system={data} />}
      {parts !== undefined && <HealthCard parts={parts} />}
      {data !== undefined && (
        <>
          <Nodes system={data} />
          <div className="grid gap-5 lg:grid-cols-2">
            <DatabaseCard database={data.database} />
            <WaitingCard oldestDue={data.oldestDue} />
          </div>
        </>
      )}
      <ElsewhereCard />
    </Page>
  );
}
