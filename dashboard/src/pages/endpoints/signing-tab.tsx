/** The signing secret: shown on demand, with code that verifies with it, and its rotation. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, RotateCw } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { may } from "../../api/caller.ts";
import { api } from "../../api/client.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { useAppId } from "../../router/place.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { TabPanel, Tabs } from "../../ui/tabs.tsx";
import { Countdown } from "../../ui/time.tsx";
import { RotateDialog } from "./rotate-dialog.tsx";
import { PUBLIC_KEY_VARIABLE, SECRET_VARIABLE, snippetsFor } from "./verify-code.ts";

function useSecret({ id }: EndpointOut) {
  const appId = useAppId();
  return useQuery({
    queryKey: [...keys.endpointSecret(appId, id), "current"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret", {
        path: { app_id: appId, endpoint_id: id },
        signal,
      }),
    // Kept no longer than it is looked at.
    gcTime: 0,
    staleTime: 60_000,
  });
}

function OldSecrets({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const appId = useAppId();
  const { data } = useQuery({
    queryKey: [...keys.endpointSecret(appId, endpoint.id), "old"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/old", {
        path: { app_id: appId, endpoint_id: endpoint.id },
        signal,
      }),
  });
  const old = data?.data ?? [];
  if (old.length === 0) return null;
  return (
    <ul aria-label="Secrets before" className="flex flex-col gap-1 text-sm text-muted">
      {old.map(({ createdAt, expiresAt }) => (
        <li key={createdAt} className="flex items-center gap-2">
          <RotateCw className="size-3.5 text-warn" aria-hidden />
          <span>
            The one before signs as well for another{" "}
            <span className="font-medium text-ink">
              <Countdown at={expiresAt} past="moment" />
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function SecretLine({ secret, variable }: { secret: string; variable: string }): ReactNode {
  const [shown, setShown] = useState(false);
  const hidden = `${secret.slice(0, secret.indexOf("_") + 1)}${"•".repeat(24)}`;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <code className="flex h-8 min-w-0 flex-1 items-center gap-2 overflow-x-auto rounded-lg border border-line bg-sunken px-3 font-mono text-xs whitespace-nowrap">
        {shown ? secret : hidden}
      </code>
      <IconButton label={shown ? "Hide" : "Show"} onClick={() => setShown(!shown)}>
        {shown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
      </IconButton>
      <CopyButton text={secret} label="Copy" />
      <CopyButton text={`export ${variable}=${secret}`} label="Copy as export" />
    </div>
  );
}

function SecretCard({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const [rotating, setRotating] = useState(false);
  const { data, error } = useSecret(endpoint);
  const isPublic = data?.type === "ed25519";
  return (
    <Card
      title={isPublic ? "Public key" : "Signing secret"}
      description={
        isPublic
          ? "Receivers verify with it. The private key never leaves Amps."
          : "Only Amps and your receiver know it. It proves that an event comes from here."
      }
      actions={
        may("ManageEndpointSecret") && (
          <Button
            icon={<RotateCw className="size-3.5" aria-hidden />}
            onClick={() => setRotating(true)}
          >
            Rotate …
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3">
        {error !== null && <p className="text-sm text-bad">{inWords(error).detail}</p>}
        {data === undefined && error === null && <Skeleton className="h-8" />}
        {data !== undefined && (
          <SecretLine
            secret={data.key}
            variable={isPublic ? PUBLIC_KEY_VARIABLE : SECRET_VARIABLE}
          />
        )}
        <OldSecrets endpoint={endpoint} />
      </div>
      {rotating && <RotateDialog endpoint={endpoint} onClose={() => setRotating(false)} />}
    </Card>
  );
}

function CodeCard({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const { data } = useSecret(endpoint);
  const [language, setLanguage] = useState("node");
  const type = data?.type ?? "hmac256";
  const snippets = snippetsFor(endpoint.url, type);
  return (
    <Card
      title="Verify events"
      description={
        <>
          A receiver that takes only genuine events. It reads{" "}
          <code className="font-mono">
            {type === "ed25519" ? PUBLIC_KEY_VARIABLE : SECRET_VARIABLE}
          </code>{" "}
          from its environment.
        </>
      }
    >
      <Tabs
        label="Language"
        value={snippets.some(({ id }) => id === language) ? language : "node"}
        onChange={setLanguage}
        tabs={snippets.map(({ id, label }) => ({ value: id, label }))}
      >
        {snippets.map(({ id, label, text }) => (
          <TabPanel key={id} value={id}>
            <CodeBlock text={text} label={`the ${label} code`} />
          </TabPanel>
        ))}
      </Tabs>
    </Card>
  );
}

export function SigningTab({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  return (
    <div className="flex flex-col gap-5">
      <SecretCard endpoint={endpoint} />
      <CodeCard endpoint={endpoint} />
    </div>
  );
}
