/** The delivery log: every event at every endpoint, newest first, as it happens. */
import { type ReactNode, useRef, useState } from "react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { LifeBuoy, Pause, Play } from "lucide-react";
import { useEndpointNames } from "../../components/endpoint-names.ts";
import { formatPlural } from "../../lib/format.ts";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/input.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { Page } from "../../ui/page.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { Table, TableHead, Th } from "../../ui/table.tsx";
import { keyOf } from "./deliveries.ts";
import { NothingMatches, NothingYet, SearchedBack } from "./log-empty.tsx";
import { LogFilters } from "./log-filters.tsx";
import { LogRow } from "./log-row.tsx";
import { isFiltered, type LogSearch, readLogSearch } from "./log-search.ts";
import { RecoverDialog } from "./recover-dialog.tsx";
import { type Resending, type Target, useResending } from "./resending.ts";
import { type Selection, useSelection } from "./selection.ts";
import { type Log, useLog } from "./use-log.ts";

const route = getRouteApi("/shell/log");
/** Further down somebody reads: new rows wait. */
const TOP_PX = 60;

function targetsOf(keys: Iterable<string>): Target[] {
  return [...keys].map((key) => {
    const [msgId = "", endpointId = ""] = key.split(".");
    return { msgId, endpointId };
  });
}

interface RowsProps {
  log: Log;
  selection: Selection;
}

function Rows({ log, selection }: RowsProps): ReactNode {
  const { nameOf } = useEndpointNames();
  const { selected, active, toggle, toggleAll } = selection;
  const all = log.rows.length > 0 && selected.size >= log.rows.length;
  return (
    <Table label="Deliveries">
      <TableHead>
        <Th className="w-9 pr-0">
          <Checkbox
            aria-label="Select all shown"
            checked={all}
            ref={(box) => {
              if (box !== null) box.indeterminate = selected.size > 0 && !all;
            }}
            onChange={toggleAll}
            className="block"
          />
        </Th>
        <Th className="px-3">Status</Th>
        <Th className="w-[26%] px-3 max-sm:w-full">Event</Th>
        <Th className="w-[34%] px-3 max-sm:hidden">Endpoint</Th>
        <Th className="px-3 max-sm:hidden">Last answer</Th>
        <Th className="px-3 max-lg:hidden">Next</Th>
        <Th className="px-3 text-right">When</Th>
      </TableHead>
      <tbody>
        {log.rows.map((delivery) => {
          const key = keyOf(delivery);
          return (
            <LogRow
              key={key}
              delivery={delivery}
              endpoint={nameOf(delivery.endpointId)}
              selected={selected.has(key)}
              active={active === key}
              onSelect={(event) => toggle(key, event.shiftKey)}
            />
          );
        })}
      </tbody>
    </Table>
  );
}

/** Stands still at the top while new rows wait. */
function FreshPill({ log }: { log: Log }): ReactNode {
  if (log.fresh === 0) return null;
  return (
    <div className="pointer-events-none sticky top-14 z-20 -my-2 flex h-0 justify-center lg:top-3">
      <button
        type="button"
        onClick={() => {
          log.showFresh();
          window.scrollTo({ top: 0 });
        }}
        className="pointer-events-auto h-7 rounded-full bg-accent px-3.5 text-xs font-medium text-on-accent shadow-pop hover:bg-accent-hover"
      >
        {formatPlural(log.fresh, "new delivery", "new deliveries")}
      </button>
    </div>
  );
}

interface SelectionBarProps {
  selection: Selection;
  resending: Resending;
}

function SelectionBar({ selection, resending }: SelectionBarProps): ReactNode {
  const { progress, start, stop } = resending;
  const { selected, clear } = selection;
  if (progress === undefined && selected.size === 0) return null;
  const done = progress === undefined ? 0 : progress.sent + progress.refused;
  return (
    <div
      role="region"
      aria-label="Selection"
      className="sticky bottom-4 z-20 mx-auto flex w-fit max-w-full flex-wrap items-center gap-3 rounded-xl border border-line bg-raised px-4 py-2.5 text-sm shadow-pop"
    >
      {progress === undefined ? (
        <>
          <span className="font-medium tabular-nums">{selected.size} selected</span>
          <Button
            tone="primary"
            size="small"
            onClick={() => void start(targetsOf(selected)).then(clear)}
          >
            Resend
          </Button>
          <Button tone="quiet" size="small" onClick={clear}>
            Clear selection
          </Button>
        </>
      ) : (
        <>
          <progress
            value={done}
            max={progress.total}
            aria-label="Resending"
            className="h-1.5 w-32 accent-accent"
          />
          <span className="tabular-nums" aria-live="polite">
            Resending {done} of {progress.total} …
          </span>
          <Button size="small" onClick={stop}>
            Stop
          </Button>
        </>
      )}
    </div>
  );
}

