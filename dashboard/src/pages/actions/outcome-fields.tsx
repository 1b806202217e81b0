/** Sandbox only: how the simulated battery shall end the action. */
import type { ReactNode } from "react";
import { FlaskConical } from "lucide-react";
import type { ApiError } from "../../api/api-error.ts";
import { FAILURE_CODES, failureWords } from "../../components/action-words.ts";
import { Field } from "../../ui/field.tsx";
import { Input, Select } from "../../ui/input.tsx";
import { Segments } from "../../ui/segments.tsx";
import type { Outcome, PushDraft } from "./push-draft.ts";

const OUTCOMES: readonly (readonly [Outcome, string])[] = [
  ["natural", "As simulated"],
  ["completed", "Completes"],
  ["failed", "Fails"],
];

interface OutcomeFieldsProps {
  draft: PushDraft;
  onChange: (change: Partial<PushDraft>) => void;
  refusal: ApiError | undefined;
}

export function OutcomeFields({ draft, onChange, refusal }: OutcomeFieldsProps): ReactNode {
  const { outcome, errorCode, delay } = draft;
  return (
    <fieldset className="flex flex-col gap-4 rounded-lg border border-dashed border-line-strong p-4">
      <legend className="flex items-center gap-1.5 px-1.5 text-xs font-medium text-muted">
        <FlaskConical className="size-3.5" aria-hidden />
        Sandbox: how it ends
      </legend>
      <Segments
        name="outcome"
        label="How it ends"
        options={OUTCOMES}
        value={outcome}
        onChange={(value) => onChange({ outcome: value })}
      />
      {outcome === "natural" && (
        <p className="text-xs text-faint">
          The simulated battery answers after two seconds, as a real one would.
        </p>
      )}
      {outcome === "failed" && (
        <Field
          label="Error code"
          hint={`${failureWords(errorCode).what}.`}
          error={refusal?.fieldError("sandbox.errorCode")}
        >
          {(control) => (
            <Select
              {...control}
              value={errorCode}
              onChange={({ target }) => onChange({ errorCode: target.value })}
              className="w-full font-mono"
            >
              {FAILURE_CODES.map((code) => (
                <option key={code} value={code}>
                  {code}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {outcome !== "natural" && (
        <Field
          label="After"
          optional
          hint="Simulated time from 0s to 1h, such as 500ms or 1.5m; 2s unless given."
          error={refusal?.fieldError("sandbox.delay")}
        >
          {(control) => (
            <Input
              {...control}
              placeholder="2s"
              value={delay}
              onChange={({ target }) => onChange({ delay: target.value })}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}
