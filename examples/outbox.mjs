/**
 * Publishes an outbox table, so that an event is published exactly when the transaction that wrote it commits,
 * and once, whatever is killed when (docs/migrating.md). The table:
 *
 *     CREATE TABLE outbox (
 *       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
 *       application text NOT NULL, event_type text NOT NULL, payload jsonb NOT NULL,
 *       sender text NOT NULL, published_at timestamptz
 *     );
 *     CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at IS NULL;
 *
 * `sender` says who sends the row, so that old and new sender can work side by side.
 */
import { ApiException } from "svix";

/** @param row one of the table; publishing it again is harmless: its eventId is taken then */
async function publish(svix, { id, application, event_type: eventType, payload }) {
  const eventId = `outbox-${id}`;
  try {
    await svix.message.create(
      application,
      { eventType, eventId, payload },
      { idempotencyKey: eventId },
    );
  } catch (error) {
    if (!(error instanceof ApiException) || error.code !== 409 || error.body.code !== "conflict") {
      throw error;
    }
  }
}

/** Publishes what waits, oldest first. Several may run at once. @returns how many rows */
export async function publishOutbox(pool, svix, rowsMax = 100) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query(
      `SELECT id, application, event_type, payload FROM outbox
        WHERE published_at IS NULL AND sender = 'amps'
        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [rowsMax],
    );
    await Promise.all(rows.map((row) => publish(svix, row)));
    const ids = rows.map(({ id }) => id);
    await client.query("UPDATE outbox SET published_at = now() WHERE id = ANY($1)", [ids]);
    await client.query("COMMIT");
    return rows.length;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
