/** Every action of the environment, newest first, live. */
import { type ReactNode, useState } from "react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import { actionsQuery, batteriesQuery } from "../../api/batteries.ts";
import { ActionTable } from "../../components/action-table.tsx";
import { formatPlural } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Select } from "../../ui/input.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { Page } from "../../ui/page.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import {
  type ActionsSearch,
  SHOWN_STATES,
  type Span,
  SPAN_WORDS,
  startOf,
} from "./action-search.ts";

const route = getRouteApi("/shell/actions");

const STATE_WORDS = { acknowledged: "Under way", completed: "Completed", failed: "Failed" };
const SPANS = Object.keys(SPAN_WORDS) as Span[];

function useBatteryNames(): ReadonlyMap<string, string> {
  // Names hardly change.
  const { data } = useInfiniteQuery(batteriesQuery(false));
  const batteries = data?.pages.flatMap((page) => page.batteries) ?? [];
  return new Map(batteries.map(({ id, name }) => [id, name]));
}

function Filters({ names }: { names: ReadonlyMap<string, string> }): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/actions" });
  const filter = (change: ActionsSearch): void =>
    void navigate({ search: (kept) => ({ ...kept, ...change }), replace: true });
  const { device, state, since } = search;
  return (
    <div className="flex flex-wrap gap-2">
      <Select
        aria-label="Device"
        value={device ?? ""}
        onChange={({ target }) => filter({ device: target.value || undefined })}
      >
        <option value="">All devices</option>
        {device !== undefined && !names.has(device) && <option value={device}>{device}</option>}
        {[...names].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        aria-label="State"
        value={state ?? ""}
        onChange={({ target }) =>
          filter({ state: SHOWN_STATES.find((one) => one === target.value) })
        }
      >
        <option value="">All states</option>
        {SHOWN_STATES.map((one) => (
          <option key={one} value={one}>
            {STATE_WORDS[one]}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Time"
        value={since ?? ""}
        onChange={({ target }) => filter({ since: SPANS.find((one) => one === target.value) })}
      >
        <option value="">Any time</option>
        {SPANS.map((span) => (
          <option key={span} value={span}>
            {SPAN_WORDS[span]}
          </option>
        ))}
      </Select>
      {(device ?? state ?? since) !== undefined && (
        <Button
          tone="quiet"
          onClick={() => filter({ device: undefined, state: undefined, since: undefined })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

function NoActions({ isFiltered }: { isFiltered: boolean }): ReactNode {
  if (isFiltered) {
    return (
      <EmptyState icon={Zap} title="No action is like that">
        Clear a filter to see more.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Zap}
      title="No action yet"
      action={
        <Link to="/actions/new" className={buttonClass("primary")}>
          Push the first action
        </Link>
      }
    >
      An action tells a battery what to do. How it ended is told to your endpoints by{" "}
      <code className="font-mono">push.completed</code> or{" "}
      <code className="font-mono">push.failed</code>.
    </EmptyState>
  );
}

/** `j` and `k` go along the rows, Enter opens. */
function useRows(ids: readonly string[]): string | undefined {
  const [activeId, setActiveId] = useState<string>();
  const navigate = useNavigate();
  const go = (step: number): void => {
    const at = activeId === undefined ? -1 : ids.indexOf(activeId);
    setActiveId(ids[Math.min(ids.length - 1, Math.max(0, at + step))]);
  };
  useShortcuts([
    { keys: "j", label: "Next action", group: "Actions", run: () => go(1) },
    { keys: "k", label: "Previous action", group: "Actions", run: () => go(-1) },
    {
      keys: "Enter",
      label: "Open the action",
      group: "Actions",
      run: () => {
        if (activeId !== undefined) {
          void navigate({ to: "/actions/$actionId", params: { actionId: activeId } });
        }
      },
    },
    {
      keys: "n",
      label: "Push an action",
      group: "Actions",
      run: () => void navigate({ to: "/actions/new" }),
    },
  ]);
  return activeId;
}

export function ActionsPage(): ReactNode {
  const { device, state, since } = route.useSearch();
  const after = useAfter(since);
  const names = useBatteryNames();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    actionsQuery({ deviceId: device, state, after }),
  );
  // What was pushed between two pages moves rows from one to the next.
  const actions = data && [
    ...new Map(data.pages.flatMap((page) => page.actions).map((one) => [one.id, one])).values(),
  ];
  const activeId = useRows(actions?.map(({ id }) => id) ?? []);
  if (error !== null && data === undefined) throw error;
  const total = data?.pages[0]?.total ?? undefined;
  return (
    <Page
      title="Actions"
      description="What batteries were told, and how it ended."
      actions={
        <Link to="/actions/new" className={buttonClass("primary")}>
          <Zap className="size-4" aria-hidden />
          Push an action
        </Link>
      }
    >
      <Filters names={names} />
      {actions === undefined && <SkeletonRows label="Loading the actions" rows={8} />}
      {actions?.length === 0 && <NoActions isFiltered={(device ?? state ?? since) !== undefined} />}
      {actions !== undefined && actions.length > 0 && (
        <>
          <ActionTable label="Actions" actions={actions} names={names} activeId={activeId} />
          <LoadMore
            hasMore={hasNextPage}
            busy={isFetchingNextPage}
            onMore={() => void fetchNextPage()}
            end={total !== undefined && formatPlural(total, "action")}
          />
        </>
      )}
    </Page>
  );
}

/** Moves on with the minutes. */
function useAfter(since: Span | undefined): string | undefined {
  const now = useNow();
  return since === undefined ? undefined : startOf(since, now);
}
