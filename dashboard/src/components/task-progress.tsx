/** A background task while it goes: how far it is, what it has sent, and a way to stop it. */
import type { ReactNode } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { inWords } from "../api/api-error.ts";
import { may } from "../api/caller.ts";
import { api } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { formatNumber } from "../lib/format.ts";
import { toast } from "../lib/toasts.ts";
import { Button } from "../ui/button.tsx";

const ASK_MS = 1_000;

function words(sent: number, status: string, canceled: boolean): string {
  const events = `${formatNumber(sent)} ${sent === 1 ? "event" : "events"}`;
  if (canceled) return `Stopped after ${events}.`;
  if (status === "running") return `${events} sent so far …`;
  if (status === "failed") return `It failed after ${events}.`;
  return sent === 0 ? "Nothing was missed." : `${events} sent.`;
}

export function TaskProgress({ taskId, label }: { taskId: string; label: string }): ReactNode {
  const queries = useQueryClient();
  const path = { task_id: taskId };
  const { data } = useQuery({
    queryKey: [...keys.tasks(), taskId],
    queryFn: ({ signal }) => api.get("/api/v1/background-task/{task_id}", { path, signal }),
    refetchInterval: ({ state }) => (state.data?.status === "running" ? ASK_MS : false),
  });
  const cancel = useMutation({
    mutationFn: () => api.post("/api/v1/background-task/{task_id}/cancel", { path }),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.tasks() }),
  });
  const running = data === undefined || data.status === "running";
  const percent = Math.round((data?.data.progress ?? 0) * 100);
  return (
    <div className="flex items-center gap-4 rounded-lg border border-line bg-sunken p-3">
      <div className="min-w-0 flex-1">
        <div
          role="progressbar"
          aria-label={label}
          aria-valuenow={percent}
          className="h-1.5 overflow-hidden rounded-full bg-line"
        >
          <div
            className="h-full bg-accent transition-[width]"
            style={{ width: `${running ? percent : 100}%` }}
          />
        </div>
        <p className="mt-1.5 text-xs text-muted" aria-live="polite">
          {data === undefined
            ? "Starting …"
            : words(data.data.messagesSent ?? 0, data.status, data.data.canceled === true)}
        </p>
      </div>
      {running && may("CreateAttempts") && (
        <Button size="small" busy={cancel.isPending} onClick={() => cancel.mutate()}>
          Stop
        </Button>
      )}
    </div>
  );
}
