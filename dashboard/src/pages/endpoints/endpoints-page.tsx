/** All endpoints, with their health at a glance. */
import { type ReactNode, useMemo } from "react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Plus, Webhook } from "lucide-react";
import { may } from "../../api/caller.ts";
import { useRefetchInterval } from "../../api/live.ts";
import { useLiveRefresh } from "../../api/live-refresh.ts";
import { keys } from "../../api/keys.ts";
import { healthOf } from "../../components/endpoint-health.tsx";
import { formatPlural } from "../../lib/format.ts";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { useAppId } from "../../router/place.ts";
import { buttonClass } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { SearchInput, Select } from "../../ui/input.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { Page } from "../../ui/page.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { type EndpointsSearch, HEALTH_FILTERS, type HealthFilter } from "./endpoint-search.ts";
import { endpointListQuery, type EndpointRow } from "./endpoint-queries.ts";
import { EndpointTable } from "./endpoint-table.tsx";

const route = getRouteApi("/shell/endpoints");

const WORDS: Record<HealthFilter, string> = {
  failing: "Failing",
  degraded: "Degraded",
  healthy: "Healthy",
  idle: "No events yet",
  paused: "Paused",
  disabled: "Disabled",
};

function AddButton(): ReactNode {
  if (!may("ManageEndpoint")) return null;
  return (
    <Link to="/endpoints/new" className={buttonClass("primary")}>
      <Plus className="size-4" aria-hidden />
      Add endpoint
    </Link>
  );
}

function useFiltered(rows: EndpointRow[]): EndpointRow[] {
  const { q = "", health } = route.useSearch();
  return useMemo(() => {
    const text = q.toLowerCase();
    return rows.filter(({ endpoint, statistics }) => {
      const { url, description, id, uid } = endpoint;
      const found = [url, description, id, uid ?? ""].some((one) =>
        one.toLowerCase().includes(text),
      );
      return found && (health === undefined || healthOf(endpoint, statistics) === health);
    });
  }, [rows, q, health]);
}

function Filters(): ReactNode {
  const { q = "", health = "" } = route.useSearch();
  const navigate = useNavigate({ from: "/endpoints" });
  const change = (next: EndpointsSearch): void => {
    void navigate({ search: (kept) => ({ ...kept, ...next }), replace: true });
  };
  return (
    <div className="flex flex-wrap gap-2">
      <SearchInput
        label="Search endpoints"
        className="w-64 max-sm:w-full"
        value={q}
        onChange={({ target }) => change({ q: target.value === "" ? undefined : target.value })}
      />
      <Select
        aria-label="Health"
        value={health}
        onChange={({ target }) =>
          change({ health: HEALTH_FILTERS.find((one) => one === target.value) })
        }
      >
        <option value="">Any health</option>
        {HEALTH_FILTERS.map((one) => (
          <option key={one} value={one}>
            {WORDS[one]}
          </option>
        ))}
      </Select>
    </div>
  );
}

function NoEndpoints(): ReactNode {
  return (
    <EmptyState icon={Webhook} title="No endpoint yet" action={<AddButton />}>
      An endpoint is a URL of yours that is told what happens: each event as one signed POST, tried
      again until it is taken.
    </EmptyState>
  );
}

function EndpointList({ appId }: { appId: string }): ReactNode {
  const refetchInterval = useRefetchInterval();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...endpointListQuery(appId),
    refetchInterval,
  });
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  const shown = useFiltered(rows);
  if (error !== null && data === undefined) throw error;
  if (data === undefined) return <SkeletonRows label="Loading endpoints" />;
  if (rows.length === 0) return <NoEndpoints />;
  const all = `${formatPlural(rows.length, "endpoint")}, figures of the last 24 hours`;
  return (
    <>
      <Filters />
      {shown.length === 0 ? (
        <p className="rounded-xl border border-line bg-surface p-8 text-center text-sm text-muted">
          No endpoint fits these filters.
        </p>
      ) : (
        <EndpointTable rows={shown} />
      )}
      <LoadMore
        hasMore={hasNextPage}
        busy={isFetchingNextPage}
        onMore={() => void fetchNextPage()}
        end={all}
      />
    </>
  );
}

export function EndpointsPage(): ReactNode {
  const appId = useAppId();
  const navigate = useNavigate();
  useLiveRefresh(keys.endpoints(appId));
  const add = {
    keys: "n",
    label: "Add an endpoint",
    group: "Endpoints",
    run: () => void navigate({ to: "/endpoints/new" }),
  };
  useShortcuts(may("ManageEndpoint") ? [add] : []);
  return (
    <Page
      title="Endpoints"
      description="Where events are sent, and how each receiver is doing."
      actions={<AddButton />}
    >
      <EndpointList appId={appId} />
    </Page>
  );
}
