/** When failed deliveries are tried again: the server's schedule, or one of the endpoint's own, previewed. */
import { type ReactNode, useId } from "react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ApiError } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import { Input } from "../../ui/input.tsx";
import { formatCountdown } from "../../lib/format.ts";
import { parseRetry } from "./endpoint-draft.ts";

interface RetryFieldProps {
  /** `5s, 5m, 2h`; null: the server's. */
  value: string | null;
  onChange: (value: string | null) => void;
}

function Preview({ schedule }: { schedule: string[] | null }): ReactNode {
  const { data, error } = useQuery({
    queryKey: ["retry-preview", schedule],
    queryFn: ({ signal }) =>
      api.post("/api/v1/retry-schedule/preview", { body: { retrySchedule: schedule }, signal }),
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
  if (error instanceof ApiError) return <p className="text-xs text-bad">{error.detail}</p>;
  const attempts = data?.attempts ?? [];
  const first = attempts[0];
  const last = attempts.at(-1);
  if (first === undefined || last === undefined) return null;
  const span = Date.parse(last.at) - Date.parse(first.at);
  const delays = attempts.flatMap(({ delay }) => (delay === null ? [] : [delay]));
  return (
    <p className="text-xs text-faint">
      {delays.length === 0
        ? "One attempt, and no other."
        : `${attempts.length} attempts: at once, then after ${delays.join(", ")}; the last ${formatCountdown(span)} after the first.`}
    </p>
  );
}

export function RetryField({ value, onChange }: RetryFieldProps): ReactNode {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">Retries</legend>
      <label className="flex items-center gap-2 text-sm">
        <input
          type="radio"
          name={name}
          className="accent-accent"
          checked={value === null}
          onChange={() => onChange(null)}
        />
        The server's schedule
      </label>
      <label className="flex items-center gap-2 text-sm">
        <input
          type="radio"
          name={name}
          className="accent-accent"
          checked={value !== null}
          onChange={() => onChange("5s, 1m, 10m, 1h")}
        />
        A schedule of its own
      </label>
      {value !== null && (
        <Input
          aria-label="Delays between attempts"
          value={value}
          onChange={({ target }) => onChange(target.value)}
          className="max-w-96 font-mono text-xs"
        />
      )}
      <Preview schedule={parseRetry(value)} />
    </fieldset>
  );
}
