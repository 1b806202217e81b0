/** Pushes an action to one battery: made of what the battery says it can do. */
import { type FormEvent, type ReactNode, useState } from "react";
import { Zap } from "lucide-react";
import type { BatteryOut } from "../../api/generated/paths.ts";
import { orderInWords } from "../../components/action-words.ts";
import { usePlace } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CommandChoice } from "./command-choice.tsx";
import { OutcomeFields } from "./outcome-fields.tsx";
import { curlOf, EMPTY_DRAFT, type PushDraft, pushOf, rangesOf } from "./push-draft.ts";
import { PushRefused } from "./push-refused.tsx";
import { RangeField } from "./range-field.tsx";
import { usePush } from "./use-push.ts";

interface ConfirmLiveProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Of the battery. */
  name: string;
  order: string;
  onConfirm: () => void;
}

function ConfirmLive(props: ConfirmLiveProps): ReactNode {
  const { open, onOpenChange, name, order, onConfirm } = props;
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title="A real battery moves"
      confirmLabel="Push to the real battery"
      onConfirm={() => {
        onOpenChange(false);
        onConfirm();
      }}
    >
      <strong className="font-medium text-ink">{name}</strong> is in live. It starts at once:{" "}
      <strong className="font-medium text-ink">{order}</strong>. It cannot be called back; another
      push follows once this one has ended.
    </ConfirmDialog>
  );
}

export function PushForm({ battery }: { battery: BatteryOut }): ReactNode {
  const { environment } = usePlace();
  const isLive = environment === "live";
  const [draft, setDraft] = useState<PushDraft>(EMPTY_DRAFT);
  const [asking, setAsking] = useState(false);
  const { send, busy, refusal, forget } = usePush();
  const commands = Object.keys(battery.capabilities.commands);
  const command = commands.includes(draft.command) ? draft.command : (commands[0] ?? "");
  const ranges = rangesOf(battery, command);
  const push = pushOf({ ...draft, command }, ranges, !isLive);
  const order = orderInWords({ command, parameters: push.action.parameters ?? {} });
  const change = (changed: Partial<PushDraft>): void => {
    forget();
    setDraft((kept) => ({ ...kept, ...changed }));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isLive) setAsking(true);
    else send({ deviceId: battery.id, push });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <CommandChoice
        commands={commands}
        value={command}
        onChange={(chosen) => change({ command: chosen })}
        error={refusal?.fieldError("action.command")}
      />
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {Object.entries(ranges).map(([name, range]) => (
          <RangeField
            key={name}
            name={name}
            command={command}
            range={range}
            text={draft.parameters[name] ?? ""}
            onChange={(text) => change({ parameters: { ...draft.parameters, [name]: text } })}
            error={refusal?.fieldError(`action.parameters.${name}`)}
          />
        ))}
      </div>
      {!isLive && <OutcomeFields draft={draft} onChange={change} refusal={refusal} />}
      {refusal !== undefined && <PushRefused refusal={refusal} />}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" tone="primary" busy={busy} icon={<Zap className="size-4" />}>
          Push
        </Button>
        <span className="text-sm text-muted">{order}</span>
      </div>
      <details className="text-sm">
        <summary className="cursor-pointer text-xs text-muted hover:text-ink">
          The same with curl
        </summary>
        <CodeBlock text={curlOf(battery.id, push)} label="the command" wrap className="mt-2" />
      </details>
      <ConfirmLive
        open={asking}
        onOpenChange={setAsking}
        name={battery.name}
        order={order}
        onConfirm={() => send({ deviceId: battery.id, push })}
      />
    </form>
  );
}
