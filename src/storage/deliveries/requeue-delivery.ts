/** Makes one message due again for one endpoint: a single manual attempt beside any retry chain. */
import { MANUAL } from "../../core/attempt-outcome.ts";
import { statement, type Storage } from "../storage.ts";

export interface ManualDelivery {
  applicationId: string;
  endpointId: string;
  messageId: string;
  bucket: number;
}

// Asked twice while the first still waits: one attempt answers both.
const REQUEUE = statement(
  "requeue-delivery",
  `INSERT INTO delivery (application_id, endpoint_id, message_id, trigger, bucket, due_at)
   VALUES ($1, $2, $3, $4, $5, coalesce(to_timestamp($6::float8 / 1000), now()))
   ON CONFLICT (application_id, endpoint_id, message_id, trigger)
   DO UPDATE SET due_at = least(delivery.due_at, excluded.due_at)`,
);

export async function requeueDelivery(storage: Storage, delivery: ManualDelivery): Promise<void> {
  await storage.query(REQUEUE, [
    delivery.applicationId,
    delivery.endpointId,
    delivery.messageId,
    MANUAL,
    delivery.bucket,
    storage.now(),
  ]);
}
