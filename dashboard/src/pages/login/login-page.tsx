/** Log-in by the link that the server printed (`#token=…`) or by the admin password. */
import { type ReactNode, useEffect, useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { ApiError, inWords } from "../../api/api-error.ts";
import { logIn, sessionQuery } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { Input } from "../../ui/input.tsx";
import { Mark } from "../../ui/mark.tsx";

const route = getRouteApi("/login");

/** The link's token; gone from the address at once, so that no history keeps it. */
function takeToken(): string | undefined {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined)
    history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

function inWordsOf(error: Error, byLink: boolean): string {
  if (error instanceof ApiError && error.status === 401) {
    return byLink
      ? "This link has been used or has expired. Restart the server for a new one, or use the password."
      : "That is not the password.";
  }
  return inWords(error).detail;
}

function useLogIn() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: logIn,
    onSuccess: () => {
      queries.removeQueries({ queryKey: sessionQuery.queryKey });
      void router.navigate({ to: "/", ...(next !== undefined && { href: next }) });
    },
  });
}

export function LoginPage(): ReactNode {
  const { mutate, isPending, error, variables } = useLogIn();
  const [password, setPassword] = useState("");
  useEffect(() => {
    document.title = "Log in · Amps";
    const openLink = (): void => {
      const token = takeToken();
      if (token !== undefined) mutate({ token });
    };
    openLink();
    // A link that is pasted over this page's address changes the fragment alone.
    window.addEventListener("hashchange", openLink);
    return () => window.removeEventListener("hashchange", openLink);
  }, [mutate]);
  const byLink = variables !== undefined && "token" in variables;
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center gap-6 p-6">
      <div className="flex items-center gap-3">
        <Mark className="size-9" />
        <h1 className="text-xl font-semibold tracking-tight">Log in to Amps</h1>
      </div>
      <form
        className="flex w-full max-w-sm flex-col gap-4 rounded-xl border border-line bg-surface p-5 shadow-card"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ password });
        }}
      >
        {/* For password managers, which keep a password by its user. */}
        <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
        <Field
          label="Admin password"
          error={error === null ? undefined : inWordsOf(error, byLink)}
          hint={
            <>
              Set with <code className="font-mono">AMPS_ADMIN_PASSWORD</code>. Or open the link that
              the server printed when it started.
            </>
          }
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              name="password"
              autoComplete="current-password"
              required
              autoFocus
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          )}
        </Field>
        <Button type="submit" tone="primary" busy={isPending}>
          Log in
        </Button>
      </form>
    </main>
  );
}
