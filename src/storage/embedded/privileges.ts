/**
 * PostgreSQL refuses to run as root. As root it runs either inside a user namespace (files stay
 * root's, works under a private home) or as the user `nobody` (works where namespaces are
 * forbidden, as in many containers). An existing data directory keeps the owner that it has.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

export type WayAsRoot = "user-namespace" | "as-nobody";

export type Way =
  | { kind: "as-is" }
  | { kind: "user-namespace" }
  | { kind: "as-user"; uid: number; gid: number };

/** What PostgreSQL's processes see. Nothing of ours: a PGPORT or PGDATA would change them. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

/** The unprivileged id inside the namespace; any but 0 will do. */
const INNER_ID = 1_000;
const NAMESPACE_ARGS = ["--user", `--map-user=${INNER_ID}`, `--map-group=${INNER_ID}`, "--"];
const OTHER_WAYS =
  "Start Amps as an ordinary user, or set DATABASE_URL to an existing PostgreSQL 15 or newer.";

function runs(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore", env: TOOL_ENVIRONMENT });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param cluster the database's files, existing or not
 * @param forced how to run new files as root, instead of what the system allows
 * @throws with what to do, where neither way is open
 */
export function chooseWay(cluster: string, forced?: WayAsRoot): Way {
  if (process.getuid?.() !== 0) return { kind: "as-is" };
  const owner = existsSync(cluster) ? statSync(cluster) : undefined;
  if (owner !== undefined && owner.uid !== 0) {
    return { kind: "as-user", uid: owner.uid, gid: owner.gid };
  }
  if (forced === "as-nobody" && owner === undefined) return findNobody();
  if (runs("unshare", [...NAMESPACE_ARGS, "true"])) return { kind: "user-namespace" };
  if (owner === undefined) return findNobody();
  throw new Error(
    `${cluster} belongs to root, PostgreSQL does not run as root, and this system allows no user ` +
      `namespaces (unshare --user). Give the folder away: chown -R nobody ${cluster}. ${OTHER_WAYS}`,
  );
}

function findNobody(): Way {
  const users = existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "";
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(
      "PostgreSQL does not run as root, this system allows no user namespaces (unshare --user), " +
        `and it has no user nobody. ${OTHER_WAYS}`,
    );
  }
  return { kind: "as-user", uid: Number(uid), gid: Number(gid) };
}

export interface Command {
  file: string;
  args: string[];
  uid?: number;
  gid?: number;
}

/** Whether a kill -9 of this process can take PostgreSQL down with it: Linux with setpriv. */
export function canDieWithParent(): boolean {
  return process.platform === "linux" && runs("setpriv", ["--pdeathsig", "QUIT", "true"]);
}

/**
 * How to run a command the given way. Both wrappers replace themselves, so the process id that
 * `spawn` returns is the command's own.
 */
export function wrap(way: Way, command: Command, dieWithParent: boolean): Command {
  const { file, args } = command;
  const inner = dieWithParent
    ? { file: "setpriv", args: ["--pdeathsig", "QUIT", "--", file, ...args] }
    : { file, args };
  if (way.kind === "as-user") return { ...inner, uid: way.uid, gid: way.gid };
  if (way.kind === "as-is") return inner;
  return { file: "unshare", args: [...NAMESPACE_ARGS, inner.file, ...inner.args] };
}

/** @throws naming the folder that keeps PostgreSQL's user from `target`, and what to do */
export function requireReachable(way: Way, target: string, remedy: string): void {
  if (way.kind !== "as-user") return;
  const { root } = path.parse(target);
  const parts = target.slice(root.length).split(path.sep);
  const folders = parts.map((_, index) => path.join(root, ...parts.slice(0, index + 1)));
  const barrier = folders.find((folder) => !mayEnter(way, folder));
  if (barrier === undefined) return;
  throw new Error(
    `PostgreSQL does not run as root, so it runs as user ${way.uid}, who may not enter ${barrier} ` +
      `on the way to ${target}. ${remedy} ${OTHER_WAYS}`,
  );
}

function mayEnter(way: { uid: number; gid: number }, folder: string): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === way.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === way.gid ? 0o010 : 0o001)) !== 0;
}
