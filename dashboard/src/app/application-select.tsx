/** Which application is looked at; there only when there is a choice. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { usePlace } from "../router/place.ts";
import { Select } from "../ui/input.tsx";

const LIMIT = 250;

export function ApplicationSelect(): ReactNode {
  const { appId, session, environment } = usePlace();
  const navigate = useNavigate();
  const { data } = useQuery({
    queryKey: [...keys.apps(), "choice"],
    queryFn: ({ signal }) => api.get("/api/v1/app", { query: { limit: LIMIT }, signal }),
    staleTime: 60_000,
  });
  const apps = data?.data ?? [];
  if (apps.length < 2) return null;
  const standard = session.environments.find(({ mode }) => mode === environment);
  return (
    <Select
      aria-label="Application"
      value={apps.find(({ id, uid }) => id === appId || uid === appId)?.id ?? ""}
      onChange={({ target }) => {
        const app = target.value === standard?.defaultApplicationId ? undefined : target.value;
        void navigate({ to: "/", search: (kept) => ({ ...kept, app }) });
      }}
    >
      {apps.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Select>
  );
}
