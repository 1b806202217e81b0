/** What a message is: ids, type, what it is sorted by, and what caused it. */
import type { ReactNode } from "react";
import { Zap } from "lucide-react";
import { isPortal } from "../../api/caller.ts";
import type { MessageOut } from "../../api/generated/paths.ts";
import { formatBytes } from "../../lib/format.ts";
import { readJson } from "../../lib/json-tree.ts";
import { Badge } from "../../ui/badge.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { RelativeTime, Timestamp } from "../../ui/time.tsx";
import { ActionLink } from "../../components/action-link.tsx";

/** Events of a push name their action. */
export function actionOf({ eventType }: MessageOut, payload: string | null): string | undefined {
  if (payload === null || !eventType.startsWith("push.")) return undefined;
  const root = readJson(payload);
  const named = root?.children.find(({ key, kind }) => key === "actionId" && kind === "string");
  const id = named === undefined ? undefined : (JSON.parse(named.text) as string);
  return id !== undefined && /^act_[0-9A-Za-z]{27}$/.test(id) ? id : undefined;
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div className="min-w-0 bg-surface px-4 py-2.5">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 min-w-0 truncate text-sm">{children}</dd>
    </div>
  );
}

function Words({ words }: { words: readonly string[] }): ReactNode {
  return (
    <span className="flex flex-wrap gap-1">
      {words.map((word) => (
        <Badge key={word}>{word}</Badge>
      ))}
    </span>
  );
}

interface MessageFactsProps {
  message: MessageOut;
  /** Undefined while it is loaded; null: removed. */
  payload: string | null | undefined;
}

export function MessageFacts({ message, payload }: MessageFactsProps): ReactNode {
  const { id, eventId, channels, tags, timestamp, deliverAt } = message;
  const actionId = payload === undefined ? undefined : actionOf(message, payload);
  return (
    <dl className="grid gap-px overflow-hidden rounded-xl border border-line bg-line shadow-card sm:grid-cols-[repeat(auto-fit,minmax(11rem,1fr))]">
      <Fact name="Message">
        <CopyId id={id} />
      </Fact>
      {eventId !== null && (
        <Fact name="Event id">
          <CopyId id={eventId} />
        </Fact>
      )}
      <Fact name="Published">
        <Timestamp at={timestamp} />{" "}
        <span className="text-faint">
          <RelativeTime at={timestamp} />
        </span>
      </Fact>
      {deliverAt !== null && (
        <Fact name="Not before">
          <Timestamp at={deliverAt} />
        </Fact>
      )}
      <Fact name="Payload">
        {payload === undefined && "…"}
        {payload === null && "removed"}
        {typeof payload === "string" && formatBytes(new TextEncoder().encode(payload).length)}
      </Fact>
      {channels !== null && channels.length > 0 && (
        <Fact name="Channels">
          <Words words={channels} />
        </Fact>
      )}
      {tags !== null && tags.length > 0 && (
        <Fact name="Tags">
          <Words words={tags} />
        </Fact>
      )}
      {actionId !== undefined && !isPortal && (
        <Fact name="Caused by">
          <ActionLink actionId={actionId}>
            <Zap className="size-3.5 shrink-0" aria-hidden />
            <span className="truncate font-mono text-xs">{actionId}</span>
          </ActionLink>
        </Fact>
      )}
    </dl>
  );
}
