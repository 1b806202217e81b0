/** The only time a key is shown: to copy it, and to see that it works. */
import { type ReactNode, useState } from "react";
import type { ApiKeyCreatedOut } from "../../api/generated/paths.ts";
import { usePlace } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { LabelledCheckbox } from "../../ui/labelled-checkbox.tsx";
import { Notice } from "../../ui/notice.tsx";

/** A call that any key may make. */
function curlWith(key: string, appId: string): string {
  return `curl ${location.origin}/api/v1/app/${appId} \\\n  -H 'authorization: Bearer ${key}'`;
}

interface CreatedKeyDialogProps {
  made: ApiKeyCreatedOut;
  onClose: () => void;
}

export function CreatedKeyDialog({ made, onClose }: CreatedKeyDialogProps): ReactNode {
  const { appId } = usePlace();
  const [isKept, setKept] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { name, key, hint } = made;
  return (
    <Dialog
      open
      // Nobody loses the key by a press beside the dialog.
      onOpenChange={() => (isKept ? onClose() : setAsked(true))}
      title={`The key of ${name}`}
      wide
      footer={
        <Button tone="primary" disabled={!isKept} onClick={onClose}>
          Done
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <Notice tone="warn" title="Copy it now: it is shown this once">
          Only its digest is kept. The list will show it as{" "}
          <code className="font-mono">{hint}</code>.
        </Notice>
        <div className="flex flex-wrap items-center gap-2">
          <code
            aria-label="The key"
            className="min-w-0 flex-1 rounded-lg border border-line bg-sunken px-3 py-1.5 font-mono text-xs break-all select-all"
          >
            {key}
          </code>
          <CopyButton text={key} label="Copy the key" />
        </div>
        <div>
          <p className="mb-1.5 text-sm font-medium">See that it works</p>
          <CodeBlock text={curlWith(key, appId)} label="the command" wrap />
        </div>
        <LabelledCheckbox
          checked={isKept}
          onChange={setKept}
          label="I have kept the key where it is safe"
        />
        {isAsked && !isKept && (
          <p role="alert" className="-mt-2 text-xs text-bad">
            Say so first: when this is closed, nobody can show the key again.
          </p>
        )}
      </div>
    </Dialog>
  );
}
