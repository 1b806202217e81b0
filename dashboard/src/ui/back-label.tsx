/** Inside a link: where it leads back to. */
import type { ReactNode } from "react";
import { ChevronLeft } from "lucide-react";

export function BackLabel({ children }: { children: ReactNode }): ReactNode {
  return (
    <span className="-ml-1 inline-flex items-center gap-0.5 hover:text-ink">
      <ChevronLeft className="size-3.5" aria-hidden />
      {children}
    </span>
  );
}
