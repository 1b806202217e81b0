import type { ReactNode } from "react";
import { Search } from "lucide-react";
import { Kbd } from "../ui/kbd.tsx";
import { openOverlay } from "./overlays.ts";

export function PaletteButton(): ReactNode {
  return (
    <button
      type="button"
      onClick={() => openOverlay("palette")}
      className="flex h-8 shrink-0 items-center gap-2.5 rounded-lg border border-line bg-surface px-2.5 text-sm text-faint hover:border-line-strong"
    >
      <Search className="size-4" aria-hidden />
      Go to …
      <span className="ml-auto flex">
        <Kbd keys="mod+k" />
      </span>
    </button>
  );
}
