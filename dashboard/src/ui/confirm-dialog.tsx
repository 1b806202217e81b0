/** Asks before something that cannot be undone; with `name`, only who types it may go on. */
import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { Input } from "./input.tsx";

interface ConfirmDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What will happen, and what is lost. */
  children: ReactNode;
  /** The verb: "Delete endpoint". */
  confirmLabel: string;
  name?: string | undefined;
  busy?: boolean;
  /** Why it was refused. */
  error?: string | undefined;
  onConfirm: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  const { open, onOpenChange, title, children, confirmLabel, name, busy, error, onConfirm } = props;
  const [typed, setTyped] = useState("");
  const ready = name === undefined || typed.trim() === name;
  const change = (next: boolean): void => {
    setTyped("");
    onOpenChange(next);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={change}
      title={title}
      footer={
        <>
          <Button onClick={() => change(false)}>Cancel</Button>
          <Button tone="danger" form="confirm" type="submit" disabled={!ready} busy={busy}>
            {confirmLabel}
          </Button>
        </>
      }
    >
      <form
        id="confirm"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
      >
        <div className="text-sm text-muted">{children}</div>
        {name !== undefined && (
          <Field
            label={
              <>
                Type <span className="font-mono">{name}</span> to confirm
              </>
            }
            error={error}
          >
            {(control) => (
              <Input
                {...control}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
        )}
        {name === undefined && error !== undefined && <p className="text-sm text-bad">{error}</p>}
      </form>
    </Dialog>
  );
}
