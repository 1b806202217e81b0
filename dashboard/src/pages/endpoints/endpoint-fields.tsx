/** The fields of an endpoint, for a new one and for its settings. */
import type { ReactNode } from "react";
import type { ApiError } from "../../api/api-error.ts";
import { Field } from "../../ui/field.tsx";
import { Input } from "../../ui/input.tsx";
import { type EndpointDraft, problemOf } from "./endpoint-draft.ts";
import { EventPicker } from "./event-picker.tsx";
import { RetryField } from "./retry-field.tsx";
import { UrlField } from "./url-field.tsx";

interface EndpointFieldsProps {
  draft: EndpointDraft;
  onChange: (draft: EndpointDraft) => void;
  /** Of the attempt to store it. */
  error: ApiError | undefined;
  /** It was tried to be stored: what is missing is said now. */
  tried: boolean;
  isNew?: boolean;
}

export function EndpointFields(props: EndpointFieldsProps): ReactNode {
  const { draft, onChange, error, tried, isNew = false } = props;
  const set = (part: Partial<EndpointDraft>): void => onChange({ ...draft, ...part });
  const problem = tried ? problemOf(draft) : undefined;
  const saysOf = (field: keyof EndpointDraft, sent: string): string | undefined =>
    problem?.field === field ? problem.says : error?.fieldError(sent);
  return (
    <>
      <UrlField
        value={draft.url}
        onChange={(url) => set({ url })}
        error={saysOf("url", "url")}
        autoFocus={isNew}
      />
      <Field label="Description" optional error={saysOf("description", "description")}>
        {(control) => (
          <Input
            {...control}
            placeholder="What it is for, as your colleagues would say it"
            value={draft.description}
            onChange={({ target }) => set({ description: target.value })}
          />
        )}
      </Field>
      <EventPicker
        value={draft.eventTypes}
        onChange={(eventTypes) => set({ eventTypes })}
        error={saysOf("eventTypes", "eventTypes")}
      />
      <Field
        label="Rate limit"
        optional
        error={saysOf("rate", "throttleRate")}
        hint="Attempts in any second at most. What comes faster waits; nothing is dropped."
      >
        {(control) => (
          <span className="flex items-center gap-2">
            <Input
              {...control}
              inputMode="numeric"
              placeholder="unlimited"
              value={draft.rate}
              onChange={({ target }) => set({ rate: target.value.trim() })}
              className="max-w-28"
            />
            <span className="text-sm text-muted">per second</span>
          </span>
        )}
      </Field>
      <RetryField value={draft.retry} onChange={(retry) => set({ retry })} />
    </>
  );
}
