/** One battery of the list: how full, what it does, its last minutes, its last action. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import type { BatteryOut } from "../../api/generated/paths.ts";
import { commandName } from "../../components/action-words.ts";
import { BatteryLiveChart } from "../../components/battery-live-chart.tsx";
import { BatteryPower } from "../../components/battery-power.tsx";
import { LastAction } from "../../components/last-action.tsx";
import { Badge } from "../../ui/badge.tsx";
import { buttonClass } from "../../ui/button.tsx";
import { ChargeGauge } from "../../ui/charge-gauge.tsx";

function CardHead({ battery }: { battery: BatteryOut }): ReactNode {
  const { id, name, reachable, state } = battery;
  return (
    <div className="flex items-center gap-2">
      <h2 className="min-w-0 flex-1 truncate text-base font-semibold">
        <Link to="/devices/$deviceId" params={{ deviceId: id }} className="hover:underline">
          {name}
        </Link>
      </h2>
      {reachable === false ? (
        <Badge tone="bad">Not reachable</Badge>
      ) : (
        state !== null && <Badge>{commandName(state.mode)}</Badge>
      )}
    </div>
  );
}

export function DeviceCard({ battery }: { battery: BatteryOut }): ReactNode {
  const { id, name, state, lastAction } = battery;
  return (
    <li className="flex flex-col overflow-hidden rounded-xl border border-line bg-surface shadow-card">
      <div className="flex flex-col gap-3 p-4 pb-3">
        <CardHead battery={battery} />
        {state === null ? (
          <p className="text-sm text-muted">It has not said anything yet.</p>
        ) : (
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
      </div>
      <BatteryLiveChart battery={battery} className="mt-auto h-14 w-full" />
      <div className="flex h-12 items-center gap-3 border-t border-line px-4">
        <div className="min-w-0 flex-1">
          {lastAction === null ? (
            <span className="text-xs text-faint">No action yet</span>
          ) : (
            <LastAction action={lastAction} />
          )}
        </div>
        <Link
          to="/actions/new"
          search={{ device: id }}
          aria-label={`Push an action to ${name}`}
          className={buttonClass("plain", "small")}
        >
          <Zap className="size-3.5" aria-hidden />
          Push
        </Link>
      </div>
    </li>
  );
}
