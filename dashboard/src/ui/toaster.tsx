/** Shows the toasts, and has them read out. */
import type { ReactNode } from "react";
import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { useStore } from "../lib/store.ts";
import { dismissToast, type Toast, toasts } from "../lib/toasts.ts";
import { Button, IconButton } from "./button.tsx";

const ICONS = {
  good: <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />,
  bad: <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />,
  plain: <Info className="mt-0.5 size-4 shrink-0 text-muted" aria-hidden />,
};

function ToastCard({ toast }: { toast: Toast }): ReactNode {
  const { id, tone, title, detail, action } = toast;
  return (
    <li className="pointer-events-auto flex items-start gap-3 rounded-xl border border-line bg-raised p-3 text-sm shadow-pop">
      {ICONS[tone]}
      <div className="min-w-0 flex-1">
        <p className="font-medium">{title}</p>
        {detail !== undefined && <p className="text-muted">{detail}</p>}
      </div>
      {action !== undefined && (
        <Button
          size="small"
          onClick={() => {
            action.run();
            dismissToast(id);
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton label="Dismiss" onClick={() => dismissToast(id)} className="-m-1">
        <X aria-hidden />
      </IconButton>
    </li>
  );
}

export function Toaster(): ReactNode {
  const shown = useStore(toasts);
  return (
    <ol
      aria-live="polite"
      aria-label="Notifications"
      className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-[calc(100vw-2rem)] max-w-sm flex-col gap-2"
    >
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </ol>
  );
}
