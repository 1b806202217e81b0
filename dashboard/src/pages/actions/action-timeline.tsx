/** An action from the push to the last delivery, as it happens. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { batteryQuery, isOpen } from "../../api/batteries.ts";
import type { ActionOut, MessageOut } from "../../api/generated/paths.ts";
import { failureWords } from "../../components/action-words.ts";
import { BatteryLiveChart } from "../../components/battery-live-chart.tsx";
import { BatteryPower } from "../../components/battery-power.tsx";
import { PageLink } from "../../components/page-link.tsx";
import { formatDuration, formatPlural } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { Timeline, TimelineStep } from "../../ui/timeline.tsx";
import { Timestamp } from "../../ui/time.tsx";
import { ActionDelivery, NoDeliveries } from "./action-deliveries.tsx";
import { type Delivery, stateOf } from "./action-event.ts";

/** What the battery does while the action goes on, and since then until it is told something else. */
function Measured({ action }: { action: ActionOut }): ReactNode {
  const { data: battery } = useQuery(batteryQuery(action.deviceId));
  const state = battery?.state;
  if (battery === undefined || state === undefined || state === null) return null;
  if (battery.lastAction?.id !== action.id) return null;
  return (
    <div className="mt-2 overflow-hidden rounded-lg border border-line">
      <div className="flex items-center justify-between gap-4 px-3 py-2 text-sm">
        <span className="font-medium text-ink tabular-nums">{state.soc.value.toFixed(2)} %</span>
        <BatteryPower kw={state.power.value} />
      </div>
      <BatteryLiveChart battery={battery} className="h-14 w-full" />
    </div>
  );
}

function Elapsed({ since }: { since: string }): ReactNode {
  const now = useNow();
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1_000));
  return <span className="tabular-nums">for {seconds} s</span>;
}

function DrivingStep({ action }: { action: ActionOut }): ReactNode {
  const { acknowledgedAt, createdAt, updatedAt } = action;
  const since = acknowledgedAt ?? createdAt;
  const open = isOpen(action);
  const took = Date.parse(updatedAt) - Date.parse(since);
  return (
    <TimelineStep
      state={open ? "now" : "done"}
      title={open ? "Driving the battery" : "Driven"}
      at={open ? <Elapsed since={since} /> : `took ${formatDuration(took)}`}
    >
      {open
        ? "The command is sent, then the battery is read until it confirms it."
        : "Sent to the battery, and read back."}
      <Measured action={action} />
    </TimelineStep>
  );
}

function EndStep({ action }: { action: ActionOut }): ReactNode {
  const { state, updatedAt, errorCode, errorMessage, result } = action;
  if (isOpen(action)) return <TimelineStep state="later" title="Completed or failed" />;
  const at = <Timestamp at={updatedAt} />;
  if (state === "cancelled") {
    return (
      <TimelineStep state="done" title="Cancelled" at={at}>
        No event tells of it.
      </TimelineStep>
    );
  }
  if (state === "completed") {
    return (
      <TimelineStep state="done" title="Completed" at={at}>
        The battery confirmed the command{result === null ? "." : `: ${result.message}.`}
      </TimelineStep>
    );
  }
  const { what, advice } = failureWords(errorCode);
  return (
    <TimelineStep state="failed" title={what} at={at}>
      <p>
        <code className="mr-2 font-mono text-xs text-bad">{errorCode}</code>
        {errorMessage}
      </p>
      <p className="mt-1">{advice}</p>
    </TimelineStep>
  );
}

interface EventStepProps {
  action: ActionOut;
  message: MessageOut | null | undefined;
}

function EventStep({ action, message }: EventStepProps): ReactNode {
  if (isOpen(action)) return <TimelineStep state="later" title="Event stored" />;
  const eventType = `push.${action.state}`;
  if (message === undefined) return <TimelineStep state="now" title="Finding its event" />;
  if (message === null) {
    return (
      <TimelineStep state="done" title="Event stored">
        It is not kept any longer, or its content was deleted.
      </TimelineStep>
    );
  }
  return (
    <TimelineStep
      state="done"
      title={
        <>
          Event <code className="font-mono text-xs">{eventType}</code> stored
        </>
      }
      at={<Timestamp at={message.timestamp} />}
    >
      In the same transaction as the end of the action.{" "}
      <PageLink to={`/messages/${message.id}`}>Open the message</PageLink>
    </TimelineStep>
  );
}

function deliveryTitle(deliveries: readonly Delivery[]): string {
  const delivered = deliveries.filter((one) => stateOf(one) === "delivered").length;
  if (deliveries.length === 0) return "Sent to nobody";
  if (delivered === deliveries.length) {
    return `Delivered to ${formatPlural(delivered, "endpoint")}`;
  }
  return `Delivered to ${delivered} of ${formatPlural(deliveries.length, "endpoint")}`;
}

interface DeliveryStepProps {
  message: MessageOut | null | undefined;
  deliveries: readonly Delivery[] | undefined;
}

function DeliveryStep({ message, deliveries }: DeliveryStepProps): ReactNode {
  if (message === undefined || message === null || deliveries === undefined) {
    return <TimelineStep state="later" title="Delivered" />;
  }
  const states = deliveries.map(stateOf);
  const ended = states.every((state) => state === "delivered" || state === "exhausted");
  const failed = states.includes("exhausted");
  const waits = states.includes("parked") && !states.includes("retrying");
  const state = ended ? (failed ? "failed" : "done") : waits ? "later" : "now";
  return (
    <TimelineStep
      state={deliveries.length === 0 ? "later" : state}
      title={deliveryTitle(deliveries)}
    >
      {deliveries.length === 0 ? (
        <NoDeliveries eventType={message.eventType} />
      ) : (
        <ul aria-label="Deliveries" className="flex flex-col gap-2">
          {deliveries.map((delivery) => (
            <ActionDelivery key={delivery.endpoint.id} delivery={delivery} />
          ))}
        </ul>
      )}
    </TimelineStep>
  );
}

interface ActionTimelineProps extends EventStepProps, DeliveryStepProps {}

export function ActionTimeline({ action, message, deliveries }: ActionTimelineProps): ReactNode {
  const { createdAt, acknowledgedAt, state } = action;
  return (
    <Timeline label="What happened">
      <TimelineStep state="done" title="Accepted" at={<Timestamp at={createdAt} />}>
        Stored durably before it was answered 202.
      </TimelineStep>
      {acknowledgedAt === null ? (
        <TimelineStep state="later" title="Acknowledged" />
      ) : (
        <TimelineStep state="done" title="Acknowledged" at={<Timestamp at={acknowledgedAt} />}>
          It is the battery&apos;s only open action until it ends.
        </TimelineStep>
      )}
      {acknowledgedAt !== null && <DrivingStep action={action} />}
      <EndStep action={action} />
      {state !== "cancelled" && <EventStep action={action} message={message} />}
      {state !== "cancelled" && <DeliveryStep message={message} deliveries={deliveries} />}
    </Timeline>
  );
}
