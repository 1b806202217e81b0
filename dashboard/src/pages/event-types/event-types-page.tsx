/** The event catalogue: what can be sent, what it means, and how many listen. */
import { type ReactNode, useMemo, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { BookOpen, Plus } from "lucide-react";
import { isPortal } from "../../api/caller.ts";
import type { EndpointOut, EventTypeOut } from "../../api/generated/paths.ts";
import { exampleOf } from "../../components/event-catalogue.ts";
import { EventTypeBadges } from "../../components/event-type-badges.tsx";
import { formatPlural } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { SearchInput } from "../../ui/input.tsx";
import { LabelledCheckbox } from "../../ui/labelled-checkbox.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { WithCode } from "../../ui/with-code.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import { EventTypeEditor } from "./event-type-editor.tsx";
import { allEndpointsQuery, eventTypeListQuery, listensTo } from "./event-type-queries.ts";
import type { EventTypesSearch } from "./event-type-search.ts";

const route = getRouteApi("/shell/event-types");

function useShown(all: readonly EventTypeOut[] | undefined): EventTypeOut[] {
  const { q = "", archived } = route.useSearch();
  return useMemo(() => {
    const text = q.toLowerCase();
    return (all ?? []).filter(
      (one) =>
        (archived === true || !one.archived) &&
        `${one.name} ${one.description} ${one.groupName ?? ""}`.toLowerCase().includes(text),
    );
  }, [all, q, archived]);
}

function Filters({ archivedCount }: { archivedCount: number }): ReactNode {
  const { q = "", archived = false } = route.useSearch();
  const navigate = useNavigate({ from: "/event-types" });
  const change = (next: EventTypesSearch): void => {
    void navigate({ search: (kept) => ({ ...kept, ...next }), replace: true });
  };
  return (
    <div className="flex flex-wrap items-center gap-4">
      <SearchInput
        label="Search event types"
        className="w-64 max-sm:w-full"
        value={q}
        onChange={({ target }) => change({ q: target.value === "" ? undefined : target.value })}
      />
      {archivedCount > 0 && (
        <LabelledCheckbox
          className="text-muted"
          checked={archived}
          onChange={(all) => change({ archived: all || undefined })}
          label={`Archived too (${archivedCount})`}
        />
      )}
    </div>
  );
}

function Listeners({
  eventType,
  endpoints,
}: {
  eventType: EventTypeOut;
  endpoints: readonly EndpointOut[] | undefined;
}): ReactNode {
  if (endpoints === undefined) return <Skeleton className="h-3 w-16" />;
  const count = endpoints.filter((endpoint) => listensTo(endpoint, eventType.name)).length;
  if (count === 0) return <span className="text-faint">Nobody</span>;
  return formatPlural(count, "endpoint");
}

function EventTypeRow({
  eventType,
  endpoints,
}: {
  eventType: EventTypeOut;
  endpoints: readonly EndpointOut[] | undefined;
}): ReactNode {
  const { name, description, groupName } = eventType;
  return (
    <Tr>
      <Td className="whitespace-nowrap">
        <span className="flex items-center gap-2">
          <Link
            to="/event-types/$eventType"
            params={{ eventType: name }}
            className="font-mono text-xs font-medium hover:text-accent"
          >
            {name}
          </Link>
          <EventTypeBadges eventType={eventType} />
        </span>
        {groupName !== null && groupName !== undefined && (
          <span className="block text-2xs text-faint">{groupName}</span>
        )}
      </Td>
      <Td className="min-w-56 text-muted">
        <WithCode text={description} />
      </Td>
      <Td className="whitespace-nowrap text-muted">
        {exampleOf(eventType) === undefined ? <span className="text-faint">None</span> : "Yes"}
      </Td>
      <Td className="whitespace-nowrap text-muted">
        <Listeners eventType={eventType} endpoints={endpoints} />
      </Td>
    </Tr>
  );
}

function Catalogue({ all }: { all: readonly EventTypeOut[] }): ReactNode {
  const { data: endpoints } = useQuery(allEndpointsQuery(useAppId()));
  const shown = useShown(all);
  return (
    <>
      <Filters archivedCount={all.filter(({ archived }) => archived).length} />
      {shown.length === 0 ? (
        <p className="rounded-xl border border-line bg-surface p-8 text-center text-sm text-muted">
          No event type fits.
        </p>
      ) : (
        <Table label="Event types">
          <TableHead>
            <Th>Name</Th>
            <Th>When it is sent</Th>
            <Th>Example</Th>
            <Th>Who listens</Th>
          </TableHead>
          <tbody>
            {shown.map((eventType) => (
              <EventTypeRow key={eventType.name} eventType={eventType} endpoints={endpoints} />
            ))}
          </tbody>
        </Table>
      )}
    </>
  );
}

export function EventTypesPage(): ReactNode {
  const { data, error } = useQuery(eventTypeListQuery);
  const navigate = useNavigate();
  const [isCreating, setCreating] = useState(false);
  if (error !== null && data === undefined) throw error;
  const create = !isPortal && (
    <Button
      tone="primary"
      icon={<Plus className="size-4" aria-hidden />}
      onClick={() => setCreating(true)}
    >
      New event type
    </Button>
  );
  return (
    <Page
      title="Event types"
      description="What can be sent, when it is, and what is in it. Endpoints choose from these."
      actions={create}
    >
      {data === undefined && <SkeletonRows label="Loading the catalogue" />}
      {data?.length === 0 && (
        <EmptyState icon={BookOpen} title="The catalogue is empty" action={create}>
          An event type names something that happens, says when, and shows what is sent. Receivers
          choose by it.
        </EmptyState>
      )}
      {data !== undefined && data.length > 0 && <Catalogue all={data} />}
      {isCreating && (
        <EventTypeEditor
          onClose={() => setCreating(false)}
          onDone={({ name }) =>
            void navigate({ to: "/event-types/$eventType", params: { eventType: name } })
          }
        />
      )}
    </Page>
  );
}
