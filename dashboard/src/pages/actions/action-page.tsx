/** One action, watched from the push to the delivery of its event. */
import type { ReactNode } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { actionQuery, batteryQuery } from "../../api/batteries.ts";
import { api } from "../../api/client.ts";
import type { ActionOut, MessageOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { orderInWords, parameterName } from "../../components/action-words.ts";
import { LINK } from "../../components/page-link.tsx";
import { formatQuantity } from "../../lib/quantity.ts";
import { toast } from "../../lib/toasts.ts";
import { StatusBadge } from "../../ui/badge.tsx";
import { Button, buttonClass } from "../../ui/button.tsx";
import { Card, Facts } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Timestamp } from "../../ui/time.tsx";
import { type Delivery, stateOf, useActionMessage, useDeliveries } from "./action-event.ts";
import { ActionTimeline } from "./action-timeline.tsx";

const route = getRouteApi("/shell/actions/$actionId");

/** Where the battery takes a time to start at: until then. */
function CancelButton({ action }: { action: ActionOut }): ReactNode {
  const queries = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: async () =>
      (await api.post("/actions/{actionId}/cancel", { path: { actionId: action.id } })).data,
    onSuccess: (cancelled) => queries.setQueryData(keys.action(action.id), cancelled),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
  });
  if (action.state !== "scheduled") return null;
  return (
    <Button tone="danger" busy={isPending} onClick={() => mutate()}>
      Cancel
    </Button>
  );
}

function About({ action }: { action: ActionOut }): ReactNode {
  const { id, deviceId, command, parameters, createdAt, updatedAt } = action;
  const { data: battery } = useQuery(batteryQuery(deviceId));
  return (
    <Card title="About">
      <Facts
        rows={[
          [
            "Device",
            <Link key="device" to="/devices/$deviceId" params={{ deviceId }} className={LINK}>
              {battery?.name ?? deviceId}
            </Link>,
          ],
          [
            "Command",
            <code key="command" className="font-mono text-xs">
              {command}
            </code>,
          ],
          ...Object.entries(parameters).map(
            ([name, quantity]) => [parameterName(name), formatQuantity(quantity)] as const,
          ),
          ["Id", <CopyId key="id" id={id} />],
          ["Pushed", <Timestamp key="pushed" at={createdAt} />],
          ["Changed", <Timestamp key="changed" at={updatedAt} />],
        ]}
      />
    </Card>
  );
}

function EventCard({ message }: { message: MessageOut | null | undefined }): ReactNode {
  if (message === undefined || message === null) return null;
  return (
    <Card title="The event" description="Its bytes are signed and sent as they are.">
      <CodeBlock text={JSON.stringify(message.payload, null, 2)} label="the payload" wrap />
    </Card>
  );
}

/** Said at the top, and read out: where the whole of it stands. */
function Standing({
  action,
  deliveries,
}: {
  action: ActionOut;
  deliveries: readonly Delivery[] | undefined;
}): ReactNode {
  const delivered =
    deliveries !== undefined &&
    deliveries.length > 0 &&
    deliveries.every((one) => stateOf(one) === "delivered");
  return (
    <span role="status" className="flex items-center gap-2">
      <StatusBadge status={action.state} />
      {delivered && <StatusBadge status="delivered" />}
    </span>
  );
}

export function ActionPage(): ReactNode {
  const { actionId } = route.useParams();
  const { data: action, error } = useQuery(actionQuery(actionId));
  const message = useActionMessage(action);
  const deliveries = useDeliveries(message?.id);
  if (error !== null && action === undefined) throw error;
  const back = (
    <Link to="/actions" className="hover:text-ink">
      Actions
    </Link>
  );
  if (action === undefined) {
    return (
      <Page title="Action" back={back}>
        <Skeleton className="h-120 rounded-xl" />
      </Page>
    );
  }
  const order = orderInWords(action);
  return (
    <Page
      title={order}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {order}
          <Standing action={action} deliveries={deliveries} />
        </span>
      }
      back={back}
      actions={
        <>
          <CancelButton action={action} />
          <Link
            to="/actions/new"
            search={{ device: action.deviceId }}
            className={buttonClass("plain")}
          >
            <Zap className="size-4" aria-hidden />
            Push another
          </Link>
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Card>
          <ActionTimeline action={action} message={message} deliveries={deliveries} />
        </Card>
        <div className="flex min-w-0 flex-col gap-5">
          <About action={action} />
          <EventCard message={message} />
        </div>
      </div>
    </Page>
  );
}
