/** Which events an endpoint gets: all, or some of the catalogue, each with what it says and looks like. */
import { type ReactNode, useId, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import type { EventTypeOut } from "../../api/generated/paths.ts";
import { catalogueQuery, exampleOf } from "../../components/event-catalogue.ts";
import { cx } from "../../lib/cx.ts";
import { CodeBlock } from "../../ui/code-block.tsx";
import { Checkbox, SearchInput } from "../../ui/input.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";

/** More than fit on a screen are worth a search. */
const SEARCH_FROM = 8;

interface EventPickerProps {
  /** Null: every type, also those to come. */
  value: readonly string[] | null;
  onChange: (value: string[] | null) => void;
  error?: string | undefined;
}

interface EventRowProps {
  eventType: EventTypeOut;
  checked: boolean;
  onToggle: () => void;
}

function EventRow({ eventType, checked, onToggle }: EventRowProps): ReactNode {
  const [open, setOpen] = useState(false);
  const id = useId();
  const example = exampleOf(eventType);
  return (
    <li className="border-b border-line last:border-0">
      <div className="flex items-start gap-3 px-3 py-2">
        <Checkbox id={id} checked={checked} onChange={onToggle} className="mt-0.5" />
        <label htmlFor={id} className="min-w-0 flex-1 cursor-pointer">
          <span className="block font-mono text-xs">{eventType.name}</span>
          <span className="block text-xs text-muted">{eventType.description}</span>
        </label>
        {example !== undefined && (
          <button
            type="button"
            aria-expanded={open}
            aria-label={`Example of ${eventType.name}`}
            onClick={() => setOpen(!open)}
            className="flex items-center gap-0.5 rounded text-xs text-accent hover:text-accent-hover"
          >
            <ChevronRight
              className={cx("size-3.5 transition-transform", open && "rotate-90")}
              aria-hidden
            />
            Example
          </button>
        )}
      </div>
      {open && example !== undefined && (
        <div className="px-3 pb-3">
          <CodeBlock text={example} label={`the example of ${eventType.name}`} />
        </div>
      )}
    </li>
  );
}

function Catalogue({
  value,
  onChange,
}: {
  value: readonly string[];
  onChange: (v: string[]) => void;
}): ReactNode {
  const { data, error } = useQuery(catalogueQuery);
  const [text, setText] = useState("");
  if (error !== null && data === undefined) throw error;
  if (data === undefined) return <Skeleton className="h-24" />;
  const known = data.filter(({ archived, name }) => !archived || value.includes(name));
  const found = known.filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes(text.toLowerCase()),
  );
  const toggle = (name: string): void => {
    onChange(value.includes(name) ? value.filter((one) => one !== name) : [...value, name]);
  };
  return (
    <div className="rounded-lg border border-line">
      {known.length >= SEARCH_FROM && (
        <div className="border-b border-line p-2">
          <SearchInput
            label="Search event types"
            className="w-full"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </div>
      )}
      <ul className="max-h-80 overflow-y-auto">
        {found.map((eventType) => (
          <EventRow
            key={eventType.name}
            eventType={eventType}
            checked={value.includes(eventType.name)}
            onToggle={() => toggle(eventType.name)}
          />
        ))}
      </ul>
      {found.length === 0 && <p className="p-3 text-xs text-muted">No event type fits.</p>}
    </div>
  );
}

export function EventPicker({ value, onChange, error }: EventPickerProps): ReactNode {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">Events</legend>
      <label className="flex items-center gap-2 text-sm">
        <input
          type="radio"
          name={name}
          className="accent-accent"
          checked={value === null}
          onChange={() => onChange(null)}
        />
        All events, also those of types to come
      </label>
      <label className="flex items-center gap-2 text-sm">
        <input
          type="radio"
          name={name}
          className="accent-accent"
          checked={value !== null}
          onChange={() => onChange([])}
        />
        Only these
        {value !== null && value.length > 0 && (
          <span className="text-faint">{value.length} chosen</span>
        )}
      </label>
      {value !== null && <Catalogue value={value} onChange={onChange} />}
      {error !== undefined && <p className="text-xs text-bad">{error}</p>}
    </fieldset>
  );
}
