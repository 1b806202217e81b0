/** Actions, newest first. Rows of what is under way stand out. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import type { ActionOut } from "../api/generated/paths.ts";
import { formatDuration } from "../lib/format.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Table, TableHead, Td, Th, Tr } from "../ui/table.tsx";
import { RelativeTime } from "../ui/time.tsx";
import { failureWords, orderInWords } from "./action-words.ts";

interface ActionTableProps {
  label: string;
  actions: readonly ActionOut[];
  /** Names of batteries by id; undefined: they are all of one, which is not said again. */
  names?: ReadonlyMap<string, string> | undefined;
  /** Of the row the keyboard is at. */
  activeId?: string | undefined;
}

/** From the push to the end; nothing while it goes on. */
function tookMs({ createdAt, updatedAt, state }: ActionOut): number | undefined {
  if (state === "acknowledged" || state === "scheduled") return undefined;
  return Date.parse(updatedAt) - Date.parse(createdAt);
}

function Outcome({ action }: { action: ActionOut }): ReactNode {
  const { state, errorCode, result } = action;
  if (state === "failed") return <span className="text-bad">{failureWords(errorCode).what}</span>;
  if (state === "completed") return <span className="text-muted">{result?.message}</span>;
  return <span className="text-muted">Under way</span>;
}

export function ActionTable({ label, actions, names, activeId }: ActionTableProps): ReactNode {
  return (
    <Table label={label}>
      <TableHead>
        <Th>Action</Th>
        <Th>State</Th>
        {names !== undefined && <Th>Device</Th>}
        <Th>Outcome</Th>
        <Th className="text-right">Took</Th>
        <Th className="text-right">Pushed</Th>
      </TableHead>
      <tbody>
        {actions.map((action) => {
          const took = tookMs(action);
          return (
            <Tr
              key={action.id}
              data-active={action.id === activeId || undefined}
              className="data-active:bg-hover"
            >
              <Td className="font-medium whitespace-nowrap">
                <Link
                  to="/actions/$actionId"
                  params={{ actionId: action.id }}
                  className="hover:underline"
                >
                  {orderInWords(action)}
                </Link>
              </Td>
              <Td>
                <StatusBadge status={action.state} />
              </Td>
              {names !== undefined && (
                <Td className="whitespace-nowrap text-muted">
                  {names.get(action.deviceId) ?? action.deviceId}
                </Td>
              )}
              <Td className="min-w-48">
                <Outcome action={action} />
              </Td>
              <Td className="text-right whitespace-nowrap text-muted">
                {took === undefined ? "–" : formatDuration(took)}
              </Td>
              <Td className="text-right text-muted">
                <RelativeTime at={action.createdAt} />
              </Td>
            </Tr>
          );
        })}
      </tbody>
    </Table>
  );
}
