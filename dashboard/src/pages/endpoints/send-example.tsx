/** Sends one of the catalogue's examples to this endpoint, and shows what comes back. */
import { type ReactNode, useState } from "react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { EndpointOut, EventTypeOut, MessageAttemptOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { AttemptBadge, outcomeOf } from "../../components/attempt-outcome.tsx";
import { catalogueQuery, exampleOf } from "../../components/event-catalogue.ts";
import { formatDuration } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Select } from "../../ui/input.tsx";

const ASK_MS = 300;

/** The first attempt of the message; asked for until it is there. */
function useFirstAttempt(
  endpointId: string,
  messageId: string | undefined,
): MessageAttemptOut | undefined {
  const appId = useAppId();
  const { data } = useQuery({
    queryKey: [...keys.message(appId, messageId ?? ""), "first-attempt"],
    queryFn: async ({ signal }) => {
      const answer = await api.get("/api/v1/app/{app_id}/attempt/msg/{msg_id}", {
        path: { app_id: appId, msg_id: messageId ?? "" },
        query: { endpoint_id: endpointId, limit: 1, expanded_statuses: true },
        signal,
      });
      return answer.data[0] ?? null;
    },
    enabled: messageId !== undefined,
    refetchInterval: ({ state }) => (state.data === null ? ASK_MS : false),
  });
  return data ?? undefined;
}

function Result({ attempt }: { attempt: MessageAttemptOut | undefined }): ReactNode {
  if (attempt === undefined) {
    return (
      <p className="flex items-center gap-2 text-sm text-muted">
        <LoaderCircle className="size-4 animate-spin" aria-hidden />
        Sent; waiting for the receiver's answer …
      </p>
    );
  }
  const { response, errorMessage, responseDurationMs } = attempt;
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <AttemptBadge attempt={attempt} />
        <span>{outcomeOf(attempt)}</span>
        <span className="text-faint">after {formatDuration(responseDurationMs)}</span>
      </p>
      {response !== "" && response !== errorMessage && (
        <CodeBlock text={response} label="the receiver's answer" wrap />
      )}
    </div>
  );
}

/** Those the endpoint takes, if any of them has an example. */
function useExamples({ eventTypes }: EndpointOut): EventTypeOut[] | undefined {
  const { data } = useQuery(catalogueQuery);
  const able = data?.filter((type) => !type.archived && exampleOf(type) !== undefined);
  const wanted = able?.filter(({ name }) => eventTypes?.includes(name) ?? true) ?? [];
  return wanted.length > 0 ? wanted : able;
}

function useSend({ id }: EndpointOut) {
  const appId = useAppId();
  return useMutation({
    mutationFn: (eventType: string) =>
      api.post("/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example", {
        path: { app_id: appId, endpoint_id: id },
        body: { eventType },
      }),
  });
}

interface ExampleChoiceProps {
  types: readonly EventTypeOut[];
  chosen: EventTypeOut;
  onChoose: (name: string) => void;
}

function ExampleChoice({ types, chosen, onChoose }: ExampleChoiceProps): ReactNode {
  return (
    <>
      <Field label="Event" hint={chosen.description}>
        {(control) => (
          <Select
            {...control}
            value={chosen.name}
            onChange={({ target }) => onChoose(target.value)}
          >
            {types.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <CodeBlock text={exampleOf(chosen) ?? ""} label="the body" className="[&_pre]:max-h-48" />
    </>
  );
}

interface SendExampleProps {
  endpoint: EndpointOut;
  /** Chosen at first. */
  eventType?: string;
  onClose: () => void;
}

export function SendExample({ endpoint, eventType, onClose }: SendExampleProps): ReactNode {
  const types = useExamples(endpoint);
  const [name, setName] = useState(eventType);
  const chosen = types?.find((type) => type.name === name) ?? types?.[0];
  const { mutate, data, isPending, error } = useSend(endpoint);
  const attempt = useFirstAttempt(endpoint.id, data?.id);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Send an example"
      description="A real, signed delivery to this endpoint and to no other."
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button
            tone="primary"
            busy={isPending}
            disabled={chosen === undefined}
            onClick={() => chosen !== undefined && mutate(chosen.name)}
          >
            {data === undefined ? "Send" : "Send again"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {types !== undefined && chosen !== undefined && (
          <ExampleChoice types={types} chosen={chosen} onChoose={setName} />
        )}
        {types?.length === 0 && (
          <p className="text-sm text-muted">
            No event type has an example yet: put one into its schema.
          </p>
        )}
        <div aria-live="polite">
          {error !== null && <p className="text-sm text-bad">{inWords(error).detail}</p>}
          {data !== undefined && <Result attempt={attempt} />}
        </div>
      </div>
    </Dialog>
  );
}
