/** How many issues are open: beside the link to them. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { useAppId } from "../router/place.ts";

const COUNTED_MAX = 99;
const ASK_MS = 15_000;

export function OpenIssues(): ReactNode {
  const appId = useAppId();
  const { data } = useQuery({
    queryKey: [...keys.issues(appId), "open"],
    queryFn: async ({ signal }) => {
      const query = { state: ["open" as const], limit: COUNTED_MAX };
      const path = { app_id: appId };
      const answer = await api.get("/api/v1/app/{app_id}/issue", { path, query, signal });
      return { count: answer.data.length, more: !answer.done };
    },
    refetchInterval: ASK_MS,
  });
  if (data === undefined || data.count === 0) return null;
  const { count, more } = data;
  return (
    <span className="ml-auto rounded-full bg-bad-soft px-1.5 text-2xs font-semibold text-bad tabular-nums">
      {count}
      {more && "+"}
      <span className="sr-only"> open</span>
    </span>
  );
}
