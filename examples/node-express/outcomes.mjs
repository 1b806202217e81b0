// Where the receiver keeps what it was told, in PostgreSQL.
//
// Deduplicate with the insert itself. "Look it up, and insert it when it is not there" is a race:
// two copies of one event arriving together both find nothing. The primary key lets one of them in,
// and because the effect is in the same transaction, a crash keeps both or neither.
import pg from "pg";

export async function openOutcomes(connectionString) {
  const pool = new pg.Pool({ connectionString, application_name: "example receiver" });
  await pool.query(`
    CREATE TABLE IF NOT EXISTS seen_webhook (
      svix_id text PRIMARY KEY,
      received_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE IF NOT EXISTS action_outcome (
      action_id text PRIMARY KEY,
      state text NOT NULL,
      detail text NOT NULL
    )`);
  return {
    /** True when this id was new and its outcome is stored; false when it was seen before. */
    async storeOnce(svixId, { actionId, state, detail }) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const seen = await client.query(
          "INSERT INTO seen_webhook (svix_id) VALUES ($1) ON CONFLICT DO NOTHING",
          [svixId],
        );
        if (seen.rowCount === 1) {
          await client.query(
            "INSERT INTO action_outcome (action_id, state, detail) VALUES ($1, $2, $3)",
            [actionId, state, detail],
          );
        }
        await client.query("COMMIT");
        return seen.rowCount === 1;
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}
