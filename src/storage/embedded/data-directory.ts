/**
 * The folders and files of one data directory:
 *
 *   secrets/database-password   of the superuser; without it the database cannot be opened
 *   postgres/                   PostgreSQL's own files
 *   run/                        the unix socket, when the path is short enough for one
 *   postgres.log
 */
import { createHash, randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { access, chmod, chown, lstat, mkdir, readFile, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createOnce, makeFolder } from "../durable-files.ts";
import { chooseWay, requireReachable, type Way, type WayAsRoot } from "./privileges.ts";

export interface DataDirectory {
  /** Absolute, without symbolic links. */
  folder: string;
  cluster: string;
  /** Short enough for a unix socket, private, and free of characters that PostgreSQL would read. */
  socketFolder: string;
  log: string;
  password: string;
  way: Way;
}

/** `sun_path` holds 107 bytes and an end; the socket's own name is `/.s.PGSQL.5432.lock`. */
const SOCKET_FOLDER_BYTES_MAX = 107 - "/.s.PGSQL.5432.lock".length;
/** PostgreSQL reads its setting as a list with quotes and commas. */
const PLAIN_PATH = /^[\w./-]+$/;

/**
 * Makes what is missing. Safe when two processes do it at once.
 * @throws with what to do, when the directory cannot be made, written or reached
 */
export async function prepareDataDirectory(
  dataDir: string,
  wayAsRoot?: WayAsRoot,
): Promise<DataDirectory> {
  const folder = await makeDataFolder(path.resolve(dataDir));
  const cluster = path.join(folder, "postgres");
  const way = chooseWay(cluster, wayAsRoot);
  // PostgreSQL's user only has to pass through.
  if (way.kind === "as-user") await chmod(folder, 0o711);
  requireReachable(way, folder, "Choose another AMPS_DATA_DIR, such as /var/lib/amps.");
  const socketFolder = await makeSocketFolder(folder);
  await give(socketFolder, way);
  return {
    folder,
    cluster,
    socketFolder,
    log: path.join(folder, "postgres.log"),
    password: await ensurePassword(path.join(folder, "secrets", "database-password"), cluster),
    way,
  };
}

/** Hands a file to the user that PostgreSQL runs as. */
export async function give(file: string, way: Way): Promise<void> {
  if (way.kind === "as-user") await chown(file, way.uid, way.gid);
}

async function makeDataFolder(folder: string): Promise<string> {
  try {
    const made = await makeFolder(folder);
    if (made !== undefined) await chmod(folder, 0o700);
    await makeFolder(path.join(folder, "secrets"), 0o700);
    await access(folder, constants.W_OK);
    return await realpath(folder);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new Error(
      `The data directory ${folder} cannot be made or written${code}. ` +
        "Mend that, or choose another with AMPS_DATA_DIR.",
      { cause },
    );
  }
}

async function makeSocketFolder(folder: string): Promise<string> {
  const wanted = path.join(folder, "run");
  const fits = Buffer.byteLength(wanted) <= SOCKET_FOLDER_BYTES_MAX && PLAIN_PATH.test(wanted);
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  const chosen = fits ? wanted : path.join(tmpdir(), `amps-${key}`);
  await mkdir(chosen, { recursive: true, mode: 0o700 });
  if (!fits) await requireOurs(chosen, path.join(folder, "postgres"));
  return chosen;
}

/** The folder for temporary files is everybody's: somebody may have made this one for us. */
async function requireOurs(folder: string, cluster: string): Promise<void> {
  const { uid } = await lstat(folder);
  const owners = [process.getuid?.() ?? uid];
  if (existsSync(cluster)) owners.push((await lstat(cluster)).uid);
  if (!owners.includes(uid) || (await lstat(folder)).isSymbolicLink()) {
    throw new Error(
      `${folder}, the folder for the database's socket, belongs to somebody else. ` +
        "Remove it, or choose a shorter AMPS_DATA_DIR.",
    );
  }
  await chmod(folder, 0o700);
}

/** A lost password is a lost database. */
async function ensurePassword(file: string, cluster: string): Promise<string> {
  if (!existsSync(file)) {
    if (existsSync(cluster)) {
      throw new Error(
        `${file} is missing: the password of the database in ${cluster}. ` +
          "Restore the file, or move the whole data directory away to start afresh.",
      );
    }
    await createOnce(file, randomBytes(24).toString("base64url"));
  }
  return (await readFile(file, "utf8")).trim();
}
