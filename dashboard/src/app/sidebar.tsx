import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { isPortal } from "../api/caller.ts";
import { useLiveStatus } from "../api/live.ts";
import { cx } from "../lib/cx.ts";
import { usePlace } from "../router/place.ts";
import { Mark } from "../ui/mark.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { ApplicationSelect } from "./application-select.tsx";
import { EnvironmentSwitch } from "./environment-switch.tsx";
import { knownPath } from "./go-to.ts";
import { PaletteButton } from "./palette-button.tsx";
import { PortalTitle } from "./portal-title.tsx";
import { sections } from "./sections.ts";

const LIVE_WORDS = {
  connecting: ["Connecting …", "bg-faint"],
  live: ["Live updates", "bg-bar-good"],
  polling: ["Updated every 3 s", "bg-warn"],
} as const;

function LiveState(): ReactNode {
  const status = useLiveStatus();
  const [words, dot] = LIVE_WORDS[status];
  return (
    <span className="flex items-center gap-2 text-xs text-faint">
      <span
        className={cx("size-1.5 rounded-full", dot, status === "live" && "breathing")}
        aria-hidden
      />
      {words}
    </span>
  );
}

function Navigation({ onGo }: { onGo: () => void }): ReactNode {
  return (
    <nav aria-label="Main" className="flex flex-col gap-5">
      {sections.map(({ title, items }) => (
        <div key={title ?? ""}>
          {title !== undefined && (
            <h2 className="mb-1 px-2.5 text-2xs font-medium tracking-wide text-faint uppercase">
              {title}
            </h2>
          )}
          <ul className="flex flex-col gap-px">
            {items.map(({ to, label, icon: Icon, badge: Count }) => (
              <li key={to}>
                <Link
                  to={knownPath(to)}
                  activeOptions={{ exact: to === "/", includeSearch: false }}
                  onClick={onGo}
                  className="flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-sm font-medium text-muted hover:bg-hover hover:text-ink aria-[current]:bg-surface aria-[current]:text-ink aria-[current]:shadow-card [&_svg]:text-faint aria-[current]:[&_svg]:text-accent"
                >
                  <Icon className="size-4" aria-hidden />
                  {label}
                  {Count !== undefined && <Count />}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** @param onGo something was chosen: a drawer closes */
export function Sidebar({ onGo }: { onGo: () => void }): ReactNode {
  const { session } = usePlace();
  return (
    <div className="flex h-full w-60 flex-col gap-4 overflow-y-auto p-3">
      <div className="flex h-9 items-center justify-between px-1.5">
        <Link to="/" onClick={onGo} className="flex min-w-0 items-center gap-2 rounded-md">
          {isPortal ? (
            <PortalTitle />
          ) : (
            <>
              <Mark className="size-6" />
              <span className="text-base font-semibold tracking-tight">Amps</span>
            </>
          )}
        </Link>
        {!isPortal && <AccountMenu />}
      </div>
      {!isPortal && <EnvironmentSwitch />}
      {!isPortal && <ApplicationSelect />}
      <PaletteButton />
      <Navigation onGo={onGo} />
      <div className="mt-auto flex items-center justify-between px-2.5 pt-2">
        <LiveState />
        {session.version !== "" && <span className="text-2xs text-faint">{session.version}</span>}
      </div>
    </div>
  );
}
