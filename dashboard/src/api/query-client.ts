/** How answers are kept. Pages show what they have at once and ask again behind it. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./api-error.ts";

const FRESH_MS = 5_000;
const RETRIES_MAX = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) =>
          failures < RETRIES_MAX && error instanceof ApiError && error.isPassing,
      },
      mutations: { retry: false },
    },
  });
}
