/** The sections in the order of the sidebar. */
import { energy } from "../pages/energy.ts";
import { overview } from "../pages/overview.ts";
import { settings } from "../pages/settings.ts";
import { webhooks } from "../pages/webhooks.ts";
import { isPortal } from "../api/caller.ts";
import type { NavItem, Section } from "../router/section.ts";

const ALL: readonly Section[] = [overview, webhooks, energy, settings];

const isShown = (item: NavItem): boolean => !isPortal || item.portal === true;

export const sections: readonly Section[] = ALL.map((section) => ({
  ...section,
  items: section.items.filter(isShown),
})).filter(({ items }) => items.length > 0);

export const navItems: readonly NavItem[] = sections.flatMap(({ items }) => items);
