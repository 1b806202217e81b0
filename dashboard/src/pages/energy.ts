/** Section: actions and devices. */
import type { Section } from "../router/section.ts";

export const energyRoutes = [] as const;

export const energy: Section = { title: "Energy", items: [], opens: [] };
