/** What fails, grouped by endpoint and cause, until somebody deals with it. */
import type { ReactNode } from "react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { EndpointOut, IssueOut } from "../../api/generated/paths.ts";
import { causeInWords } from "../../components/cause.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { IssueStateBadge, ReopenedBadge } from "../../components/issue-state.tsx";
import { formatCount, formatPlural } from "../../lib/format.ts";
import { useRowKeys } from "../../lib/rows.ts";
import { useAppId } from "../../router/place.ts";
import { buttonClass } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Select } from "../../ui/input.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { Page } from "../../ui/page.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { TabPanel, Tabs } from "../../ui/tabs.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { allEndpointsQuery } from "../event-types/event-type-queries.ts";
import { issueListQuery } from "./issue-queries.ts";
import { type IssuesSearch, STATES, type StateFilter } from "./issue-search.ts";

const route = getRouteApi("/shell/issues");

const LABELS: Record<StateFilter, string> = {
  open: "Open",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
  all: "All",
};
const TABS = STATES.map((value) => ({ value, label: LABELS[value] }));

type Names = ReadonlyMap<string, EndpointOut>;

function nameOf(names: Names, endpointId: string): string {
  const endpoint = names.get(endpointId);
  return endpoint === undefined ? endpointId : endpointName(endpoint);
}

function IssueRow({ issue, names }: { issue: IssueOut; names: Names }): ReactNode {
  const { id, cause, state, reopened, endpointId, lastError, attempts } = issue;
  return (
    <li className="relative flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-0 hover:bg-hover">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Link
            to="/issues/$issueId"
            params={{ issueId: id }}
            data-row
            // The whole row is the link.
            className="font-medium after:absolute after:inset-0"
          >
            {causeInWords(cause).title}
          </Link>
          <IssueStateBadge state={state} />
          <ReopenedBadge reopened={reopened} />
        </p>
        <p className="mt-0.5 truncate text-sm text-muted">
          {nameOf(names, endpointId)}
          {lastError !== null && lastError !== "" && (
            <span className="text-faint"> · {lastError}</span>
          )}
        </p>
      </div>
      <dl className="flex shrink-0 gap-6 text-right text-xs text-faint max-sm:text-left">
        <div className="w-20">
          <dd className="text-sm font-medium text-ink tabular-nums">{formatCount(attempts)}</dd>
          <dt>failures</dt>
        </div>
        <div className="w-20">
          <dd className="text-sm text-muted">
            <RelativeTime at={issue.lastSeenAt} />
          </dd>
          <dt>last seen</dt>
        </div>
        <div className="w-20">
          <dd className="text-sm text-muted">
            <RelativeTime at={issue.firstSeenAt} />
          </dd>
          <dt>first seen</dt>
        </div>
      </dl>
    </li>
  );
}

function Nothing({ state }: { state: StateFilter }): ReactNode {
  const { endpoint } = route.useSearch();
  if (endpoint !== undefined) {
    return (
      <EmptyState icon={CircleCheck} title="No such issue of this endpoint">
        Look at all endpoints, or at issues of another state.
      </EmptyState>
    );
  }
  if (state === "open") {
    return (
      <EmptyState
        icon={CircleCheck}
        title="Nothing fails that nobody knows of"
        action={
          <Link to="/issues" search={{ state: "resolved" }} className={buttonClass()}>
            See what was resolved
          </Link>
        }
      >
        That is how it should be: every failed attempt opens an issue here, grouped by endpoint and
        cause, within seconds.
      </EmptyState>
    );
  }
  const words = {
    acknowledged: ["Nothing is being worked on", "Issues that somebody has seen are kept here."],
    resolved: ["Nothing was resolved yet", "Issues that are dealt with are kept here."],
    all: ["Nothing has ever failed", "Every attempt has been answered by a 2xx. Long may it last."],
  } as const;
  const [title, text] = words[state];
  return (
    <EmptyState icon={CircleCheck} title={title}>
      {text}
    </EmptyState>
  );
}

function EndpointFilter({ endpoints }: { endpoints: readonly EndpointOut[] }): ReactNode {
  const { endpoint = "" } = route.useSearch();
  const navigate = useNavigate({ from: "/issues" });
  return (
    <Select
      aria-label="Endpoint"
      className="w-56"
      value={endpoint}
      onChange={({ target }) =>
        void navigate({
          search: (kept) => ({ ...kept, endpoint: target.value || undefined }),
          replace: true,
        })
      }
    >
      <option value="">All endpoints</option>
      {endpoints.map((one) => (
        <option key={one.id} value={one.id}>
          {endpointName(one)}
        </option>
      ))}
    </Select>
  );
}

function IssueList({ search, names }: { search: IssuesSearch; names: Names }): ReactNode {
  const appId = useAppId();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    issueListQuery(appId, search),
  );
  if (error !== null && data === undefined) throw error;
  if (data === undefined) return <SkeletonRows label="Loading issues" />;
  const issues = data.pages.flatMap((page) => page.data);
  if (issues.length === 0) return <Nothing state={search.state ?? "open"} />;
  return (
    <>
      <ul
        aria-label="Issues"
        className="overflow-hidden rounded-xl border border-line bg-surface shadow-card"
      >
        {issues.map((issue) => (
          <IssueRow key={issue.id} issue={issue} names={names} />
        ))}
      </ul>
      <LoadMore
        hasMore={hasNextPage}
        busy={isFetchingNextPage}
        onMore={() => void fetchNextPage()}
        end={formatPlural(issues.length, "issue")}
      />
    </>
  );
}

export function IssuesPage(): ReactNode {
  const appId = useAppId();
  const search = route.useSearch();
  const { state = "open" } = search;
  const navigate = useNavigate({ from: "/issues" });
  const { data: endpoints = [] } = useQuery(allEndpointsQuery(appId));
  const names = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  useRowKeys("Issues");
  const show = (next: StateFilter): void => {
    void navigate({
      search: (kept) => ({ ...kept, state: next === "open" ? undefined : next }),
    });
  };
  return (
    <Page
      title="Issues"
      description="What fails, by endpoint and cause, until somebody has dealt with it."
      actions={<EndpointFilter endpoints={endpoints} />}
    >
      <Tabs label="State" value={state} onChange={show} tabs={TABS}>
        <TabPanel value={state}>
          <IssueList search={search} names={names} />
        </TabPanel>
      </Tabs>
    </Page>
  );
}
