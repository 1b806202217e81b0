/** The nodes, and how the work is shared among them. */
import type { ReactNode } from "react";
import type { SystemNodeOut, SystemOut } from "../../api/generated/paths.ts";
import { useNow } from "../../lib/now.ts";
import { Badge } from "../../ui/badge.tsx";
import { CopyId } from "../../ui/copy-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Table, TableHead, Td, Th, Tr } from "../../ui/table.tsx";
import { RelativeTime } from "../../ui/time.tsx";

/** A share of the buckets, as a bar and as a figure. */
function Share({
  owned,
  total,
  label,
}: {
  owned: number;
  total: number;
  label: string;
}): ReactNode {
  return (
    <span className="flex items-center gap-2.5">
      <span
        role="img"
        aria-label={label}
        className="block h-1.5 w-12 overflow-hidden rounded-full bg-line"
      >
        <span
          className="block h-full rounded-full bg-accent"
          style={{ width: `${total === 0 ? 0 : (owned / total) * 100}%` }}
        />
      </span>
      <span className="text-xs whitespace-nowrap text-muted tabular-nums">
        {owned} of {total}
      </span>
    </span>
  );
}

function NodeRow({
  node,
  buckets,
}: {
  node: SystemNodeOut;
  buckets: SystemOut["buckets"];
}): ReactNode {
  const now = useNow();
  const { id, answering, roles, startedAt, leaseExpiresAt, deliveryBuckets, deviceBuckets } = node;
  const lapsed = Date.parse(leaseExpiresAt) < now;
  return (
    <Tr>
      <Td>
        <span className="flex items-center gap-2">
          <CopyId id={id} />
          {answering && <Badge tone="accent">Answers this page</Badge>}
        </span>
      </Td>
      <Td className="whitespace-nowrap text-muted">
        {roles.length === 0 ? "leaving" : roles.join(", ")}
      </Td>
      <Td>
        <Share
          owned={deliveryBuckets}
          total={buckets.delivery.total}
          label={`${deliveryBuckets} of ${buckets.delivery.total} shares of the deliveries`}
        />
      </Td>
      <Td>
        <Share
          owned={deviceBuckets}
          total={buckets.device.total}
          label={`${deviceBuckets} of ${buckets.device.total} shares of the batteries`}
        />
      </Td>
      <Td className="text-muted">
        <RelativeTime at={startedAt} />
      </Td>
      <Td>
        {lapsed ? (
          <Badge tone="warn" title="It has not been heard of; others take over its shares.">
            Silent
          </Badge>
        ) : (
          <Badge tone="good">At work</Badge>
        )}
      </Td>
    </Tr>
  );
}

function Ownerless({ buckets }: { buckets: SystemOut["buckets"] }): ReactNode {
  const { delivery, device } = buckets;
  const missing = delivery.total - delivery.owned + (device.total - device.owned);
  if (missing <= 0) return null;
  return (
    <Notice tone="warn" title={`${missing} shares of the work have no node`}>
      What is due in them waits until a node takes them, as a rule within five seconds. If this
      stays, no node with the roles <code className="font-mono">engine</code> and{" "}
      <code className="font-mono">battery</code> is well: look at their logs.
    </Notice>
  );
}

export function Nodes({ system }: { system: SystemOut }): ReactNode {
  const { nodes, buckets } = system;
  return (
    <section aria-label="Nodes" className="flex flex-col gap-3">
      <Ownerless buckets={buckets} />
      <Table label="Nodes">
        <TableHead>
          <Th>Node</Th>
          <Th>Roles</Th>
          <Th>Deliveries</Th>
          <Th>Batteries</Th>
          <Th>Started</Th>
          <Th>State</Th>
        </TableHead>
        <tbody>
          {nodes.map((node) => (
            <NodeRow key={node.id} node={node} buckets={buckets} />
          ))}
        </tbody>
      </Table>
    </section>
  );
}
