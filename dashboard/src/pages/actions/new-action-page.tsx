/** Push an action: choose a battery, say what it shall do, see beside it what it does now. */
import type { ReactNode } from "react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { batteriesQuery, batteryQuery } from "../../api/batteries.ts";
import type { BatteryOut } from "../../api/generated/paths.ts";
import { commandName } from "../../components/action-words.ts";
import { BatteryLiveChart } from "../../components/battery-live-chart.tsx";
import { BatteryPower } from "../../components/battery-power.tsx";
import { LastAction } from "../../components/last-action.tsx";
import { Card } from "../../ui/card.tsx";
import { ChargeGauge } from "../../ui/charge-gauge.tsx";
import { Field } from "../../ui/field.tsx";
import { Select } from "../../ui/input.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { NoDevices } from "../devices/no-devices.tsx";
import { PushForm } from "./push-form.tsx";

const route = getRouteApi("/shell/actions/new");

/** What the chosen battery does just now. */
function Beside({ battery }: { battery: BatteryOut }): ReactNode {
  const { state, lastAction, name, id } = battery;
  return (
    <Card
      title={
        <Link to="/devices/$deviceId" params={{ deviceId: id }} className="hover:underline">
          {name}
        </Link>
      }
      description={state === null ? "It has not said anything yet." : commandName(state.mode)}
    >
      <div className="flex flex-col gap-3">
        {state !== null && (
          <>
            <div className="flex items-baseline justify-between gap-3">
              <span className="text-2xl font-semibold tracking-tight tabular-nums">
                {state.soc.value.toFixed(1)}
                <span className="ml-1 text-sm font-medium text-muted">%</span>
              </span>
              <span className="text-sm">
                <BatteryPower kw={state.power.value} />
              </span>
            </div>
            <ChargeGauge percent={state.soc.value} target={state.target?.value} />
          </>
        )}
        <BatteryLiveChart battery={battery} className="h-16 w-full" />
        {lastAction !== null && <LastAction action={lastAction} />}
      </div>
    </Card>
  );
}

function Chosen({ deviceId, all }: { deviceId: string; all: readonly BatteryOut[] }): ReactNode {
  const navigate = useNavigate({ from: "/actions/new" });
  const { data, error } = useQuery(batteryQuery(deviceId));
  const battery = data ?? all.find(({ id }) => id === deviceId);
  if (battery === undefined) {
    if (error !== null) throw error;
    return <Skeleton className="h-96 rounded-xl" />;
  }
  const choices = all.some(({ id }) => id === deviceId) ? all : [battery, ...all];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
      <Card>
        <div className="flex flex-col gap-5">
          <Field label="Battery">
            {(control) => (
              <Select
                {...control}
                value={deviceId}
                onChange={({ target }) =>
                  void navigate({
                    search: (kept) => ({ ...kept, device: target.value }),
                    replace: true,
                  })
                }
                className="w-full"
              >
                {choices.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {/* Another battery can do other things: what was typed or refused is not for it. */}
          <PushForm key={deviceId} battery={battery} />
        </div>
      </Card>
      <Beside battery={battery} />
    </div>
  );
}

export function NewActionPage(): ReactNode {
  const { device } = route.useSearch();
  const { data, error } = useInfiniteQuery(batteriesQuery(false));
  if (error !== null && data === undefined) throw error;
  const all = data?.pages.flatMap((page) => page.batteries);
  const deviceId = device ?? all?.[0]?.id;
  return (
    <Page
      title="Push an action"
      description="The battery starts at once. How it ends is told to your endpoints."
      back={
        <Link to="/actions" className="hover:text-ink">
          Actions
        </Link>
      }
    >
      {all === undefined && <Skeleton className="h-96 rounded-xl" />}
      {all !== undefined && deviceId === undefined && <NoDevices />}
      {all !== undefined && deviceId !== undefined && <Chosen deviceId={deviceId} all={all} />}
    </Page>
  );
}
