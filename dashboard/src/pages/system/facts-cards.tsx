/** The database, what waits, and where else to look. */
import type { ReactNode } from "react";
import type { SystemOut } from "../../api/generated/paths.ts";
import { formatBytes, formatCountdown, formatPlural } from "../../lib/format.ts";
import { buttonClass } from "../../ui/button.tsx";
import { Card, Facts } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { RelativeTime } from "../../ui/time.tsx";

export function DatabaseCard({ database }: { database: SystemOut["database"] }): ReactNode {
  const { version, host, port, role, standbys, synchronous, startedAt, bytes } = database;
  const copies =
    standbys === 0
      ? "None streams from it: what is lost with its disk is lost"
      : `${formatPlural(standbys, "standby")}, commits ${synchronous ? "wait for one" : "do not wait for them"}`;
  return (
    <Card title="Database">
      <Facts
        rows={[
          ["Version", `PostgreSQL ${version}`],
          ["Role", role === "primary" ? "Primary" : "Standby, which takes no writes"],
          ["Where", host === null ? "This machine, over a socket" : `${host}:${port ?? ""}`],
          ["Standbys", copies],
          ["Size", formatBytes(bytes)],
          ["Started", <RelativeTime key="started" at={startedAt} />],
        ]}
      />
    </Card>
  );
}

/** For how long something has been due, or that nothing is. */
function due(seconds: number | null): string {
  if (seconds === null) return "nothing";
  return seconds < 1 ? "due just now" : `due for ${formatCountdown(seconds * 1_000)}`;
}

export function WaitingCard({ oldestDue }: { oldestDue: SystemOut["oldestDue"] }): ReactNode {
  const { waiting, backedOff, parked } = oldestDue;
  return (
    <Card
      title="The oldest that waits"
      description="Of all environments. A node takes what is due within a second."
    >
      <Facts
        rows={[
          ["Never tried", due(waiting)],
          ["Failed before", due(backedOff)],
          ["Of disabled endpoints", due(parked)],
        ]}
      />
    </Card>
  );
}

function metricsCommand(): string {
  return `curl ${location.origin}/metrics -H "authorization: Bearer $AMPS_METRICS_TOKEN"`;
}

export function ElsewhereCard(): ReactNode {
  return (
    <Card
      title="For your monitoring"
      description="Prometheus reads /metrics with the metrics token or an API key; load balancers read /api/v1/health."
    >
      <div className="flex flex-col gap-4">
        <CodeBlock text={metricsCommand()} label="the command" wrap />
        <div className="flex flex-wrap gap-2">
          <a href="/docs" target="_blank" rel="noreferrer" className={buttonClass()}>
            API reference
          </a>
          <a href="/api/v1/health" target="_blank" rel="noreferrer" className={buttonClass()}>
            Health as JSON
          </a>
          <a href="/openapi.json" target="_blank" rel="noreferrer" className={buttonClass()}>
            openapi.json
          </a>
        </div>
      </div>
    </Card>
  );
}
