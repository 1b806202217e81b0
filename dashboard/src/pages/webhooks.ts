/** Section: endpoints, log, issues, event types. */
import type { Section } from "../router/section.ts";

export const webhooksRoutes = [] as const;

export const webhooks: Section = { title: "Webhooks", items: [], opens: [] };
