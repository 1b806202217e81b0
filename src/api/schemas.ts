/** Schemas shared by the resources of the webhook API. A `title` makes one a named component. */
import { Type, type Static, type TSchema } from "typebox";

/** PostgreSQL cannot store NUL, and lone surrogates have no UTF-8. */
const TEXT = "^[^\\u0000-\\u0008\\ud800-\\udfff]*$";
const WORD = "^[a-zA-Z0-9\\-_.]+$";
const CHANNEL = "^[a-zA-Z0-9\\-_.:+]+$";
const TAG = "^[a-zA-Z0-9\\-_.:+/\\\\#]+$";
const WORD_LENGTH_MAX = 256;
const CHANNEL_LENGTH_MAX = 128;
export const METADATA_BYTES_MAX = 4096;
export const PAGE_LIMIT_MAX = 250;
export const PAGE_LIMIT_DEFAULT = 50;

/** The same schema, or null. Without its title: it is another component then. */
export function nullable<T extends TSchema>(
  schema: T,
): ReturnType<typeof Type.Unsafe<Static<T> | null>> {
  const { type, title: _title, ...rest } = schema as { type?: string; title?: string };
  if (type === undefined) throw new Error("Only schemas with a type can be made nullable.");
  return Type.Unsafe<Static<T> | null>({ ...rest, type: [type, "null"] });
}

export const text = Type.String({ pattern: TEXT });
export const name = Type.String({ pattern: TEXT, minLength: 1, description: "Shown to people." });
export const eventTypeName = Type.String({
  pattern: WORD,
  maxLength: WORD_LENGTH_MAX,
  examples: ["push.completed"],
});
export const dateTime = Type.String({ format: "date-time", description: "RFC 3339, UTC." });
export const metadata = Type.Unsafe<Record<string, string>>({
  type: "object",
  additionalProperties: { type: "string" },
  description: `Free strings; at most ${METADATA_BYTES_MAX} bytes as JSON.`,
});
export const throttleRate = Type.Integer({
  minimum: 1,
  maximum: 65_535,
  description: "Most deliveries per second.",
});
export const channels = Type.Array(
  Type.String({ pattern: CHANNEL, maxLength: CHANNEL_LENGTH_MAX }),
  {
    minItems: 1,
    maxItems: 10,
    uniqueItems: true,
    description: "Only messages on one of these channels; null: all, on whatever channel.",
  },
);
export const messageChannels = Type.Array(
  Type.String({ pattern: CHANNEL, maxLength: CHANNEL_LENGTH_MAX }),
  {
    maxItems: 5,
    uniqueItems: true,
    description: "Endpoints that chose channels get it only on one of theirs.",
  },
);
export const tags = Type.Array(Type.String({ pattern: TAG, maxLength: CHANNEL_LENGTH_MAX }), {
  maxItems: 50,
  uniqueItems: true,
  description: "Words to find it by later.",
});
export const channelFilter = Type.String({ pattern: CHANNEL, maxLength: CHANNEL_LENGTH_MAX });
export const tagFilter = Type.String({ pattern: TAG, maxLength: CHANNEL_LENGTH_MAX });

/** An id of the caller's own choosing; must not look like one of ours. */
export function uidOf(prefix: "app_" | "ep_" | "msg_"): ReturnType<typeof Type.String> {
  return Type.String({
    pattern: `^(?!${prefix})[a-zA-Z0-9\\-_.]+$`,
    maxLength: WORD_LENGTH_MAX,
    description: `The caller's own id; must not start with ${prefix}.`,
  });
}

/** Query parameters of every list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PAGE_LIMIT_MAX,
      default: PAGE_LIMIT_DEFAULT,
      description: "Most items of a page.",
    }),
  ),
  iterator: Type.Optional(
    Type.String({
      maxLength: WORD_LENGTH_MAX + 1,
      description: "`iterator` of the page before; `prevIterator` goes back.",
    }),
  ),
};
export const orderQuery = {
  order: Type.Optional(
    Type.Unsafe<"ascending" | "descending">({
      type: "string",
      enum: ["ascending", "descending"],
      description: "By time of creation, event types by name.",
    }),
  ),
};
export const timeQuery = {
  before: Type.Optional(dateTime),
  after: Type.Optional(dateTime),
};

/** A list of names to choose by; empty or null: all. */
export const eventTypesFilter = Type.Array(eventTypeName, { maxItems: 200, uniqueItems: true });

/** A page of `item`s. */
export function listOf(title: string, item: TSchema): TSchema {
  return Type.Object(
    {
      data: Type.Array(item),
      iterator: nullable(Type.String({ description: "Pass it on for the next page." })),
      prevIterator: nullable(Type.String({ description: "Pass it as `iterator` to go back." })),
      done: Type.Boolean({ description: "Nothing follows in this direction." }),
    },
    { title },
  );
}

export const HttpError = Type.Object(
  { code: Type.String(), detail: Type.String() },
  { title: "HttpErrorOut" },
);
export const ValidationError = Type.Object(
  {
    detail: Type.Array(
      Type.Object(
        { loc: Type.Array(Type.String()), msg: Type.String(), type: Type.String() },
        { title: "ValidationError" },
      ),
    ),
  },
  { title: "HTTPValidationError" },
);
export const Empty = Type.Object({}, { title: "EmptyResponse" });

/** Status → schema of an operation's answers; refusals are the same everywhere. */
export function answers(success: Record<number, TSchema>): Record<number | string, TSchema> {
  return { ...success, 422: ValidationError, "4xx": HttpError, "5xx": HttpError };
}

/** 204. */
export const Nothing = Type.Null({ description: "Done; no body." });
