/** Pausing and enabling; and, while it is disabled or failing, what that means. */
import { type ReactNode, useId, useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { may } from "../../api/caller.ts";
import { api } from "../../api/client.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { disabledBecause, isDown } from "../../components/endpoint-health.tsx";
import { TaskProgress } from "../../components/task-progress.tsx";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Checkbox, Input } from "../../ui/input.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Countdown, Elapsed, RelativeTime } from "../../ui/time.tsx";

interface EndpointProps {
  endpoint: EndpointOut;
}

function usePath({ id }: EndpointOut) {
  return { app_id: useAppId(), endpoint_id: id };
}

function usePause(endpoint: EndpointOut) {
  const path = usePath(endpoint);
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.post("/api/v1/app/{app_id}/endpoint/{endpoint_id}/disable", { path }),
    onSuccess: () => toast({ tone: "good", title: "Paused", detail: "What waits for it is kept." }),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.endpoints(path.app_id) }),
  });
}

/** For an `input` of local time. */
function toLocal(at: string): string {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

interface EnableDialogProps extends EndpointProps {
  onClose: () => void;
}

function useEnable(endpoint: EndpointOut) {
  const path = usePath(endpoint);
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { sendMissed: boolean; since?: string }) =>
      api.post("/api/v1/app/{app_id}/endpoint/{endpoint_id}/enable", { path, body }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.endpoints(path.app_id) }),
  });
}

interface MissedChoiceProps {
  missed: boolean;
  onMissed: (missed: boolean) => void;
  since: string;
  onSince: (since: string) => void;
}

function MissedChoice({ missed, onMissed, since, onSince }: MissedChoiceProps): ReactNode {
  const id = useId();
  return (
    <>
      <label htmlFor={id} className="flex items-start gap-2.5 text-sm">
        <Checkbox
          id={id}
          checked={missed}
          onChange={({ target }) => onMissed(target.checked)}
          className="mt-0.5"
        />
        <span>
          Send what was missed
          <span className="block text-xs text-muted">
            What failed for good, and what was published while it was off; one attempt each. What
            was waiting goes on in any case.
          </span>
        </span>
      </label>
      {missed && (
        <Field label="Since" hint="Empty: since it began to fail, or was disabled.">
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={since}
              onChange={({ target }) => onSince(target.value)}
              className="max-w-56"
            />
          )}
        </Field>
      )}
    </>
  );
}

function EnableDialog({ endpoint, onClose }: EnableDialogProps): ReactNode {
  const [missed, setMissed] = useState(may("CreateAttempts"));
  const [since, setSince] = useState(
    endpoint.disabledAt === null ? "" : toLocal(endpoint.failingSince ?? endpoint.disabledAt),
  );
  const { mutate, data, isPending, error } = useEnable(endpoint);
  const enable = (): void => {
    const at = missed && since !== "" ? { since: new Date(since).toISOString() } : {};
    mutate({ sendMissed: missed, ...at });
  };
  const tasks = data?.tasks ?? [];
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={data === undefined ? "Enable endpoint" : "It is enabled"}
      footer={
        data === undefined ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button tone="primary" busy={isPending} onClick={enable}>
              {missed ? "Enable and send" : "Enable"}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {data === undefined && !may("CreateAttempts") ? (
          <p className="text-sm text-muted">New events are sent again, and what was waiting.</p>
        ) : data === undefined ? (
          <MissedChoice missed={missed} onMissed={setMissed} since={since} onSince={setSince} />
        ) : (
          <p className="text-sm text-muted">
            {tasks.length === 0
              ? "New events are sent again."
              : "What was missed is being sent; you may close this."}
          </p>
        )}
        {tasks.map(({ id, task }) => (
          <TaskProgress
            key={id}
            taskId={id}
            label={
              task === "endpoint.recover" ? "What failed for good" : "What was published meanwhile"
            }
          />
        ))}
        {error !== null && <p className="text-sm text-bad">{inWords(error).detail}</p>}
      </div>
    </Dialog>
  );
}

export function EndpointStateActions({ endpoint }: EndpointProps): ReactNode {
  const [enabling, setEnabling] = useState(false);
  const pause = usePause(endpoint);
  return (
    <>
      {endpoint.disabled ? (
        <Button icon={<Play className="size-3.5" aria-hidden />} onClick={() => setEnabling(true)}>
          Enable …
        </Button>
      ) : (
        <Button
          icon={<Pause className="size-3.5" aria-hidden />}
          busy={pause.isPending}
          onClick={() => pause.mutate()}
        >
          Pause
        </Button>
      )}
      {enabling && <EnableDialog endpoint={endpoint} onClose={() => setEnabling(false)} />}
    </>
  );
}

export function EndpointStateNotice({ endpoint }: EndpointProps): ReactNode {
  const { disabled, disabledReason, disabledAt, failingSince, disablesAt } = endpoint;
  if (disabled) {
    const byHand = disabledReason === "manual";
    return (
      <Notice tone={byHand ? "plain" : "bad"} title={disabledBecause(endpoint)}>
        Nothing is sent to it
        {disabledAt !== null && (
          <>
            {" since "}
            <RelativeTime at={disabledAt} />
          </>
        )}
        ; what waits is kept. Enabling it can send what was missed as well.
      </Notice>
    );
  }
  if (failingSince === null || !isDown(endpoint)) return null;
  return (
    <Notice
      tone="warn"
      title={
        <>
          Nothing has reached it <Elapsed since={failingSince} />
        </>
      }
    >
      Failed deliveries are tried again by themselves.
      {disablesAt !== null && (
        <>
          {" It is disabled in "}
          <Countdown at={disablesAt} past="a moment" /> unless one succeeds before.
        </>
      )}
    </Notice>
  );
}
