/** Access of portals on the wire (`svix-api.md` §8.7). */
import { Type, type Static } from "typebox";
import { ApplicationIn } from "../applications/schema.ts";
import { nullable, text } from "../schemas.ts";
import { CAPABILITIES, type Capability } from "../tokens/tokens.ts";

const EXPIRY_SECONDS_MIN = 3_600;
export const EXPIRY_SECONDS_MAX = 604_800;
const GRACE_SECONDS_MAX = 259_200;
const NAMES_MAX = 100;

const name = Type.String({ ...text, minLength: 1, maxLength: 128 });
const capability = Type.Unsafe<Capability>({ type: "string", enum: [...CAPABILITIES] });

export const PortalAccessIn = Type.Object(
  {
    application: Type.Optional(nullable(ApplicationIn)),
    capabilities: Type.Optional(
      nullable(
        Type.Array(capability, { uniqueItems: true, description: "Left out: all of them." }),
      ),
    ),
    expiry: Type.Optional(
      nullable(
        Type.Integer({
          minimum: EXPIRY_SECONDS_MIN,
          maximum: EXPIRY_SECONDS_MAX,
          description: `Seconds; ${EXPIRY_SECONDS_MAX} when left out.`,
        }),
      ),
    ),
    featureFlags: Type.Optional(
      nullable(
        Type.Array(name, {
          maxItems: NAMES_MAX,
          uniqueItems: true,
          description: "Event types with other feature flags are hidden.",
        }),
      ),
    ),
    readOnly: Type.Optional(nullable(Type.Boolean({ deprecated: true }))),
    sessionId: Type.Optional(
      nullable(Type.String({ ...name, description: "By which expire-all ends this access." })),
    ),
  },
  { title: "AppPortalAccessIn" },
);
export type PortalAccessIn = Static<typeof PortalAccessIn>;

export const PortalAccessOut = Type.Object(
  { url: Type.String({ description: "Opens the portal." }), token: Type.String() },
  { title: "AppPortalAccessOut" },
);
export const DashboardAccessOut = Type.Object(
  { url: Type.String(), token: Type.String() },
  { title: "DashboardAccessOut" },
);

export const ExpireAllIn = Type.Object(
  {
    expiry: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 0,
          maximum: GRACE_SECONDS_MAX,
          description: "Seconds until they end; 0, at once, when left out.",
        }),
      ),
    ),
    sessionIds: Type.Optional(
      nullable(
        Type.Array(name, { maxItems: NAMES_MAX, description: "Left out or empty: all of them." }),
      ),
    ),
  },
  { title: "ApplicationTokenExpireIn" },
);
export type ExpireAllIn = Static<typeof ExpireAllIn>;
