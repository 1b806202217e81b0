/** The system on the wire: what an operator wants to see on one page. */
import { Type } from "typebox";
import { dateTime, nullable } from "../schemas.ts";

const status = Type.String({ description: "ok, warning or error." });
const count = Type.Integer({ minimum: 0 });
const seconds = nullable(Type.Integer({ minimum: 0 }));

const HealthPart = Type.Object(
  {
    part: Type.String({ examples: ["database"] }),
    status,
    detail: Type.String({
      description: "A sentence: what is well, or what is wrong and to be done.",
    }),
  },
  { title: "SystemHealthPartOut" },
);

const NodeOut = Type.Object(
  {
    id: Type.String(),
    answering: Type.Boolean({ description: "This answer is of this node." }),
    roles: Type.Array(Type.String(), { description: "Empty: it is about to leave." }),
    startedAt: dateTime,
    leaseExpiresAt: dateTime,
    deliveryBuckets: count,
    deviceBuckets: count,
  },
  { title: "SystemNodeOut" },
);

const Buckets = Type.Object(
  { total: count, owned: Type.Integer({ description: "By a node; the others wait to be taken." }) },
  { title: "SystemBucketsOut" },
);

export const SystemOut = Type.Object(
  {
    version: Type.String(),
    startedAt: { ...dateTime, description: "This process." },
    uptimeSeconds: count,
    retentionDays: Type.Integer({ description: "For how long messages and attempts are kept." }),
    health: Type.Object(
      { status, parts: Type.Array(HealthPart) },
      { title: "SystemHealthOut", description: "Of this node." },
    ),
    nodes: Type.Array(NodeOut),
    buckets: Type.Object({ delivery: Buckets, device: Buckets }, { title: "SystemShareOut" }),
    oldestDue: Type.Object(
      { waiting: seconds, backedOff: seconds, parked: seconds },
      {
        title: "SystemOldestDueOut",
        description:
          "For how many seconds the most overdue delivery has been due: never tried, failed before, or " +
          "of a disabled endpoint. Null: there is none. Of at most 256 endpoints in each bucket.",
      },
    ),
    waiting: Type.Integer({ description: "Deliveries owed, over all nodes; an estimate." }),
    database: Type.Object(
      {
        version: Type.String(),
        host: nullable(Type.String({ description: "Null: over a unix socket." })),
        port: nullable(Type.Integer()),
        role: Type.String({ description: "primary or standby." }),
        standbys: count,
        synchronous: Type.Boolean({ description: "Commits wait for a standby." }),
        startedAt: dateTime,
        bytes: Type.Integer({ description: "Size of the whole database." }),
      },
      { title: "SystemDatabaseOut" },
    ),
  },
  { title: "SystemOut" },
);
