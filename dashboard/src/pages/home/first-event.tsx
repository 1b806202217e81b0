/** Before anything was sent: how to send the first event, and that it has come. */
import type { ReactNode } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, Plus, Send } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { isPortal, may } from "../../api/caller.ts";
import { api } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { cx } from "../../lib/cx.ts";
import { toast } from "../../lib/toasts.ts";
import { usePlace } from "../../router/place.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";

const EVENT = {
  eventType: "push.completed",
  payload: {
    actionId: "act_2tqVn7Yc4mJx8rLwKzB5dHf1sGp",
    result: { success: true, message: "Mode applied" },
  },
};

function curlFor(appId: string, mode: string): string {
  const key = mode === "live" ? "sk_live_…" : "sk_test_…";
  return `export AMPS_KEY=${key}
curl -X POST ${location.origin}/api/v1/app/${appId}/msg \\
  -H "Authorization: Bearer $AMPS_KEY" -H 'content-type: application/json' \\
  -d '${JSON.stringify(EVENT)}'`;
}

function useSendFirst(appId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      api.post("/api/v1/app/{app_id}/msg", { path: { app_id: appId }, body: EVENT }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.app(appId) }),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
  });
}

function Step({
  done,
  number,
  children,
}: {
  done: boolean;
  number: number;
  children: ReactNode;
}): ReactNode {
  return (
    <li className="flex gap-3">
      <span
        className={cx(
          "mt-0.5 flex size-6 shrink-0 items-center justify-center rounded-full text-xs font-semibold",
          done ? "bg-good-soft text-good" : "bg-accent-soft text-accent",
        )}
      >
        {done ? <CircleCheck className="size-4" aria-label="Done" /> : number}
      </span>
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  );
}

function EndpointStep({ done }: { done: boolean }): ReactNode {
  return (
    <Step done={done} number={1}>
      <h3 className="font-medium">Say where events go</h3>
      <p className="text-sm text-muted">
        An endpoint is a URL of yours. It gets each event as one signed POST.
      </p>
      {!done && may("ManageEndpoint") && (
        <Link to="/endpoints/new" className={cx(buttonClass("primary"), "mt-3")}>
          <Plus className="size-4" aria-hidden />
          Add endpoint
        </Link>
      )}
    </Step>
  );
}

function SendStep({ ready }: { ready: boolean }): ReactNode {
  const { appId, environment } = usePlace();
  const { mutate, isPending } = useSendFirst(appId);
  return (
    <Step done={false} number={2}>
      <h3 className="font-medium">Send the first event</h3>
      <p className="text-sm text-muted">
        With an API key from anywhere, or from here. Batteries send theirs by themselves when an
        action ends.
      </p>
      <CodeBlock text={curlFor(appId, environment)} label="the command" wrap className="mt-3" />
      <div className="mt-3 flex flex-wrap items-center gap-4">
        <Button
          tone={ready ? "primary" : "plain"}
          busy={isPending}
          icon={<Send className="size-3.5" aria-hidden />}
          onClick={() => mutate()}
        >
          Send it from here
        </Button>
        <span className="flex items-center gap-2 text-sm text-muted" role="status">
          <span className="breathing size-2 rounded-full bg-accent" aria-hidden />
          Waiting for the first event …
        </span>
      </div>
    </Step>
  );
}

export function FirstEvent({ hasEndpoint }: { hasEndpoint: boolean }): ReactNode {
  return (
    <Card
      title="Two steps to the first delivery"
      description="This page changes by itself when it arrives."
    >
      <ol className="flex flex-col gap-6">
        <EndpointStep done={hasEndpoint} />
        {isPortal ? (
          <Step done={false} number={2}>
            <h3 className="font-medium">Wait for the first event</h3>
            <p className="text-sm text-muted">Your provider sends it. It shows here by itself.</p>
          </Step>
        ) : (
          <SendStep ready={hasEndpoint} />
        )}
      </ol>
    </Card>
  );
}
