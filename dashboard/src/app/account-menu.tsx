import type { ReactNode } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, LogOut, Monitor, Moon, Settings2, Sun } from "lucide-react";
import { inWords } from "../api/api-error.ts";
import { logOut } from "../api/session.ts";
import { chooseTheme, THEME_CHOICES, themeChoice, type ThemeChoice } from "../lib/theme.ts";
import { toast } from "../lib/toasts.ts";
import { useStore } from "../lib/store.ts";
import { IconButton } from "../ui/button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../ui/menu.tsx";
import { openOverlay } from "./overlays.ts";

const THEMES: Record<ThemeChoice, { label: string; icon: ReactNode }> = {
  system: { label: "System theme", icon: <Monitor aria-hidden /> },
  light: { label: "Light theme", icon: <Sun aria-hidden /> },
  dark: { label: "Dark theme", icon: <Moon aria-hidden /> },
};

export function useLogOut(): () => void {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { mutate } = useMutation({
    mutationFn: logOut,
    onSuccess: async () => {
      queries.clear();
      await navigate({ to: "/login", search: {} });
    },
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
  });
  return () => mutate();
}

export function AccountMenu(): ReactNode {
  const chosen = useStore(themeChoice);
  const leave = useLogOut();
  return (
    <Menu
      trigger={
        <IconButton label="Appearance and account">
          <Settings2 aria-hidden />
        </IconButton>
      }
    >
      {THEME_CHOICES.map((choice) => (
        <MenuItem key={choice} icon={THEMES[choice].icon} onSelect={() => chooseTheme(choice)}>
          {THEMES[choice].label}
          {choice === chosen && <span className="ml-auto text-xs text-accent">on</span>}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem icon={<Keyboard aria-hidden />} onSelect={() => openOverlay("shortcuts")}>
        Keyboard shortcuts
      </MenuItem>
      <MenuItem icon={<LogOut aria-hidden />} onSelect={leave}>
        Log out
      </MenuItem>
    </Menu>
  );
}
