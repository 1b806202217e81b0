/** API keys on the wire. */
import { Type, type Static } from "typebox";
import type { ListedKey } from "../../storage/api-keys/list-api-keys.ts";
import { dateTime, listOf, nullable, text } from "../schemas.ts";

const NAME_LENGTH_MAX = 128;

const scope = Type.Unsafe<"full" | "read">({
  type: "string",
  enum: ["full", "read"],
  description: "`read` may not write, nor see secrets.",
});

export const ApiKeyIn = Type.Object(
  {
    name: Type.String({
      ...text,
      minLength: 1,
      maxLength: NAME_LENGTH_MAX,
      description: "What it is for, as people will look for it.",
      examples: ["billing service"],
    }),
    scope: Type.Optional(scope),
  },
  { title: "ApiKeyIn" },
);
export type ApiKeyIn = Static<typeof ApiKeyIn>;

const fields = {
  id: Type.String({ examples: ["key_2ZpXfm1vKq"] }),
  name: Type.String(),
  hint: Type.String({ description: "Prefix and last four characters of the key." }),
  scope,
  preset: Type.Boolean({
    description: "Set by AMPS_SANDBOX_KEY or AMPS_LIVE_KEY, which bring it back at each start.",
  }),
  createdAt: dateTime,
  lastUsedAt: { ...nullable(dateTime), description: "To the minute; null: never." },
};

export const ApiKeyOut = Type.Object(fields, { title: "ApiKeyOut" });
export const ApiKeyCreatedOut = Type.Object(
  { ...fields, key: Type.String({ description: "Told this once; only its digest is kept." }) },
  { title: "ApiKeyCreatedOut" },
);
export const ApiKeyList = listOf("ListResponse_ApiKeyOut_", ApiKeyOut);

export function renderKey(key: ListedKey): Static<typeof ApiKeyOut> {
  const { keyId: id, name, hint, scope: may, preset, createdAt, lastUsedAt } = key;
  return {
    id,
    name,
    hint,
    scope: may,
    preset,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
  };
}