/** Whether new rows may push the others down: nobody is reading, pointing or selecting. */
function useFollowing() {
  const [live, setLive] = useState(true);
  const area = useRef<HTMLDivElement>(null);
  const follows = (): boolean =>
    live &&
    window.scrollY < TOP_PX &&
    area.current?.matches(":hover, :focus-within, :has([aria-selected='true'])") !== true;
  return { live, toggleLive: () => setLive(!live), area, follows };
}

function useLogShortcuts(
  selection: Selection,
  actions: { resend: () => void; filter: () => void; toggleLive: () => void },
): void {
  const group = "Log";
  const { active, toggle, move, clear } = selection;
  const select = (range: boolean) => () => active !== undefined && toggle(active, range);
  useShortcuts([
    { keys: "j", label: "Next delivery", group, run: () => move(1) },
    { keys: "k", label: "Previous delivery", group, run: () => move(-1) },
    { keys: "x", label: "Select", group, run: select(false) },
    { keys: "X", label: "Select all up to here", group, run: select(true) },
    { keys: "r", label: "Resend", group, run: actions.resend },
    { keys: "f", label: "Filter", group, run: actions.filter },
    { keys: "l", label: "Pause or go on live", group, run: actions.toggleLive },
    { keys: "Escape", label: "Clear the selection", group, run: clear },
  ]);
}

function EndOfLog({ log, filtered }: { log: Log; filtered: boolean }): ReactNode {
  if (log.searchedTo !== undefined) {
    return <SearchedBack to={log.searchedTo} busy={log.isLoadingMore} onContinue={log.loadMore} />;
  }
  return (
    <LoadMore
      hasMore={log.hasMore}
      busy={log.isLoadingMore}
      onMore={log.loadMore}
      end={filtered ? "That is all that matches." : "That is everything that is kept."}
    />
  );
}

interface LogActionsProps {
  live: boolean;
  onLive: () => void;
  onRecover: () => void;
}

function LogActions({ live, onLive, onRecover }: LogActionsProps): ReactNode {
  const Icon = live ? Pause : Play;
  return (
    <>
      <Button icon={<Icon className="size-3.5" aria-hidden />} onClick={onLive}>
        {live ? "Pause" : "Go on live"}
      </Button>
      <Button icon={<LifeBuoy className="size-3.5" aria-hidden />} onClick={onRecover}>
        Recover failed …
      </Button>
    </>
  );
}

export function LogPage(): ReactNode {
  const search = readLogSearch({ ...route.useSearch() });
  const navigate = useNavigate({ from: "/log" });
  const [recovering, setRecovering] = useState(false);
  const following = useFollowing();
  const log = useLog(search, following.follows);
  const selection = useSelection(log.rows);
  const resending = useResending();
  const filters = useRef<HTMLDivElement>(null);
  const change = (changes: Partial<LogSearch>): void => {
    selection.clear();
    const next = readLogSearch({ ...search, ...changes });
    // `env` and `app` are kept by themselves.
    void navigate({ search: next, replace: true });
  };
  const clear = (): void => {
    selection.clear();
    void navigate({ search: {}, replace: true });
  };
  const { selected, active } = selection;
  useLogShortcuts(selection, {
    resend: () => {
      const keys = selected.size > 0 ? selected : active === undefined ? [] : [active];
      void resending.start(targetsOf(keys)).then(selection.clear);
    },
    filter: () => filters.current?.querySelector<HTMLElement>("[data-filter]")?.focus(),
    toggleLive: following.toggleLive,
  });
  if (log.error !== null && log.isLoading) throw log.error;
  const filtered = isFiltered(search);
  const isEmpty = !log.isLoading && log.rows.length === 0 && log.searchedTo === undefined;
  return (
    <Page
      title="Delivery log"
      description="Every event at every endpoint, newest first."
      actions={
        <LogActions
          live={following.live}
          onLive={following.toggleLive}
          onRecover={() => setRecovering(true)}
        />
      }
    >
      <LogFilters search={search} change={change} clear={clear} anchor={filters} />
      <FreshPill log={log} />
      {log.isLoading && <SkeletonRows rows={10} label="Loading deliveries" />}
      {isEmpty && (filtered ? <NothingMatches clear={clear} /> : <NothingYet />)}
      <div ref={following.area}>
        {log.rows.length > 0 && <Rows log={log} selection={selection} />}
        {!log.isLoading && !isEmpty && <EndOfLog log={log} filtered={filtered} />}
      </div>
      <SelectionBar selection={selection} resending={resending} />
      {recovering && (
        <RecoverDialog endpointId={search.endpoint} onClose={() => setRecovering(false)} />
      )}
    </Page>
  );
}
