/** The URL, judged by the server while it is typed: what would be refused, and why. */
import { type ReactNode, useEffect, useState } from "react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { api } from "../../api/client.ts";
import type { EndpointCheckOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { useAppId } from "../../router/place.ts";
import { Field } from "../../ui/field.tsx";
import { Input } from "../../ui/input.tsx";

const TYPING_MS = 250;

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}

function useUrlCheck(url: string): EndpointCheckOut | undefined {
  const appId = useAppId();
  const settled = useSettled(url.trim());
  const { data } = useQuery({
    queryKey: keys.urlCheck(appId, settled),
    queryFn: ({ signal }) =>
      api.post("/api/v1/app/{app_id}/endpoint/check", {
        path: { app_id: appId },
        body: { url: settled },
        signal,
      }),
    enabled: settled !== "",
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
  return settled === "" ? undefined : data;
}

function Verdict({ check }: { check: EndpointCheckOut | undefined }): ReactNode {
  if (check === undefined) return "https is best; http and other ports work too.";
  if (check.warning !== null) {
    return (
      <span className="flex gap-1.5 text-warn">
        <TriangleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
        {check.warning}
      </span>
    );
  }
  return (
    <span className="flex gap-1.5 text-good">
      <CircleCheck className="mt-0.5 size-3.5 shrink-0" aria-hidden />
      Events can be sent there.
    </span>
  );
}

interface UrlFieldProps {
  value: string;
  onChange: (url: string) => void;
  /** From the attempt to store it. */
  error: string | undefined;
  autoFocus?: boolean;
}

export function UrlField({ value, onChange, error, autoFocus = false }: UrlFieldProps): ReactNode {
  const check = useUrlCheck(value);
  const refused = check?.accepted === false ? (check.detail ?? "It would be refused.") : undefined;
  const said = refused ?? error;
  return (
    <Field
      label="URL"
      error={said}
      hint={<span aria-live="polite">{said === undefined && <Verdict check={check} />}</span>}
    >
      {(control) => (
        <Input
          {...control}
          type="url"
          inputMode="url"
          required
          placeholder="https://example.com/webhooks"
          className="font-mono text-xs"
          autoFocus={autoFocus}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}
