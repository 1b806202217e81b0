/** The frame of a page: its title (also of the tab), what can be done on it, its content. */
import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  /** Instead of the title's text, such as with a badge. */
  heading?: ReactNode;
  /** Where one comes from. */
  back?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({
  title,
  heading,
  back,
  description,
  actions,
  children,
}: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Amps`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-5 px-4 py-6 sm:px-8">
      <header className="flex flex-col gap-1">
        {back !== undefined && <div className="text-xs text-muted">{back}</div>}
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
          <div className="min-w-0">
            <h1 className="text-xl font-semibold tracking-tight">{heading ?? title}</h1>
            {description !== undefined && (
              <div className="mt-0.5 max-w-2xl text-sm text-muted">{description}</div>
            )}
          </div>
          {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      </header>
      {children}
    </div>
  );
}
