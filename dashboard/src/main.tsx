import { StrictMode } from "react";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { isPortal } from "./api/caller.ts";
import { followPortalLinks } from "./api/portal-access.ts";
import { createQueryClient } from "./api/query-client.ts";
import { createAppRouter } from "./app/router.tsx";
import { listenForShortcuts } from "./lib/shortcuts.ts";
import { followSystemTheme } from "./lib/theme.ts";
import { Toaster } from "./ui/toaster.tsx";

const queries = createQueryClient();
const router = createAppRouter(queries);
const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no #root.");

followSystemTheme();
listenForShortcuts();
if (isPortal) followPortalLinks();
createRoot(root).render(
  <StrictMode>
    {/* The policy allows no style elements; what they would do is in our own styles. */}
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <Tooltip.Provider>
          <RouterProvider router={router} />
          <Toaster />
        </Tooltip.Provider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
