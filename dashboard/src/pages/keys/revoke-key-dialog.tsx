/** Ends a key: says who will notice, and asks for its name. */
import type { ReactNode } from "react";
import { inWords } from "../../api/api-error.ts";
import type { ApiKeyOut } from "../../api/generated/paths.ts";
import { useNow } from "../../lib/now.ts";
import { toast } from "../../lib/toasts.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { isInUse, useRevokeKey } from "./key-queries.ts";

function Consequence({ apiKey }: { apiKey: ApiKeyOut }): ReactNode {
  const now = useNow();
  const { lastUsedAt } = apiKey;
  if (lastUsedAt === null) return "Nothing has ever used it, so nobody should notice.";
  if (!isInUse(apiKey, now)) {
    return (
      <>
        It was last used <RelativeTime at={lastUsedAt} />. Whatever still uses it is refused with
        401 from then on.
      </>
    );
  }
  return (
    <strong className="font-medium text-bad">
      It is in use: its last call came <RelativeTime at={lastUsedAt} />. The program that uses it
      fails with 401 from this moment on, and what it wanted to send is not sent.
    </strong>
  );
}

interface RevokeKeyDialogProps {
  apiKey: ApiKeyOut;
  onClose: () => void;
}

export function RevokeKeyDialog({ apiKey, onClose }: RevokeKeyDialogProps): ReactNode {
  const { name, hint, preset } = apiKey;
  const { mutate, isPending, error } = useRevokeKey(() => {
    toast({ tone: "good", title: `${name} is revoked`, detail: `${hint} opens nothing any more.` });
    onClose();
  });
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Revoke ${name}`}
      confirmLabel="Revoke the key"
      name={name}
      busy={isPending}
      error={error === null ? undefined : inWords(error).detail}
      onConfirm={() => mutate(apiKey)}
    >
      <div className="flex flex-col gap-2">
        <p>
          <code className="font-mono text-ink">{hint}</code> stops working on every node at once. It
          cannot be brought back; a new key can be made.
        </p>
        <p>
          <Consequence apiKey={apiKey} />
        </p>
        {preset && (
          <p>
            It is set by the server's configuration (
            <code className="font-mono">AMPS_SANDBOX_KEY</code> or{" "}
            <code className="font-mono">AMPS_LIVE_KEY</code>) and comes back at the next start
            unless it is taken out there too.
          </p>
        )}
      </div>
    </ConfirmDialog>
  );
}
