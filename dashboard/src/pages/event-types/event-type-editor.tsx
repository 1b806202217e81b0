/** Makes an event type, or changes one. */
import { type ReactNode, useState } from "react";
import { ApiError, inWords } from "../../api/api-error.ts";
import type { EventTypeOut } from "../../api/generated/paths.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Input, Textarea } from "../../ui/input.tsx";
import { LabelledCheckbox } from "../../ui/labelled-checkbox.tsx";
import {
  changeOf,
  type DraftProblems,
  draftOf,
  type EventTypeDraft,
  problemsOf,
  schemaFromExample,
} from "./event-type-draft.ts";
import { useChangeEventType } from "./event-type-queries.ts";

interface FieldsProps {
  draft: EventTypeDraft;
  onChange: (change: Partial<EventTypeDraft>) => void;
  isNew: boolean;
  error: Error | null;
}

function errorOf(error: Error | null, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  // The only conflict is one of names.
  if (error.status === 409 && field === "name") return error.detail;
  return error.fieldError(field);
}

function Words({ draft, onChange, isNew, error }: FieldsProps): ReactNode {
  return (
    <>
      {isNew && (
        <Field
          label="Name"
          hint="What programs publish it as. It cannot be changed later."
          error={errorOf(error, "name")}
        >
          {(control) => (
            <Input
              {...control}
              required
              autoFocus
              maxLength={256}
              pattern="[A-Za-z0-9_.\-]+"
              title="Letters, digits, - _ and ."
              placeholder="invoice.paid"
              className="font-mono"
              value={draft.name}
              onChange={({ target }) => onChange({ name: target.value })}
            />
          )}
        </Field>
      )}
      <Field
        label="Description"
        hint="When it is sent, in a sentence: receivers choose by it."
        error={errorOf(error, "description")}
      >
        {(control) => (
          <Textarea
            {...control}
            required
            rows={2}
            value={draft.description}
            onChange={({ target }) => onChange({ description: target.value })}
          />
        )}
      </Field>
      <Particulars draft={draft} onChange={onChange} error={error} />
    </>
  );
}

/** For whom it is, and beside what it is listed. */
function Particulars({ draft, onChange, error }: Omit<FieldsProps, "isNew">): ReactNode {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field
        label="Group"
        optional
        hint="Listed together with others of it."
        error={errorOf(error, "groupName")}
      >
        {(control) => (
          <Input
            {...control}
            value={draft.groupName}
            onChange={({ target }) => onChange({ groupName: target.value })}
          />
        )}
      </Field>
      <Field
        label="Feature flags"
        optional
        hint="Portals without one of these do not see it."
        error={errorOf(error, "featureFlags")}
      >
        {(control) => (
          <Input
            {...control}
            placeholder="beta, early-access"
            value={draft.featureFlag}
            onChange={({ target }) => onChange({ featureFlag: target.value })}
          />
        )}
      </Field>
    </div>
  );
}

interface BodyFieldsProps {
  draft: EventTypeDraft;
  onChange: (change: Partial<EventTypeDraft>) => void;
  problems: DraftProblems;
}

function BodyFields({ draft, onChange, problems }: BodyFieldsProps): ReactNode {
  const inferred = schemaFromExample(draft);
  return (
    <>
      <Field
        label="Example body"
        optional
        hint="Shown to receivers, and sent to those who ask for an example."
        error={problems.example}
      >
        {(control) => (
          <Textarea
            {...control}
            rows={6}
            className="font-mono text-xs"
            placeholder={'{ "invoiceId": "inv_1", "paid": 12.5 }'}
            value={draft.example}
            onChange={({ target }) => onChange({ example: target.value })}
          />
        )}
      </Field>
      <Field
        label="JSON Schema"
        optional
        hint="What its fields mean. Bodies are not checked against it."
        error={problems.schema}
      >
        {(control) => (
          <Textarea
            {...control}
            rows={8}
            className="font-mono text-xs"
            value={draft.schema}
            onChange={({ target }) => onChange({ schema: target.value })}
          />
        )}
      </Field>
      {draft.schema.trim() === "" && inferred !== undefined && (
        <Button size="small" className="self-start" onClick={() => onChange({ schema: inferred })}>
          Make a schema from the example
        </Button>
      )}
    </>
  );
}

interface EventTypeEditorProps {
  /** Undefined: a new one. */
  eventType?: EventTypeOut | undefined;
  onClose: () => void;
  onDone: (changed: EventTypeOut) => void;
}

export function EventTypeEditor({ eventType, onClose, onDone }: EventTypeEditorProps): ReactNode {
  const [draft, setDraft] = useState(() => draftOf(eventType));
  const { mutate, isPending, error } = useChangeEventType(onDone);
  const problems = problemsOf(draft);
  const isWrong = Object.keys(problems).length > 0;
  const isNew = eventType === undefined;
  const onChange = (change: Partial<EventTypeDraft>): void => setDraft({ ...draft, ...change });
  const isSaid = ["name", "description", "groupName", "featureFlags"].some(
    (field) => errorOf(error, field) !== undefined,
  );
  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title={isNew ? "New event type" : `Edit ${eventType.name}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="primary"
            type="submit"
            form="event-type"
            busy={isPending}
            disabled={isWrong}
          >
            {isNew ? "Create" : "Save"}
          </Button>
        </>
      }
    >
      <form
        id="event-type"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isWrong) mutate(changeOf(draft, eventType));
        }}
      >
        <Words draft={draft} onChange={onChange} isNew={isNew} error={error} />
        <BodyFields draft={draft} onChange={onChange} problems={problems} />
        <LabelledCheckbox
          checked={draft.deprecated}
          onChange={(deprecated) => onChange({ deprecated })}
          label="Deprecated"
          hint="Still sent; receivers are told not to build on it."
        />
        {error !== null && !isSaid && <p className="text-sm text-bad">{inWords(error).detail}</p>}
      </form>
    </Dialog>
  );
}
