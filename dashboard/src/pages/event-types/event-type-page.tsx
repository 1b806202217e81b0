/** One event type: what is in it, an example, who listens. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Pencil } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { isPortal } from "../../api/caller.ts";
import type { EventTypeOut } from "../../api/generated/paths.ts";
import { exampleOf } from "../../components/event-catalogue.ts";
import { EventTypeBadges } from "../../components/event-type-badges.tsx";
import { hasFields, SchemaTree } from "../../components/schema-tree.tsx";
import { toast } from "../../lib/toasts.ts";
import { BackLabel } from "../../ui/back-label.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { WithCode } from "../../ui/with-code.tsx";
import { schemaOf } from "./event-type-draft.ts";
import { EventTypeEditor } from "./event-type-editor.tsx";
import { eventTypeQuery, useChangeEventType } from "./event-type-queries.ts";
import { ListenersCard } from "./listeners-card.tsx";

const route = getRouteApi("/shell/event-types/$eventType");

function Back(): ReactNode {
  return (
    <Link to="/event-types">
      <BackLabel>Event types</BackLabel>
    </Link>
  );
}

interface Edited {
  eventType: EventTypeOut;
}

function ArchiveDialog({ eventType, onClose }: Edited & { onClose: () => void }): ReactNode {
  const { name } = eventType;
  const { mutate, isPending, error } = useChangeEventType(() => {
    toast({ tone: "good", title: `${name} is archived` });
    onClose();
  });
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Archive ${name}`}
      confirmLabel="Archive"
      busy={isPending}
      error={error === null ? undefined : inWords(error).detail}
      onConfirm={() => mutate({ kind: "patch", name, body: { archived: true } })}
    >
      It leaves the catalogue: nobody can choose it any more. What programs still publish of it goes
      on to the endpoints that take it. It can be brought back at any time.
    </ConfirmDialog>
  );
}

function Actions({ eventType }: Edited): ReactNode {
  const [open, setOpen] = useState<"edit" | "archive">();
  const close = (): void => setOpen(undefined);
  const { name, archived } = eventType;
  const restore = useChangeEventType(() =>
    toast({ tone: "good", title: `${name} is back in the catalogue` }),
  );
  return (
    <>
      {archived ? (
        <Button
          icon={<ArchiveRestore className="size-3.5" aria-hidden />}
          busy={restore.isPending}
          onClick={() => restore.mutate({ kind: "patch", name, body: { archived: false } })}
        >
          Bring back
        </Button>
      ) : (
        <Button
          icon={<Archive className="size-3.5" aria-hidden />}
          onClick={() => setOpen("archive")}
        >
          Archive …
        </Button>
      )}
      <Button icon={<Pencil className="size-3.5" aria-hidden />} onClick={() => setOpen("edit")}>
        Edit
      </Button>
      {open === "archive" && <ArchiveDialog eventType={eventType} onClose={close} />}
      {open === "edit" && (
        <EventTypeEditor
          eventType={eventType}
          onClose={close}
          onDone={() => {
            toast({ tone: "good", title: `${name} is saved` });
            close();
          }}
        />
      )}
    </>
  );
}

function FieldsCard({ eventType }: Edited): ReactNode {
  const [isRaw, setRaw] = useState(false);
  const schema = schemaOf(eventType);
  const readable = schema !== undefined && hasFields(schema);
  return (
    <Card
      title="What is in it"
      description={
        typeof schema?.["description"] === "string" ? (
          <WithCode text={schema["description"]} />
        ) : undefined
      }
      actions={
        readable && (
          <Button size="small" onClick={() => setRaw(!isRaw)}>
            {isRaw ? "Show the fields" : "Show the JSON Schema"}
          </Button>
        )
      }
    >
      {schema === undefined && (
        <p className="text-sm text-muted">
          Nobody has described it yet{isPortal ? "." : ": edit it, and give it a schema."}
        </p>
      )}
      {schema !== undefined && readable && !isRaw && <SchemaTree schema={schema} />}
      {schema !== undefined && (isRaw || !readable) && (
        <CodeBlock text={JSON.stringify(schema, null, 2)} label="the JSON Schema" />
      )}
    </Card>
  );
}

function ExampleCard({ eventType }: Edited): ReactNode {
  const example = exampleOf(eventType);
  return (
    <Card title="Example" description="The body of the POST, as an endpoint gets it.">
      {example === undefined ? (
        <p className="text-sm text-muted">
          There is none yet{isPortal ? "." : ". With one it can be sent to an endpoint to try it."}
        </p>
      ) : (
        <CodeBlock text={example} label="the example" />
      )}
    </Card>
  );
}

function EventTypeView({ eventType }: Edited): ReactNode {
  const { name, description, groupName, updatedAt } = eventType;
  return (
    <Page
      title={name}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="min-w-0 font-mono text-lg break-all">{name}</span>
          <EventTypeBadges eventType={eventType} />
        </span>
      }
      back={<Back />}
      description={
        <>
          <WithCode text={description} />{" "}
          <span className="text-faint">
            {groupName !== null && groupName !== undefined && `Of ${groupName}. `}Changed{" "}
            <RelativeTime at={updatedAt} />.
          </span>
        </>
      }
      actions={!isPortal && <Actions eventType={eventType} />}
    >
      <div className="grid items-start gap-5 lg:grid-cols-2 [&>*]:min-w-0">
        <FieldsCard eventType={eventType} />
        <ExampleCard eventType={eventType} />
      </div>
      <ListenersCard eventType={eventType} />
    </Page>
  );
}

export function EventTypePage(): ReactNode {
  const { eventType: name } = route.useParams();
  const { data, error } = useQuery(eventTypeQuery(name));
  if (data !== undefined) return <EventTypeView eventType={data} />;
  if (error !== null) throw error;
  return (
    <Page title={name} back={<Back />} heading={<Skeleton className="h-7 w-64" />}>
      <SkeletonRows label="Loading the event type" />
    </Page>
  );
}
