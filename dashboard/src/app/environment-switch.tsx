/** Sandbox or live. Live shows a bar over everything: nobody takes one for the other. */
import type { ReactNode } from "react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { FlaskConical, Radio } from "lucide-react";
import type { EnvironmentMode } from "../api/caller.ts";
import { cx } from "../lib/cx.ts";
import { usePlace } from "../router/place.ts";
import { knownPath } from "./go-to.ts";
import { navItems } from "./sections.ts";

/** @returns switches, and stays on the same kind of page: ids of one environment mean nothing in the other */
export function useSwitchEnvironment(): (mode: EnvironmentMode) => void {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  return (mode) => {
    const stay = navItems.findLast(({ to }) => to !== "/" && pathname.startsWith(to));
    const env = mode === "live" ? "live" : undefined;
    void navigate({ to: knownPath(stay?.to ?? "/"), search: { env, app: undefined } });
  };
}

const MODES = [
  { mode: "sandbox", label: "Sandbox", icon: FlaskConical, on: "bg-surface text-ink shadow-card" },
  { mode: "live", label: "Live", icon: Radio, on: "bg-live text-on-live shadow-card" },
] as const;

export function EnvironmentSwitch(): ReactNode {
  const { session, environment } = usePlace();
  const switchTo = useSwitchEnvironment();
  const known = MODES.filter(({ mode }) => session.environments.some((one) => one.mode === mode));
  return (
    <div
      role="group"
      aria-label="Environment"
      className="flex rounded-lg border border-line bg-sunken p-0.5"
    >
      {known.map(({ mode, label, icon: Icon, on }) => (
        <button
          key={mode}
          type="button"
          aria-pressed={mode === environment}
          onClick={() => switchTo(mode)}
          className={cx(
            "flex h-7 flex-1 items-center justify-center gap-1.5 rounded-md text-xs font-medium",
            mode === environment ? on : "text-muted hover:text-ink",
          )}
        >
          <Icon className="size-3.5" aria-hidden />
          {label}
        </button>
      ))}
    </div>
  );
}

export function LiveBar(): ReactNode {
  return (
    <section
      aria-label="Environment in use"
      className="flex h-7 shrink-0 items-center justify-center gap-2 bg-live text-xs font-medium text-on-live"
    >
      <Radio className="size-3.5" aria-hidden />
      Live environment: real receivers, real batteries
    </section>
  );
}
