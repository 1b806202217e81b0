import type { Outcomes } from "./receiver.mjs";

export function openOutcomes(connectionString: string): Promise<Outcomes>;
