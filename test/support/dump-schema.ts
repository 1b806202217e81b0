/** The schema of a database as text, in a stable order: what a person reads and a diff compares. */
import pg from "pg";

const RELATIONS = `
  SELECT c.oid, c.relname AS name, c.relkind AS kind, pg_get_partkeydef(c.oid) AS partition_key,
    obj_description(c.oid) AS comment, c.reloptions AS options
  FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S')
    AND (NOT c.relispartition OR pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT')
    AND c.relname <> 'migration'
  ORDER BY c.relname COLLATE "C"`;
const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
    CASE WHEN a.attcollation <> t.typcollation THEN (SELECT collname FROM pg_collation WHERE oid = a.attcollation) END AS collation,
    pg_get_expr(d.adbin, d.adrelid) AS fallback, a.attstorage <> t.typstorage AS own_storage,
    col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`;
// NOT NULL is a constraint of its own since PostgreSQL 18; the columns tell it.
const CONSTRAINTS = `
  SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint
  WHERE conrelid = $1 AND contype <> 'n' ORDER BY conname COLLATE "C"`;
const INDEXES = `
  SELECT pg_get_indexdef(i.indexrelid) AS text, obj_description(i.indexrelid) AS comment
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
  ORDER BY c.relname COLLATE "C"`;
const TRIGGERS = `
  SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger
  WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname COLLATE "C"`;
const FUNCTIONS = `
  SELECT pg_get_functiondef(oid) AS text FROM pg_proc
  WHERE pronamespace = 'public'::regnamespace ORDER BY proname COLLATE "C"`;

interface Relation {
  oid: number;
  name: string;
  kind: "r" | "p" | "S";
  partition_key: string | null;
  comment: string | null;
  options: string[] | null;
}

interface Column {
  name: string;
  type: string;
  required: boolean;
  collation: string | null;
  fallback: string | null;
  own_storage: boolean;
  comment: string | null;
}

function columnLine(column: Column): string {
  const parts = [
    column.name,
    column.type,
    column.collation === null ? "" : `COLLATE "${column.collation}"`,
    column.required ? "NOT NULL" : "",
    column.fallback === null ? "" : `DEFAULT ${column.fallback}`,
    column.own_storage ? "STORAGE EXTERNAL" : "",
  ];
  const note = column.comment === null ? "" : `  -- ${column.comment}`;
  return `  ${parts.filter((part) => part !== "").join(" ")},${note}`;
}

async function describeTable(client: pg.Client, table: Relation): Promise<string> {
  const columns = await client.query<Column>(COLUMNS, [table.oid]);
  const constraints = await client.query<{ name: string; text: string }>(CONSTRAINTS, [table.oid]);
  const indexes = await client.query<{ text: string; comment: string | null }>(INDEXES, [
    table.oid,
  ]);
  const triggers = await client.query<{ text: string }>(TRIGGERS, [table.oid]);
  const lines = [
    ...(table.comment === null ? [] : [`-- ${table.comment}`]),
    `TABLE ${table.name} (`,
    ...columns.rows.map(columnLine),
    ...constraints.rows.map(({ name, text }) => `  CONSTRAINT ${name} ${text},`),
    `)${table.partition_key === null ? "" : ` PARTITION BY ${table.partition_key}`}`,
    ...(table.options ?? []).map((option) => `  WITH ${option}`),
    ...indexes.rows.map(
      ({ text, comment }) => `${text}${comment === null ? "" : `  -- ${comment}`}`,
    ),
    ...triggers.rows.map(({ text }) => text),
  ];
  return lines.join("\n");
}

export async function dumpSchema(connectionUrl: string): Promise<string> {
  const client = new pg.Client({
    connectionString: connectionUrl,
    application_name: "dump schema",
  });
  await client.connect();
  try {
    const relations = (await client.query<Relation>(RELATIONS)).rows;
    const parts = ["-- Made by `npm run schema` from the migrations; a test compares it."];
    for (const relation of relations) {
      if (relation.kind === "S") parts.push(`SEQUENCE ${relation.name}`);
      else parts.push(await describeTable(client, relation));
    }
    const functions = await client.query<{ text: string }>(FUNCTIONS);
    parts.push(...functions.rows.map(({ text }) => text.trim()));
    return `${parts.join("\n\n")}\n`;
  } finally {
    await client.end();
  }
}
