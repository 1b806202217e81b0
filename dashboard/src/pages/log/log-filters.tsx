/** What narrows the log down. All of it is in the address. */
import { type ReactNode, type RefObject, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal, X } from "lucide-react";
import { catalogueQuery } from "../../components/event-catalogue.ts";
import { useEndpointNames } from "../../components/endpoint-names.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { cx } from "../../lib/cx.ts";
import { Button } from "../../ui/button.tsx";
import { Input, SearchInput, Select } from "../../ui/input.tsx";
import {
  isFiltered,
  type LogSearch,
  OUTCOMES,
  type Outcome,
  SPANS,
  type Span,
  STATUS_FILTERS,
  type StatusFilter,
} from "./log-search.ts";

const STATUS_WORDS: Record<StatusFilter, string> = {
  failing: "Failing",
  exhausted: "Exhausted",
  backing_off: "Backing off",
  waiting: "Waiting",
  parked: "Parked",
  delivered: "Delivered",
  canceled: "Cancelled",
};
const OUTCOME_WORDS: Record<Outcome, string> = {
  "2xx": "2xx",
  "3xx": "3xx, a redirect",
  "4xx": "4xx",
  "5xx": "5xx",
  timeout: "Timed out",
  connection: "No connection",
  tls: "TLS failed",
  dns: "Name not found",
  address: "Address not allowed",
  other: "Something else",
};
const SPAN_WORDS: Record<Span, string> = {
  hour: "Last hour",
  day: "Last 24 hours",
  week: "Last 7 days",
  custom: "From … to …",
};
const SLOWER_MS = [1_000, 5_000, 10_000, 20_000];

interface FilterProps {
  search: LogSearch;
  change: (changes: Partial<LogSearch>) => void;
}

/** A field that is searched by when it is left or Enter is pressed. */
function useDraft(
  value: string | undefined,
  submit: (value: string | undefined) => void,
): {
  value: string;
  onChange: (event: { target: { value: string } }) => void;
  onBlur: () => void;
  onKeyDown: (event: { key: string; currentTarget: HTMLInputElement }) => void;
} {
  const [draft, setDraft] = useState<string>();
  const send = (): void => {
    if (draft === undefined) return;
    setDraft(undefined);
    if (draft.trim() !== (value ?? "")) submit(draft.trim() === "" ? undefined : draft.trim());
  };
  return {
    value: draft ?? value ?? "",
    onChange: ({ target }) => setDraft(target.value),
    onBlur: send,
    onKeyDown: ({ key, currentTarget }) => {
      if (key === "Enter") send();
      if (key === "Escape") {
        setDraft(undefined);
        currentTarget.blur();
      }
    },
  };
}

function StatusChips({ search, change }: FilterProps): ReactNode {
  const choices: (StatusFilter | undefined)[] = [undefined, ...STATUS_FILTERS];
  return (
    <div
      role="group"
      aria-label="Status"
      className="flex max-w-full gap-0.5 overflow-x-auto rounded-lg border border-line bg-sunken p-0.5"
    >
      {choices.map((status) => (
        <button
          key={status ?? "all"}
          type="button"
          aria-pressed={search.status === status}
          onClick={() => change({ status })}
          className={cx(
            "h-6.5 rounded-md px-2.5 text-xs font-medium whitespace-nowrap",
            search.status === status
              ? "bg-surface text-ink shadow-card"
              : "text-muted hover:text-ink",
          )}
        >
          {status === undefined ? "All" : STATUS_WORDS[status]}
        </button>
      ))}
    </div>
  );
}

function EndpointSelect({ search, change }: FilterProps): ReactNode {
  const { endpoints, nameOf } = useEndpointNames();
  const { endpoint } = search;
  const isListed = endpoint === undefined || endpoints.some(({ id }) => id === endpoint);
  return (
    <Select
      aria-label="Endpoint"
      className="max-w-44 max-sm:w-full max-sm:max-w-none"
      value={endpoint ?? ""}
      onChange={({ target }) => change({ endpoint: target.value || undefined })}
    >
      <option value="">Any endpoint</option>
      {!isListed && <option value={endpoint}>{nameOf(endpoint)}</option>}
      {endpoints.map((one) => (
        <option key={one.id} value={one.id}>
          {endpointName(one)}
        </option>
      ))}
    </Select>
  );
}

