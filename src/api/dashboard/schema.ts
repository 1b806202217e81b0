/** Logging in to the dashboard, on the wire. */
import { Type, type Static } from "typebox";
import { dateTime, text } from "../schemas.ts";

const SECRET_LENGTH_MAX = 1_024;

export const LoginIn = Type.Object(
  {
    password: Type.Optional(Type.String({ ...text, minLength: 1, maxLength: SECRET_LENGTH_MAX })),
    token: Type.Optional(
      Type.String({
        ...text,
        minLength: 1,
        maxLength: SECRET_LENGTH_MAX,
        description: "Of a login link. It can be used once.",
      }),
    ),
  },
  { title: "DashboardLoginIn" },
);
export type LoginIn = Static<typeof LoginIn>;

const csrfToken = Type.String({ description: "Sent as `amps-csrf-token` with every write." });

export const LoginOut = Type.Object({ csrfToken }, { title: "DashboardLoginOut" });

export const SessionOut = Type.Object(
  {
    csrfToken,
    environments: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          mode: Type.String({ description: "sandbox or live." }),
          defaultApplicationId: Type.String(),
        },
        { title: "DashboardEnvironmentOut" },
      ),
    ),
    expiresAt: dateTime,
    version: Type.String({ description: "Of the server." }),
  },
  { title: "DashboardSessionOut" },
);
