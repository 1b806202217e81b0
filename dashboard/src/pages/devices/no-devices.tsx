/** Where an environment has no battery: why, and where there are some. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { BatteryCharging } from "lucide-react";
import { usePlace } from "../../router/place.ts";
import { buttonClass } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";

export function NoDevices(): ReactNode {
  const { environment } = usePlace();
  if (environment === "live") {
    return (
      <EmptyState
        icon={BatteryCharging}
        title="No battery in live"
        action={
          <Link
            to="/devices"
            search={{ env: undefined, app: undefined }}
            className={buttonClass("primary")}
          >
            Go to the sandbox
          </Link>
        }
      >
        This version drives simulated batteries, and these live in the sandbox. Endpoints, messages
        and keys of live work already.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={BatteryCharging} title="No battery in this sandbox">
      A new sandbox gets as many as <code className="font-mono">AMPS_SANDBOX_BATTERIES</code> says,
      three unless it is set. Start with a fresh data directory and a number above 0.
    </EmptyState>
  );
}