function TypeSelect({ search, change }: FilterProps): ReactNode {
  const { data = [] } = useQuery(catalogueQuery);
  const { type } = search;
  const isListed = type === undefined || data.some(({ name }) => name === type);
  return (
    <Select
      aria-label="Event type"
      data-filter
      className="max-w-56 max-sm:w-full max-sm:max-w-none"
      value={type ?? ""}
      onChange={({ target }) => change({ type: target.value || undefined })}
    >
      <option value="">Any event type</option>
      {!isListed && <option value={type}>{type}</option>}
      {data.map(({ name }) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </Select>
  );
}

function OutcomeSelects({ search, change }: FilterProps): ReactNode {
  const code = useDraft(search.code, (next) => change({ code: next }));
  return (
    <>
      <Select
        aria-label="Answer"
        className="max-sm:w-full"
        value={search.outcome ?? ""}
        onChange={({ target }) => change({ outcome: OUTCOMES.find((one) => one === target.value) })}
      >
        <option value="">Any answer</option>
        {OUTCOMES.map((one) => (
          <option key={one} value={one}>
            {OUTCOME_WORDS[one]}
          </option>
        ))}
      </Select>
      <Input aria-label="Code" placeholder="Code: 503, timeout" className="sm:w-35!" {...code} />
      <Select
        aria-label="Duration"
        className="max-sm:w-full"
        value={search.slower ?? ""}
        onChange={({ target }) =>
          change({ slower: target.value === "" ? undefined : Number(target.value) })
        }
      >
        <option value="">Any duration</option>
        {search.slower !== undefined && !SLOWER_MS.includes(search.slower) && (
          <option value={search.slower}>Over {search.slower} ms</option>
        )}
        {SLOWER_MS.map((ms) => (
          <option key={ms} value={ms}>
            Over {ms / 1_000} s
          </option>
        ))}
      </Select>
    </>
  );
}

/** As `datetime-local` has it, in this browser's zone. */
function toLocal(at: string | undefined): string {
  if (at === undefined) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromLocal(value: string): string | undefined {
  return value === "" ? undefined : new Date(value).toISOString();
}

function SpanSelect({ search, change }: FilterProps): ReactNode {
  return (
    <>
      <Select
        aria-label="Time"
        className="max-sm:w-full"
        value={search.span ?? ""}
        onChange={({ target }) => {
          const span = SPANS.find((one) => one === target.value);
          change({ span, from: undefined, to: undefined });
        }}
      >
        <option value="">Any time</option>
        {SPANS.map((one) => (
          <option key={one} value={one}>
            {SPAN_WORDS[one]}
          </option>
        ))}
      </Select>
      {search.span === "custom" && (
        <>
          <Input
            type="datetime-local"
            aria-label="From"
            className="sm:w-48!"
            value={toLocal(search.from)}
            onChange={({ target }) => change({ from: fromLocal(target.value) })}
          />
          <Input
            type="datetime-local"
            aria-label="To"
            className="sm:w-48!"
            value={toLocal(search.to)}
            onChange={({ target }) => change({ to: fromLocal(target.value) })}
          />
        </>
      )}
    </>
  );
}

interface LogFiltersProps extends FilterProps {
  clear: () => void;
  /** Where `f` goes to. */
  anchor: RefObject<HTMLDivElement | null>;
}

export function LogFilters({ search, change, clear, anchor }: LogFiltersProps): ReactNode {
  const [open, setOpen] = useState(false);
  const text = useDraft(search.q, (q) => change({ q }));
  return (
    <div ref={anchor} className="flex flex-col gap-2.5">
      <div className="flex flex-wrap items-center gap-2.5">
        <SearchInput label="Search payloads" className="min-w-52 flex-1 sm:max-w-72" {...text} />
        <Button
          className="sm:hidden"
          aria-expanded={open}
          icon={<SlidersHorizontal className="size-3.5" aria-hidden />}
          onClick={() => setOpen(!open)}
        >
          Filters
        </Button>
        <StatusChips search={search} change={change} />
      </div>
      <div className={cx("flex flex-wrap items-center gap-2.5", !open && "max-sm:hidden")}>
        <TypeSelect search={search} change={change} />
        <EndpointSelect search={search} change={change} />
        <OutcomeSelects search={search} change={change} />
        <SpanSelect search={search} change={change} />
        {isFiltered(search) && (
          <Button tone="quiet" icon={<X className="size-3.5" aria-hidden />} onClick={clear}>
            Clear filters
          </Button>
        )}
      </div>
    </div>
  );
}
