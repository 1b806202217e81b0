/** The frame around every page. */
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Outlet, useRouter } from "@tanstack/react-router";
import { Dialog as Base } from "@base-ui/react/dialog";
import { Menu as MenuIcon } from "lucide-react";
import { isPortal, loggedOut } from "../api/caller.ts";
import { portalEnd, portalWasRefused } from "../api/portal-access.ts";
import { useLiveStream } from "../api/live.ts";
import { sessionQuery } from "../api/session.ts";
import { useQueryClient } from "@tanstack/react-query";
import { useStore } from "../lib/store.ts";
import { usePlace } from "../router/place.ts";
import { IconButton } from "../ui/button.tsx";
import { BACKDROP } from "../ui/dialog.tsx";
import { Mark } from "../ui/mark.tsx";
import { LiveBar } from "./environment-switch.tsx";
import { overlay } from "./overlays.ts";
import { useShellShortcuts } from "./shell-shortcuts.ts";
import { Palette } from "./palette.tsx";
import { PortalEnded } from "./portal-ended.tsx";
import { PortalTitle } from "./portal-title.tsx";
import { Sidebar } from "./sidebar.tsx";

const ShortcutHelp = lazy(async () => ({
  default: (await import("./shortcut-help.tsx")).ShortcutHelp,
}));

function Overlays(): ReactNode {
  const shown = useStore(overlay);
  return (
    <Suspense>
      {shown === "palette" && <Palette />}
      {shown === "shortcuts" && <ShortcutHelp />}
    </Suspense>
  );
}

/** On narrow screens the sidebar is a drawer. */
function TopBar(): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-ground px-3 lg:hidden">
      <Base.Root open={open} onOpenChange={(next) => setOpen(next)}>
        <Base.Trigger render={<IconButton label="Open the menu" />}>
          <MenuIcon aria-hidden />
        </Base.Trigger>
        <Base.Portal>
          <Base.Backdrop className={BACKDROP} />
          <Base.Popup
            aria-label="Menu"
            className="fixed inset-y-0 left-0 bg-ground shadow-pop transition-transform duration-150 outline-none data-ending-style:-translate-x-full data-starting-style:-translate-x-full"
          >
            <Sidebar onGo={() => setOpen(false)} />
          </Base.Popup>
        </Base.Portal>
      </Base.Root>
      {isPortal ? (
        <PortalTitle />
      ) : (
        <>
          <Mark className="size-5" />
          <span className="font-semibold tracking-tight">Amps</span>
        </>
      )}
    </header>
  );
}

/** A session that ended elsewhere sends this page to the login as well. */
function useLeaveWhenLoggedOut(): void {
  const refused = useStore(loggedOut);
  const router = useRouter();
  const queries = useQueryClient();
  useEffect(() => {
    if (refused === 0) return;
    if (isPortal) {
      portalWasRefused();
      return;
    }
    queries.removeQueries({ queryKey: sessionQuery.queryKey });
    void router.invalidate();
  }, [refused, router, queries]);
}

/** The frame, or why there is nothing to frame. */
export function Shell(): ReactNode {
  const end = useStore(portalEnd);
  return end === undefined ? <Frame /> : <PortalEnded end={end} />;
}

function Frame(): ReactNode {
  const { environment, appId } = usePlace();
  useLiveStream(appId);
  useShellShortcuts();
  useLeaveWhenLoggedOut();
  const live = environment === "live" && !isPortal;
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-1.5"
      >
        Skip to the content
      </a>
      {live && <LiveBar />}
      <div className="flex flex-1">
        <aside className="sticky top-0 hidden h-dvh shrink-0 border-r border-line lg:block">
          <Sidebar onGo={() => undefined} />
        </aside>
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar />
          <main
            id="main"
            key={`${environment} ${appId}`}
            tabIndex={-1}
            className="min-w-0 flex-1 outline-none"
          >
            <Outlet />
          </main>
        </div>
      </div>
      <Overlays />
    </div>
  );
}
