/** Section: API keys and system. */
import type { Section } from "../router/section.ts";

export const settingsRoutes = [] as const;

export const settings: Section = { title: "Settings", items: [], opens: [] };
