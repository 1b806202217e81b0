/** What an endpoint is: changed, or deleted. */
import { type ReactNode, useState } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { EndpointHeadersOut, EndpointOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { useDeleteEndpoint } from "./endpoint-deletion.ts";
import { bodyOf, draftOf, headerChanges, headerRows, problemOf } from "./endpoint-draft.ts";
import { EndpointFields } from "./endpoint-fields.tsx";
import { HeadersEditor } from "./headers-editor.tsx";

interface EndpointProps {
  endpoint: EndpointOut;
}

function usePath({ id }: EndpointOut) {
  return { app_id: useAppId(), endpoint_id: id };
}

function FieldsCard({ endpoint }: EndpointProps): ReactNode {
  const path = usePath(endpoint);
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(endpoint));
  const [tried, setTried] = useState(false);
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(endpoint));
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      api.patch("/api/v1/app/{app_id}/endpoint/{endpoint_id}", { path, body: bodyOf(draft) }),
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: keys.endpoints(path.app_id) });
      setDraft(draftOf(saved));
      toast({ tone: "good", title: "Saved", detail: "It counts for what is sent from now on." });
    },
    onError: (failure) => {
      if (!(failure instanceof ApiError && failure.status === 422)) {
        toast({ tone: "bad", ...inWords(failure) });
      }
    },
  });
  return (
    <Card title="Endpoint">
      <form
        className="flex max-w-2xl flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (problemOf(draft) === undefined) mutate();
        }}
      >
        <EndpointFields
          draft={draft}
          onChange={setDraft}
          error={error instanceof ApiError ? error : undefined}
          tried={tried}
        />
        <div className="flex gap-2">
          <Button type="submit" tone="primary" busy={isPending} disabled={!changed}>
            Save
          </Button>
          {changed && <Button onClick={() => setDraft(draftOf(endpoint))}>Undo changes</Button>}
        </div>
      </form>
    </Card>
  );
}

function HeadersForm({
  endpoint,
  stored,
}: EndpointProps & { stored: EndpointHeadersOut }): ReactNode {
  const path = usePath(endpoint);
  const queries = useQueryClient();
  const [rows, setRows] = useState(() => headerRows(stored));
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      api.patch("/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", {
        path,
        body: headerChanges(stored, rows),
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({
        queryKey: keys.endpointHeaders(path.app_id, endpoint.id),
      });
      toast({ tone: "good", title: "Headers saved" });
    },
  });
  return (
    <form
      className="flex max-w-2xl flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <HeadersEditor
        rows={rows}
        onChange={setRows}
        error={error === null ? undefined : inWords(error).detail}
      />
      <div>
        <Button type="submit" busy={isPending}>
          Save headers
        </Button>
      </div>
    </form>
  );
}

function HeadersCard({ endpoint }: EndpointProps): ReactNode {
  const path = usePath(endpoint);
  const { data, dataUpdatedAt } = useQuery({
    queryKey: keys.endpointHeaders(path.app_id, endpoint.id),
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", { path, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Card
      title="Headers"
      description="Sent with every event. Those that look like secrets are not shown again."
    >
      {data === undefined ? (
        <Skeleton className="h-16" />
      ) : (
        <HeadersForm key={dataUpdatedAt} endpoint={endpoint} stored={data} />
      )}
    </Card>
  );
}

function DeleteCard({ endpoint }: EndpointProps): ReactNode {
  const [asking, setAsking] = useState(false);
  const { mutate, isPending, error } = useDeleteEndpoint(endpoint);
  return (
    <>
      <Card
        title="Delete endpoint"
        description="What waits for it is not sent any more. Its deliveries stay in the log."
        actions={
          <Button tone="danger" onClick={() => setAsking(true)}>
            Delete …
          </Button>
        }
      />
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this endpoint?"
        confirmLabel="Delete endpoint"
        name={endpointName(endpoint)}
        busy={isPending}
        error={error === null ? undefined : inWords(error).detail}
        onConfirm={() => mutate()}
      >
        Nothing more is sent to <span className="font-mono text-xs">{endpoint.url}</span>. Its
        secret is gone for good; an endpoint with the same URL gets another. To stop for a while,
        pause it.
      </ConfirmDialog>
    </>
  );
}

export function SettingsTab({ endpoint }: EndpointProps): ReactNode {
  return (
    <div className="flex flex-col gap-5">
      <FieldsCard endpoint={endpoint} />
      <HeadersCard endpoint={endpoint} />
      <DeleteCard endpoint={endpoint} />
    </div>
  );
}
