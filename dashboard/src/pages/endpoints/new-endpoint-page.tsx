import { type ReactNode, useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ApiError, inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { useAppId } from "../../router/place.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { BackToEndpoints } from "./back-to-endpoints.tsx";
import { EMPTY_DRAFT, type HeaderRow, newEndpoint, problemOf } from "./endpoint-draft.ts";
import { EndpointFields } from "./endpoint-fields.tsx";
import { HeadersEditor } from "./headers-editor.tsx";

const FIELDS = ["url", "description", "eventTypes", "throttleRate", "headers"];

/** What no field can show. */
function elsewhere(error: Error | null): ReactNode {
  if (error === null) return null;
  const shown =
    error instanceof ApiError && FIELDS.some((field) => error.fieldError(field) !== undefined);
  if (shown) return null;
  const { title, detail } = inWords(error);
  return (
    <Notice tone="bad" title={title}>
      {detail}
    </Notice>
  );
}

function useCreate() {
  const appId = useAppId();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: ReturnType<typeof newEndpoint>) =>
      api.post("/api/v1/app/{app_id}/endpoint", { path: { app_id: appId }, body }),
    onSuccess: async ({ id }) => {
      void queries.invalidateQueries({ queryKey: keys.endpoints(appId) });
      await navigate({ to: "/endpoints/$endpointId", params: { endpointId: id } });
    },
  });
}

export function NewEndpointPage(): ReactNode {
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const [headers, setHeaders] = useState<HeaderRow[]>([]);
  const [tried, setTried] = useState(false);
  const { mutate, isPending, error } = useCreate();
  const refused = error instanceof ApiError ? error : undefined;
  return (
    <Page title="Add endpoint" back={<BackToEndpoints />}>
      <form
        className="flex max-w-2xl flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (problemOf(draft) === undefined) mutate(newEndpoint(draft, headers));
        }}
      >
        {elsewhere(error)}
        <Card>
          <div className="flex flex-col gap-5">
            <EndpointFields draft={draft} onChange={setDraft} error={refused} tried={tried} isNew />
            <HeadersEditor
              rows={headers}
              onChange={setHeaders}
              error={refused?.fieldError("headers")}
            />
          </div>
        </Card>
        <div className="flex gap-2">
          <Button type="submit" tone="primary" busy={isPending}>
            Add endpoint
          </Button>
          <Link to="/endpoints" className={buttonClass()}>
            Cancel
          </Link>
        </div>
      </form>
    </Page>
  );
}
