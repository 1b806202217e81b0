/** What of these pages is in their address. */

export interface EventTypesSearch {
  q?: string | undefined;
  /** Archived ones too. */
  archived?: true | undefined;
}

export function readEventTypesSearch(search: Record<string, unknown>): EventTypesSearch {
  const { q, archived } = search;
  return {
    ...(typeof q === "string" && { q }),
    ...(archived === true && { archived: true as const }),
  };
}
