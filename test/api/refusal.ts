/** How the official client reports a refusal. */
import { ApiException } from "svix";

/** The refusal a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<ApiException<{ code?: string }>> {
  const outcome: unknown = await call.then(
    (value) => value,
    (error: unknown) => error,
  );
  if (outcome instanceof ApiException) return outcome as ApiException<{ code?: string }>;
  throw new Error(`Expected a refusal, got ${JSON.stringify(outcome)}`);
}
