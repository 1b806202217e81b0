/** One battery: what it does now, what it can do, what it was told. */
import type { ReactNode } from "react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import { actionsQuery, batteryQuery, isOpen } from "../../api/batteries.ts";
import type { BatteryOut } from "../../api/generated/paths.ts";
import { ActionTable } from "../../components/action-table.tsx";
import { commandName, orderInWords } from "../../components/action-words.ts";
import { powerMaxOf } from "../../components/battery-live-chart.tsx";
import { LINK } from "../../components/page-link.tsx";
import { type Flow, flowOf, formatFlow, formatQuantity } from "../../lib/quantity.ts";
import { readingsOf } from "../../lib/readings.ts";
import { useStore } from "../../lib/store.ts";
import { Badge } from "../../ui/badge.tsx";
import { buttonClass } from "../../ui/button.tsx";
import { Card, Facts, Figure, Figures } from "../../ui/card.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { CapabilityList } from "./capability-list.tsx";
import { ChartLegend } from "./chart-legend.tsx";
import { DeviceChart } from "./device-chart.tsx";

const route = getRouteApi("/shell/devices/$deviceId");

/** What it holds on to: `Charge to 90 %, at most 3 kW`. */
function heldInWords({ state }: BatteryOut): string {
  if (state === null) return "Unknown";
  const { mode, target, powerLimit: power, reserve } = state;
  const parameters = {
    ...(target !== undefined && { target }),
    ...(power !== undefined && { power }),
    ...(reserve !== undefined && { reserve }),
  };
  return orderInWords({ command: mode, parameters });
}

const FLOWS: Record<Flow, string> = {
  charging: "Charging",
  discharging: "Discharging",
  still: "At rest",
};

function Now({ battery }: { battery: BatteryOut }): ReactNode {
  const { state, lastAction } = battery;
  if (state === null) return null;
  const open = lastAction !== null && isOpen(lastAction) ? lastAction : undefined;
  return (
    <Figures>
      <Figure label="State of charge" value={`${state.soc.value.toFixed(1)} %`} />
      <Figure
        label="Power"
        value={`${Math.abs(state.power.value).toFixed(2)} kW`}
        hint={FLOWS[flowOf(state.power.value)]}
      />
      <Figure label="Mode" value={commandName(state.mode)} hint={heldInWords(battery)} />
      <Figure
        label="Current action"
        value={
          open === undefined ? (
            "None"
          ) : (
            <Link to="/actions/$actionId" params={{ actionId: open.id }} className={LINK}>
              {orderInWords(open)}
            </Link>
          )
        }
        hint={open === undefined ? "Ready for a push" : "Under way"}
      />
    </Figures>
  );
}

function ChartCard({ battery }: { battery: BatteryOut }): ReactNode {
  const readings = useStore(readingsOf(battery.id));
  const last = readings.at(-1);
  const label =
    last === undefined
      ? "Chart of the state of charge and power; no readings yet"
      : `Chart of the state of charge and power; now ${last.socPercent.toFixed(1)} %, ${formatFlow(last.powerKw).toLowerCase()}`;
  return (
    <Card title="Live" description="Since this page was opened, every two seconds.">
      <div className="flex flex-col gap-3">
        <ChartLegend />
        <DeviceChart readings={readings} powerMaxKw={powerMaxOf(battery)} label={label} />
      </div>
    </Card>
  );
}

function About({ battery }: { battery: BatteryOut }): ReactNode {
  const { id, deviceType, userId, capabilities, state, createdAt } = battery;
  return (
    <Card title="About">
      <Facts
        rows={[
          ["Id", <CopyId key="id" id={id} />],
          ["Type", deviceType],
          ["Belongs to", userId ?? "Nobody"],
          ["Most power", formatQuantity({ value: powerMaxOf({ capabilities }), unit: "kw" })],
          ["Read", state === null ? "Never" : <RelativeTime key="read" at={state.observedAt} />],
          ["Added", <RelativeTime key="added" at={createdAt} />],
        ]}
      />
    </Card>
  );
}

function LastActions({ deviceId }: { deviceId: string }): ReactNode {
  const { data, error } = useInfiniteQuery(actionsQuery({ deviceId }));
  const actions = data?.pages[0]?.actions.slice(0, 10);
  return (
    <section className="flex flex-col gap-3">
      <div className="flex items-center justify-between gap-4">
        <h2 className="text-base font-semibold">Last actions</h2>
        <Link to="/actions" search={{ device: deviceId }} className={LINK}>
          All of this device
        </Link>
      </div>
      {error !== null && data === undefined && <Notice tone="bad" title={error.message} />}
      {actions === undefined && error === null && <SkeletonRows label="Loading the actions" />}
      {actions?.length === 0 && (
        <EmptyState
          icon={Zap}
          title="Nothing was asked of it yet"
          action={
            <Link
              to="/actions/new"
              search={{ device: deviceId }}
              className={buttonClass("primary")}
            >
              Push an action
            </Link>
          }
        >
          Push an action, and watch the battery follow it above.
        </EmptyState>
      )}
      {actions !== undefined && actions.length > 0 && (
        <ActionTable label="Last actions of this device" actions={actions} />
      )}
    </section>
  );
}

export function DevicePage(): ReactNode {
  const { deviceId } = route.useParams();
  const { data: battery, error } = useQuery(batteryQuery(deviceId));
  if (error !== null && battery === undefined) throw error;
  const back = (
    <Link to="/devices" className="hover:text-ink">
      Devices
    </Link>
  );
  if (battery === undefined) {
    return (
      <Page title="Device" back={back}>
        <Skeleton className="h-22 rounded-xl" />
        <Skeleton className="h-90 rounded-xl" />
      </Page>
    );
  }
  return (
    <Page
      title={battery.name}
      heading={
        <span className="flex items-center gap-2.5">
          {battery.name}
          {battery.reachable === false ? (
            <Badge tone="bad">Not reachable</Badge>
          ) : (
            <Badge tone="good">Reachable</Badge>
          )}
        </span>
      }
      back={back}
      actions={
        <Link to="/actions/new" search={{ device: deviceId }} className={buttonClass("primary")}>
          <Zap className="size-4" aria-hidden />
          Push an action
        </Link>
      }
    >
      {battery.reachable === false && (
        <Notice tone="warn" title="The battery did not answer just now">
          What is shown is what it said last. An action waits for it until its deadline.
        </Notice>
      )}
      <Now battery={battery} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <ChartCard battery={battery} />
        <About battery={battery} />
      </div>
      <LastActions deviceId={deviceId} />
      <Card title="What it can do" description="Everything a push may ask of it.">
        <CapabilityList battery={battery} />
      </Card>
    </Page>
  );
}
