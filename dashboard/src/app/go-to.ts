/** Paths that come out of a registry, not out of the source: the router's types cannot know them. */
import { useNavigate } from "@tanstack/react-router";

type KnownPath = "/";

/** What links and navigation take for a path of `sections.ts`. */
export function knownPath(path: string): KnownPath {
  return path as KnownPath;
}

export function useGoTo(): (path: string) => void {
  const navigate = useNavigate();
  return (path) => void navigate({ to: knownPath(path) });
}
