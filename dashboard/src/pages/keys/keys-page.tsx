/** API keys: which there are, whether anybody uses them, new ones, and ending them. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus, Trash2 } from "lucide-react";
import type { ApiKeyCreatedOut, ApiKeyOut } from "../../api/generated/paths.ts";
import { useNow } from "../../lib/now.ts";
import { formatPlural } from "../../lib/format.ts";
import { usePlace } from "../../router/place.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import { SkeletonRows } from "../../ui/skeleton.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import { RelativeTime, Timestamp } from "../../ui/time.tsx";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { CreatedKeyDialog } from "./created-key-dialog.tsx";
import { apiKeysQuery, isInUse } from "./key-queries.ts";
import { RevokeKeyDialog } from "./revoke-key-dialog.tsx";
import { SCOPES } from "./scopes.ts";

function LastUsed({ apiKey }: { apiKey: ApiKeyOut }): ReactNode {
  const now = useNow();
  const { lastUsedAt } = apiKey;
  if (lastUsedAt === null) return <span className="text-faint">Never used</span>;
  return (
    <span className="inline-flex items-center gap-2">
      <RelativeTime at={lastUsedAt} />
      {isInUse(apiKey, now) && <Badge tone="good">In use</Badge>}
    </span>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKeyOut; onRevoke: () => void }): ReactNode {
  const { name, hint, scope, preset, createdAt } = apiKey;
  return (
    <Tr>
      <Td className="max-w-72">
        <span className="flex items-center gap-2">
          <span className="truncate font-medium">{name}</span>
          {preset && (
            <Badge title="Set by AMPS_SANDBOX_KEY or AMPS_LIVE_KEY, and back at each start.">
              From the configuration
            </Badge>
          )}
        </span>
      </Td>
      <Td>
        <code className="font-mono text-xs whitespace-nowrap text-muted">{hint}</code>
      </Td>
      <Td>
        <Badge tone={scope === "full" ? "accent" : "plain"} title={SCOPES[scope][1]}>
          {SCOPES[scope][0]}
        </Badge>
      </Td>
      <Td className="text-muted">
        <LastUsed apiKey={apiKey} />
      </Td>
      <Td className="text-muted">
        <Timestamp at={createdAt} />
      </Td>
      <Td className="w-12 text-right">
        <IconButton label={`Revoke ${name}`} onClick={onRevoke}>
          <Trash2 aria-hidden />
        </IconButton>
      </Td>
    </Tr>
  );
}

function KeyTable({ apiKeys }: { apiKeys: readonly ApiKeyOut[] }): ReactNode {
  const [revoking, setRevoking] = useState<ApiKeyOut>();
  return (
    <div className="flex flex-col gap-2">
      <Table label="API keys">
        <TableHead>
          <Th>Name</Th>
          <Th>Key</Th>
          <Th>Scope</Th>
          <Th>Last used</Th>
          <Th>Created</Th>
          <Th>
            <span className="sr-only">Revoke</span>
          </Th>
        </TableHead>
        <tbody>
          {apiKeys.map((apiKey) => (
            <KeyRow key={apiKey.id} apiKey={apiKey} onRevoke={() => setRevoking(apiKey)} />
          ))}
        </tbody>
      </Table>
      <p className="px-1 text-xs text-faint">
        {formatPlural(apiKeys.length, "key")} of this environment. Only the first and last
        characters of a key are kept; the time of its last use is to the minute.
      </p>
      {revoking !== undefined && (
        <RevokeKeyDialog apiKey={revoking} onClose={() => setRevoking(undefined)} />
      )}
    </div>
  );
}

export function KeysPage(): ReactNode {
  const { environment } = usePlace();
  const { data, error } = useQuery(apiKeysQuery);
  const [isCreating, setCreating] = useState(false);
  const [made, setMade] = useState<ApiKeyCreatedOut>();
  if (error !== null && data === undefined) throw error;
  const create = (
    <Button
      tone="primary"
      icon={<Plus className="size-4" aria-hidden />}
      onClick={() => setCreating(true)}
    >
      Create a key
    </Button>
  );
  return (
    <Page
      title="API keys"
      description={
        <>
          What your programs call both APIs with, in the {environment} environment. Each program its
          own: then one can be revoked without the others.
        </>
      }
      actions={create}
    >
      {data === undefined && <SkeletonRows label="Loading the keys" rows={3} />}
      {data?.length === 0 && (
        <EmptyState icon={KeyRound} title="No program can call this environment" action={create}>
          A key opens the webhook API and the battery API of one environment. It is shown once, when
          it is made.
        </EmptyState>
      )}
      {data !== undefined && data.length > 0 && <KeyTable apiKeys={data} />}
      {isCreating && (
        <CreateKeyDialog
          onClose={() => setCreating(false)}
          onMade={(key) => {
            setCreating(false);
            setMade(key);
          }}
        />
      )}
      {made !== undefined && <CreatedKeyDialog made={made} onClose={() => setMade(undefined)} />}
    </Page>
  );
}
