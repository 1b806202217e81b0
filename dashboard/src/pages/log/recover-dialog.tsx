/** Sends everything that failed since a time once more: at one endpoint, or at all. */
import { type ReactNode, useState } from "react";
import { useMutation } from "@tanstack/react-query";
import { ApiError, inWords } from "../../api/api-error.ts";
import { isPortal } from "../../api/caller.ts";
import { api } from "../../api/client.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { useEndpointNames } from "../../components/endpoint-names.ts";
import { TaskProgress } from "../../components/task-progress.tsx";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Input, Select } from "../../ui/input.tsx";
import { Notice } from "../../ui/notice.tsx";

const HOUR_MS = 3_600_000;
const SINCE = [
  ["1", "an hour ago"],
  ["6", "6 hours ago"],
  ["24", "24 hours ago"],
  ["72", "3 days ago"],
  ["168", "7 days ago"],
  // A little less than the server's limit, which is judged when the request is there.
  ["335.9", "14 days ago"],
  ["custom", "another time …"],
] as const;

interface Started {
  endpoint: EndpointOut;
  taskId: string | undefined;
  /** Why it was not started. */
  refusal: string | undefined;
}

async function recoverOne(appId: string, endpoint: EndpointOut, since: string): Promise<Started> {
  if (endpoint.disabled) {
    return { endpoint, taskId: undefined, refusal: "It is disabled; enable it first." };
  }
  try {
    const path = { app_id: appId, endpoint_id: endpoint.id };
    const { id } = await api.post("/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover", {
      path,
      body: { since },
    });
    return { endpoint, taskId: id, refusal: undefined };
  } catch (error) {
    // What is wrong with all of them is said once.
    if (error instanceof ApiError && error.status === 422) throw error;
    return { endpoint, taskId: undefined, refusal: inWords(error).detail };
  }
}

function StartedTasks({ started }: { started: readonly Started[] }): ReactNode {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">
        It goes on in the background, also when you close this; the rows of the log change as
        answers come.
      </p>
      {started.map(({ endpoint, taskId, refusal }) => (
        <div key={endpoint.id} className="flex flex-col gap-1.5">
          <p className="truncate text-sm font-medium">{endpointName(endpoint)}</p>
          {refusal !== undefined && <p className="text-xs text-warn">Not recovered: {refusal}</p>}
          {taskId !== undefined && !isPortal && (
            <TaskProgress taskId={taskId} label={`Recovering ${endpointName(endpoint)}`} />
          )}
          {taskId !== undefined && isPortal && <p className="text-xs text-muted">Started.</p>}
        </div>
      ))}
    </div>
  );
}

interface RecoverDialogProps {
  /** Chosen at first; undefined: all. */
  endpointId: string | undefined;
  onClose: () => void;
}

function useRecover(wanted: string) {
  const appId = useAppId();
  const { endpoints, isLoaded } = useEndpointNames();
  const chosen = endpoints.filter(({ id }) => wanted === "" || id === wanted);
  const mutation = useMutation({
    mutationFn: async (since: string): Promise<Started[]> => {
      const started: Started[] = [];
      for (const endpoint of chosen) started.push(await recoverOne(appId, endpoint, since));
      return started;
    },
  });
  return { ...mutation, endpoints, isEmpty: isLoaded && chosen.length === 0 };
}

function timeOf(since: string, custom: string): string | undefined {
  if (since !== "custom") return new Date(Date.now() - Number(since) * HOUR_MS).toISOString();
  return custom === "" ? undefined : new Date(custom).toISOString();
}

interface ChoicesProps {
  endpoints: readonly EndpointOut[];
  wanted: string;
  setWanted: (wanted: string) => void;
  since: string;
  setSince: (since: string) => void;
  custom: string;
  setCustom: (custom: string) => void;
}

function Choices(props: ChoicesProps): ReactNode {
  const { endpoints, wanted, setWanted, since, setSince, custom, setCustom } = props;
  return (
    <>
      <Field label="At">
        {(control) => (
          <Select
            {...control}
            className="w-full"
            value={wanted}
            onChange={({ target }) => setWanted(target.value)}
          >
            <option value="">all endpoints</option>
            {endpoints.map((endpoint) => (
              <option key={endpoint.id} value={endpoint.id}>
                {endpointName(endpoint)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Failed since" hint="At most 14 days back. One attempt for each.">
        {(control) => (
          <Select
            {...control}
            className="w-full"
            value={since}
            onChange={({ target }) => setSince(target.value)}
          >
            {SINCE.map(([hours, words]) => (
              <option key={hours} value={hours}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {since === "custom" && (
        <Input
          type="datetime-local"
          aria-label="The time"
          value={custom}
          onChange={({ target }) => setCustom(target.value)}
        />
      )}
    </>
  );
}

export function RecoverDialog({ endpointId, onClose }: RecoverDialogProps): ReactNode {
  const [wanted, setWanted] = useState(endpointId ?? "");
  const [since, setSince] = useState("24");
  const [custom, setCustom] = useState("");
  const { mutate, isPending, data: started, error, endpoints, isEmpty } = useRecover(wanted);
  const at = timeOf(since, custom);
  const start = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button
        tone="primary"
        busy={isPending}
        disabled={at === undefined || isEmpty}
        onClick={() => at !== undefined && mutate(at)}
      >
        Recover
      </Button>
    </>
  );
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Recover failed deliveries"
      description="Sends once more what was given up, was never delivered since and waits for no retry."
      footer={started === undefined ? start : <Button onClick={onClose}>Close</Button>}
    >
      {started !== undefined ? (
        <StartedTasks started={started} />
      ) : (
        <div className="flex flex-col gap-4">
          <Choices {...{ endpoints, wanted, setWanted, since, setSince, custom, setCustom }} />
          {isEmpty && <Notice tone="warn" title="There is no endpoint yet." />}
          {error !== null && (
            <Notice tone="bad" {...inWords(error)}>
              {inWords(error).detail}
            </Notice>
          )}
        </div>
      )}
    </Dialog>
  );
}
