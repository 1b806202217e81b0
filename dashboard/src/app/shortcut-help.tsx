import type { ReactNode } from "react";
import { useStore } from "../lib/store.ts";
import { shortcuts } from "../lib/shortcuts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { openOverlay } from "./overlays.ts";

export function ShortcutHelp(): ReactNode {
  const groups = Object.entries(Object.groupBy(useStore(shortcuts), ({ group }) => group));
  return (
    <Dialog open onOpenChange={() => openOverlay(undefined)} title="Keyboard shortcuts" wide>
      <div className="columns-1 gap-8 sm:columns-2">
        {groups.map(([group, entries]) => (
          <section key={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1.5 text-xs font-medium text-faint">{group}</h3>
            <dl className="flex flex-col gap-1">
              {(entries ?? []).map(({ keys, label }) => (
                <div key={keys} className="flex h-7 items-center justify-between text-sm">
                  <dt>{label}</dt>
                  <dd>
                    <Kbd keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
