/** What a key may do, in words. */
export const SCOPES = {
  full: ["Full access", "Reads, writes and sends, and sees signing secrets."],
  read: ["Read only", "Reads everything but secrets and keys; changes nothing."],
} as const;
