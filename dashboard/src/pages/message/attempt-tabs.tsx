/** What one attempt sent, and what came back. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { inWords } from "../../api/api-error.ts";
import type { AttemptHeadersOut, MessageAttemptOut } from "../../api/generated/paths.ts";
import { inertText } from "../../lib/inert-text.ts";
import { useAppId } from "../../router/place.ts";
import { BodyView } from "../../ui/body-view.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { attemptQuery, headersQuery, payloadQuery } from "./message-queries.ts";
import { replayCommand } from "./replay-command.ts";

function HeaderTable({
  label,
  rows,
}: {
  label: string;
  rows: readonly (readonly [string, ReactNode])[];
}): ReactNode {
  return (
    <div className="overflow-hidden rounded-lg border border-line">
      <table className="w-full table-fixed text-xs">
        <caption className="sr-only">{label}</caption>
        <colgroup>
          <col className="w-40 max-sm:w-28" />
          <col />
        </colgroup>
        <tbody>
          {rows.map(([name, value], at) => (
            // Names may repeat: the place is the identity.
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={at} className="border-b border-line align-top last:border-0">
              <th
                scope="row"
                className="px-3 py-1.5 text-left font-mono font-normal break-all text-muted"
              >
                {inertText(name)}
              </th>
              <td className="px-3 py-1.5 font-mono break-all whitespace-pre-wrap">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Waiting(): ReactNode {
  return (
    <div className="flex flex-col gap-3" role="status" aria-label="Loading">
      <Skeleton className="h-4 w-40" />
      <Skeleton className="h-28 w-full" />
      <Skeleton className="h-40 w-full" />
    </div>
  );
}

function AboutSignature({ headers }: { headers: AttemptHeadersOut }): ReactNode {
  const timestamp = Number(headers.sentHeaders["svix-timestamp"]) * 1_000;
  if (Number.isNaN(timestamp)) return null;
  return (
    <p className="text-xs text-muted">
      <code>svix-signature</code> and <code>webhook-signature</code> sign id, timestamp and body
      together. The timestamp is from <RelativeTime at={timestamp} />; receivers refuse it after
      five minutes, so a replay by curl tests yours only until then. “Resend” signs anew.
      {headers.sensitive.length > 0 &&
        " In the command, values that are not shown are shell variables of that name."}
    </p>
  );
}

interface AttemptProps {
  attempt: MessageAttemptOut;
}

function useAttemptKey({ id, msgId }: MessageAttemptOut) {
  return { appId: useAppId(), messageId: msgId, attemptId: id };
}

export function RequestTab({ attempt }: AttemptProps): ReactNode {
  const key = useAttemptKey(attempt);
  const { data: headers, error } = useQuery(headersQuery(key));
  const { data: payload } = useQuery(payloadQuery(key.appId, key.messageId));
  if (error !== null)
    return (
      <Notice tone="bad" title={inWords(error).title}>
        {inWords(error).detail}
      </Notice>
    );
  if (headers === undefined || payload === undefined) return <Waiting />;
  const rows: [string, ReactNode][] = Object.entries(headers.sentHeaders).map(([name, value]) => [
    name,
    inertText(value),
  ]);
  const hidden = headers.sensitive.map((name): [string, ReactNode] => [
    name,
    <span key="hidden" className="font-sans text-faint italic">
      sent, never shown
    </span>,
  ]);
  const isSent = rows.length > 0;
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-3">
          <h3 className="text-sm font-medium">Headers</h3>
          {isSent && payload !== null && (
            <span className="ml-auto">
              <CopyButton
                text={replayCommand({ url: attempt.url, headers, payload })}
                label="Copy as curl"
                size="small"
              />
            </span>
          )}
        </div>
        {isSent ? (
          <HeaderTable label="Request headers" rows={[...rows, ...hidden]} />
        ) : (
          <p className="text-sm text-muted">Nothing was sent.</p>
        )}
        {headers.endpointChangedAt !== null && (
          <Notice tone="warn" title="The endpoint was changed since">
            <RelativeTime at={headers.endpointChangedAt} />. Its own headers above are today’s; they
            may have been others then.
          </Notice>
        )}
        {isSent && <AboutSignature headers={headers} />}
      </div>
      {payload === null ? (
        <Notice title="The payload is removed">
          It was expunged, or its retention is over. What was sent cannot be shown any more.
        </Notice>
      ) : (
        <BodyView text={payload} label="the payload" />
      )}
    </div>
  );
}

export function ResponseTab({ attempt }: AttemptProps): ReactNode {
  const key = useAttemptKey(attempt);
  const { data: whole, error } = useQuery(attemptQuery(key));
  const { data: headers } = useQuery(headersQuery(key));
  if (error !== null)
    return (
      <Notice tone="bad" title={inWords(error).title}>
        {inWords(error).detail}
      </Notice>
    );
  if (whole === undefined || headers === undefined) return <Waiting />;
  if (whole.responseStatusCode === 0) {
    return (
      <Notice tone="bad" title="No answer came">
        {inertText(whole.errorMessage ?? "")}
      </Notice>
    );
  }
  const rows = headers.responseHeaders.map(([name = "", value = ""]): [string, ReactNode] => [
    name,
    inertText(value),
  ]);
  // Without a body the server puts what went wrong there.
  const body = whole.response === whole.errorMessage ? "" : whole.response;
  return (
    <div className="flex flex-col gap-5">
      {whole.errorMessage !== null && (
        <p className="text-sm text-muted">{inertText(whole.errorMessage)}</p>
      )}
      <div className="flex flex-col gap-2">
        <h3 className="text-sm font-medium">Headers</h3>
        {rows.length > 0 ? (
          <HeaderTable label="Response headers" rows={rows} />
        ) : (
          <p className="text-sm text-muted">None are kept of this attempt.</p>
        )}
      </div>
      {body === "" ? (
        <p className="text-sm text-muted">The answer had no body.</p>
      ) : (
        <BodyView
          text={body}
          label="the answer"
          note={
            whole.responseTruncated && " kept; the answer was longer, only its first 16 KiB are"
          }
        />
      )}
    </div>
  );
}
